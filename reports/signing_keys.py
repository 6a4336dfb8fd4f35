"""Keys that sign reports: made on first use, kept by fingerprint, so that rotating loses none.

A folder holds `<fingerprint>/certificate.pem` (X.509) and beside it `key.pem` (PKCS #8, readable by its
owner only) or `token.json`, which names the token that the key never leaves; `current` names the one
that signs. A certificate of our own says only that the same installation signed: who that is, is
known by its fingerprint.
"""

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from pipeline.errors import ConfigError, InputError, SigningError
from reports.key_revocation import revocations
from reports.private_keys import PemKey, PrivateKey
from reports.token_keys import HARDWARE_UNUSABLE, TokenKey

VALID_DAYS = 3_650  # of a certificate of our own; reports are read for years
_CURRENT = "current"
_KEY_FILE, _TOKEN_FILE, _CERTIFICATE_FILE = "key.pem", "token.json", "certificate.pem"
_FINGERPRINT_DIGITS = 32  # of a folder's name: 128 bits


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and the certificate of its public half; a fleet hands it to its writer."""

    private: PrivateKey
    certificate_pem: bytes

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate, parsed."""
        return x509.load_pem_x509_certificate(self.certificate_pem)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 over the certificate's DER, as hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def current_key(folder: Path, pin: SecretStr | None = None) -> SigningKey | None:
    """Return the key that signs now; None where there is none yet.

    Args:
        folder: where keys are kept.
        pin: of the token, where the key lies in one: it is asked for a signature at once.

    Raises:
        ConfigError: the key is not where it was, is revoked, or its token does not sign.
    """
    try:
        name = (folder / _CURRENT).read_text("ascii").strip()
    except FileNotFoundError:
        return None
    place = folder / name
    try:
        if len(name) != _FINGERPRINT_DIGITS:
            raise FileNotFoundError(place)
        certificate_pem = (place / _CERTIFICATE_FILE).read_bytes()
        private = _private_of(place, pin)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"The signing key that {folder / _CURRENT} names cannot be read: put it back, or make "
            "another one with verity keys create.",
            "signing_key_missing",
        ) from error
    key = SigningKey(private, certificate_pem)
    if fingerprint(key.certificate) in {one.fingerprint for one in revocations(folder)}:
        raise ConfigError(
            "The key that signs reports is revoked: make another one with verity keys rotate, or "
            "import one.",
            "signing_key_revoked",
        )
    if isinstance(private, TokenKey):
        _prove(key)
    return key


def current_fingerprint(folder: Path) -> str:
    """Return the fingerprint of the key that `current` names, revoked or not; "" where there is none."""
    try:
        name = (folder / _CURRENT).read_text("ascii").strip()
        certificate = x509.load_pem_x509_certificate(
            (folder / name / _CERTIFICATE_FILE).read_bytes()
        )
    except (OSError, ValueError):
        return ""
    return fingerprint(certificate)


def _private_of(place: Path, pin: SecretStr | None) -> PrivateKey:
    token = place / _TOKEN_FILE
    if not token.is_file():
        return PemKey((place / _KEY_FILE).read_bytes())
    written = json.loads(token.read_text("utf-8"))
    if pin is None:
        raise ConfigError(
            "The key that signs reports lies in a token: set VERITY_SIGNING_PIN.", HARDWARE_UNUSABLE
        )
    return TokenKey(str(written["module"]), str(written["token"]), str(written["key"]), pin)


def place_of(folder: Path, key: SigningKey) -> Path:
    """Return the folder in which a key and its certificate lie."""
    return folder / fingerprint(key.certificate)[:_FINGERPRINT_DIGITS]


def create_key(folder: Path, signer: str) -> SigningKey:
    """Make a key (ECDSA P-256) with a certificate of its own, and sign with it from now on.

    Args:
        folder: where keys are kept; made if it is not there.
        signer: who signs, as reports show it.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, signer[:64] or "Voice Verity")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks differ
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return _keep(folder, PemKey(pem), certificate)


def import_key(folder: Path, key_pem: bytes, certificate_pem: bytes) -> SigningKey:
    """Keep a site's own key, and sign with it from now on.

    Raises:
        InputError: one of them cannot be read, they do not belong together, or the key is not
            ECDSA P-256 (`signing_key_unusable`).
    """
    try:
        key = load_pem_private_key(key_pem, password=None)
        certificate = x509.load_pem_x509_certificate(certificate_pem)
    except (ValueError, TypeError) as error:
        raise _unusable("it cannot be read as PEM without a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise _unusable("it is not ECDSA P-256")
    if key.public_key() != certificate.public_key():
        raise _unusable("the certificate belongs to another key")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return _keep(folder, PemKey(pem), certificate)


def import_token_key(folder: Path, token: TokenKey, certificate_pem: bytes | None) -> SigningKey:
    """Sign with a key in hardware from now on; only its place is written down, never the PIN.

    Args:
        folder: where keys are kept.
        token: where the key lies.
        certificate_pem: of its public half; None: the one that lies beside it in the token.

    Raises:
        ConfigError: the token cannot be used (`signing_hardware_unusable`).
        InputError: it has no certificate, or the key is of another kind (`signing_key_unusable`).
    """
    in_token = token.certificate()  # in any case: the module is loaded, and the PIN tried
    try:
        given = None if certificate_pem is None else x509.load_pem_x509_certificate(certificate_pem)
    except ValueError as error:
        raise _unusable("its certificate cannot be read as PEM") from error
    certificate = given or in_token
    if certificate is None:
        raise _unusable("the token has no certificate beside it: give one")
    public = certificate.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
        raise _unusable("it is not ECDSA P-256")
    _prove(SigningKey(token, certificate.public_bytes(Encoding.PEM)))
    return _keep(folder, token, certificate)


def _prove(key: SigningKey) -> None:
    """Have a token sign something, and check that the certificate's public half agrees."""
    digest = secrets.token_bytes(32)
    public = key.certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey), "looked at before it was kept"
    try:
        public.verify(key.private.sign_digest(digest), digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    except SigningError as error:
        raise ConfigError(error.message, HARDWARE_UNUSABLE) from error
    except InvalidSignature as error:
        raise _unusable("the certificate belongs to another key") from error


def known_certificates(folder: Path) -> Iterator[x509.Certificate]:
    """Yield the certificates of all keys that ever signed here."""
    for path in sorted(folder.glob(f"*/{_CERTIFICATE_FILE}")):
        yield x509.load_pem_x509_certificate(path.read_bytes())


def _unusable(why: str) -> InputError:
    return InputError(
        f"This key cannot sign reports: {why}. Give an ECDSA P-256 key and its certificate.",
        "signing_key_unusable",
    )


def _key_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _keep(folder: Path, private: PemKey | TokenKey, certificate: x509.Certificate) -> SigningKey:
    name = fingerprint(certificate)[:_FINGERPRINT_DIGITS]
    place = folder / name
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    if isinstance(private, PemKey):
        handle = os.open(place / _KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(private.pem)
    else:
        where = {"module": private.module, "token": private.label, "key": private.key}
        (place / _TOKEN_FILE).write_text(json.dumps(where) + "\n", "utf-8")
    certificate_pem = certificate.public_bytes(Encoding.PEM)
    (place / _CERTIFICATE_FILE).write_bytes(certificate_pem)
    pointer = folder / f".{_CURRENT}.{os.getpid()}"
    pointer.write_text(name + "\n", "ascii")
    pointer.replace(folder / _CURRENT)  # at once: whoever reads it finds the old or the new one
    return SigningKey(private, certificate_pem)
