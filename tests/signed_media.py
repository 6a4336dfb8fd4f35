"""Sound with a manifest (C2PA) of our own signing, as a camera or a speech synthesiser would write it."""

import importlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@dataclass(frozen=True, slots=True)
class Signer:
    """A signer whose certificate a root of our own has signed."""

    chain_pem: bytes
    key_pem: bytes
    root_pem: bytes


@cache
def make_signer(name: str = "Test Signer") -> Signer:
    """Return a signer with a certificate as the C2PA specification asks for it."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Root")])
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test Press"),
        ]
    )
    now = datetime.now(UTC)
    span = (now - timedelta(days=1), now + timedelta(days=30))
    root = (
        _certificate(root_name, root_name, root_key.public_key(), span)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _certificate(subject, root_name, key.public_key(), span)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
            critical=False,
        )
        .sign(root_key, hashes.SHA256())
    )
    return Signer(
        leaf.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        root.public_bytes(Encoding.PEM),
    )


def sign_media(
    sound: bytes,
    media_type: str = "audio/wav",
    source_type: str = "trainedAlgorithmicMedia",
    title: str = "speech",
) -> bytes:
    """Return the sound with a manifest that states how it came to be."""
    c2pa = importlib.import_module("c2pa")  # ships no types
    signer = make_signer()
    info = c2pa.C2paSignerInfo(
        alg=b"es256", sign_cert=signer.chain_pem, private_key=signer.key_pem, ta_url=None
    )
    action = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPES + source_type}
    manifest = {
        "claim_generator_info": [{"name": "Test Synthesiser", "version": "1"}],
        "title": title,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    out = io.BytesIO()
    with c2pa.Signer.from_info(info) as signs, c2pa.Builder(manifest) as builder:
        builder.sign(signs, media_type, io.BytesIO(sound), out)
    return out.getvalue()


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    span: tuple[datetime, datetime],
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
