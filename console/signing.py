"""Sign the files of a report in place: `verity sign`, and the key that `verity scan` signs with."""

from pathlib import Path

from pydantic import SecretStr

from console.stamping import stamps_beside
from pipeline.errors import ConfigError, InputError
from reports.json_signature import sign_json
from reports.pdf_signature import sign_pdf, signer_of_pdf
from reports.signable import read_signable
from reports.signing_keys import SigningKey, create_key, current_key


def signing_key(folder: Path, signer: str, pin: SecretStr | None = None) -> SigningKey:
    """Return the key that signs now; the first use makes one.

    Args:
        folder: where keys lie.
        signer: who signs, where a key is made.
        pin: of the token, where the key lies in one.

    Raises:
        ConfigError: the folder cannot be written to, the key that it names is gone or revoked, or
            its token does not sign.
    """
    try:
        return current_key(folder, pin) or create_key(folder, signer)
    except OSError as error:
        raise ConfigError(
            f"No signing key can be made in {folder} ({error.strerror}): name another folder with "
            "VERITY_SIGNING_KEYS, or leave the reports unsigned with --no-sign or VERITY_SIGN=0."
        ) from error


def sign_report(path: Path, key: SigningKey) -> Path:
    """Sign a report; return the file with the signature: the PDF, or the `.jws` beside JSON or sheet.

    Raises:
        InputError: it is no report (`report_unreadable`), a PDF that is signed already, or
            stamped.
    """
    opened = read_signable(path)
    if opened.pdf is not None and signer_of_pdf(opened.pdf) is not None:
        raise InputError(
            f"{path.name} carries a signature already: verity verify says whose.", "input_invalid"
        )
    if stamps_beside(path):  # a new signature, or any byte more, would break them
        raise InputError(
            f"{path.name} has time stamps already: leave it as it is.", "input_invalid"
        )
    if opened.pdf is not None:
        path.write_bytes(sign_pdf(opened.pdf, key))
        return path
    signature = path.with_name(f"{path.name}.jws")
    signature.write_bytes(sign_json(opened.content, key))
    return signature
