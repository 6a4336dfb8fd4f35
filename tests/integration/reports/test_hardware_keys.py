"""Keys that never leave their hardware sign as keys in files do; SoftHSM stands for the hardware."""

import pickle
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import SecretStr

from pipeline.errors import ConfigError, InputError, SigningError
from reports.as_pdf import to_pdf
from reports.document import to_document
from reports.json_signature import sign_json, signer_of
from reports.pdf_signature import sign_pdf, signer_of_pdf
from reports.private_keys import PemKey
from reports.signing_keys import (
    SigningKey,
    create_key,
    current_key,
    import_token_key,
    known_certificates,
)
from reports.token_keys import TokenKey
from tests.unit.reports.report_maker import CARD, CONTEXT, spliced_report

pkcs11 = pytest.importorskip("pkcs11", reason="needs python-pkcs11 (the extra pkcs11)")
MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
)
MODULE = next((name for name in MODULES if Path(name).exists()), "")
PIN = SecretStr("4711-0815")
pytestmark = pytest.mark.skipif(not MODULE, reason="needs SoftHSM (apt-get install softhsm2)")


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenKey]:
    """A token with one ECDSA P-256 key, `reports`, id 01, and its certificate."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\n")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        yield filled(TokenKey(MODULE, "laboratory", "reports", PIN), folder)


def filled(token: TokenKey, folder: Path) -> TokenKey:
    """Return the token once it holds a key and a certificate."""
    key = create_key(folder / "made", "Laboratory, in hardware")
    assert isinstance(key.private, PemKey)
    (folder / "key.pem").write_bytes(key.private.pem)
    pin = token.pin.get_secret_value()
    init = ["--init-token", "--free", "--so-pin", "123456", "--label", token.label, "--pin", pin]
    subprocess.run(["softhsm2-util", *init], check=True, capture_output=True)
    place = ["--token", token.label, "--pin", pin, "--label", token.key, "--id", "01"]
    imported = ["softhsm2-util", "--import", str(folder / "key.pem"), *place]
    subprocess.run(imported, check=True, capture_output=True)
    library = pkcs11.lib(token.module)
    library.reinitialize()
    with library.get_token(token_label=token.label).open(user_pin=pin, rw=True) as session:
        attribute = pkcs11.Attribute
        session.create_object(
            {
                attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                attribute.TOKEN: True,
                attribute.LABEL: token.key,
                attribute.ID: b"\1",
                attribute.SUBJECT: key.certificate.subject.public_bytes(),
                attribute.VALUE: key.certificate.public_bytes(Encoding.DER),
            }
        )
    return token


def test_a_key_in_hardware_signs_json_and_pdf(token: TokenKey, tmp_path: Path) -> None:
    kept = import_token_key(tmp_path, token, None)
    key = current_key(tmp_path, PIN)
    assert key == kept
    report = b'{"report": 1}'
    signer = signer_of(report, sign_json(report, kept))
    assert signer == kept.certificate
    pdf = to_pdf(to_document(spliced_report(), CARD, CONTEXT))
    signed = signer_of_pdf(sign_pdf(pdf, kept))
    assert signed is not None
    assert (signed.holds, signed.certificate) == (True, kept.certificate)


def test_no_secret_of_the_token_is_written_down(token: TokenKey, tmp_path: Path) -> None:
    kept = import_token_key(tmp_path, token, None)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"PRIVATE KEY" not in written
    assert PIN.get_secret_value().encode() not in written
    assert PIN.get_secret_value() not in repr(kept)


def test_the_key_goes_to_another_process_and_signs_there(token: TokenKey, tmp_path: Path) -> None:
    kept: SigningKey = pickle.loads(pickle.dumps(import_token_key(tmp_path, token, None)))  # noqa: S301 (our own)
    report = b"{}"
    assert signer_of(report, sign_json(report, kept)) == kept.certificate


def test_threads_share_the_token(token: TokenKey, tmp_path: Path) -> None:
    kept = import_token_key(tmp_path, token, None)
    reports = [b"%d" % number for number in range(8)]
    with ThreadPoolExecutor(4) as threads:
        signatures = list(threads.map(lambda report: sign_json(report, kept), reports))
    assert all(map(signer_of, reports, signatures))


def test_a_key_is_found_by_its_id_as_well(token: TokenKey, tmp_path: Path) -> None:
    by_id = import_token_key(tmp_path, replace(token, key="01"), None)
    assert by_id.certificate == import_token_key(tmp_path, token, None).certificate


def test_a_wrong_pin_or_none_is_told_before_anything_is_signed(
    token: TokenKey, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="VERITY_SIGNING_PIN"):
        import_token_key(tmp_path, replace(token, pin=SecretStr("0000")), None)
    import_token_key(tmp_path, token, None)
    with pytest.raises(ConfigError, match="set VERITY_SIGNING_PIN"):
        current_key(tmp_path)
    with pytest.raises(ConfigError, match="does not sign"):
        current_key(tmp_path, SecretStr("0000"))


def test_a_module_that_is_none_is_told(token: TokenKey, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be loaded"):
        import_token_key(tmp_path, replace(token, module=str(tmp_path / "none.so")), None)


def test_a_certificate_of_another_key_is_refused(token: TokenKey, tmp_path: Path) -> None:
    other = create_key(tmp_path / "other", "Other")
    with pytest.raises(InputError, match="another key"):
        import_token_key(tmp_path / "keys", token, other.certificate_pem)
    assert list(known_certificates(tmp_path / "keys")) == []


def test_a_token_that_went_away_is_an_outage(token: TokenKey) -> None:
    gone = replace(token, label="unplugged")
    with pytest.raises(SigningError, match="does not sign"):
        gone.sign_digest(bytes(32))
