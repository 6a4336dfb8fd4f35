"""Sign the files of a report in place: `verity sign`, and the key that `verity scan` signs with."""

from pathlib import Path

from pipeline.errors import ConfigError
from reports.json_signature import sign_json
from reports.pdf_signature import sign_pdf
from reports.signing_keys import SigningKey, create_key, current_key
from reports.verification import open_report


def signing_key(folder: Path, signer: str) -> SigningKey:
    """Return the key that signs now; the first use makes one.

    Raises:
        ConfigError: the folder cannot be written to, or the key that it names is gone.
    """
    try:
        return current_key(folder) or create_key(folder, signer)
    except OSError as error:
        raise ConfigError(
            f"No signing key can be made in {folder} ({error.strerror}): name another folder with "
            "VERITY_SIGNING_KEYS, or leave the reports unsigned with --no-sign or VERITY_SIGN=0."
        ) from error


def sign_report(path: Path, key: SigningKey) -> Path:
    """Sign a report; return the file with the signature: the PDF, or the `.jws` beside the JSON.

    Raises:
        InputError: it is no report (`report_unreadable`).
    """
    opened = open_report(path)
    if opened.pdf is not None:
        path.write_bytes(sign_pdf(opened.pdf, key))
        return path
    signature = path.with_name(f"{path.name}.jws")
    signature.write_bytes(sign_json(opened.json_bytes, key))
    return signature
