"""Signatures that are put together from encoded parts, beside those that pyHanko builds."""

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign import signers

from reports.cms_signature import signed_digest
from reports.signing_keys import create_key

DIGEST = hashlib.sha256(b"a report").digest()


@dataclass(frozen=True, slots=True)
class SteadyKey:
    """A key that signs the same bytes in the same way each time; ECDSA does not."""

    def sign_digest(self, sha256: bytes) -> bytes:
        """Return something as long as a signature, another one for other bytes."""
        return hashlib.sha512(sha256).digest() + sha256[:7]


class PyHankoSigner(signers.Signer):
    """Leaves it to pyHanko to build the signature."""

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        """Sign with the same key."""
        return SteadyKey().sign_digest(hashlib.sha256(data).digest())


def certificate_of(folder: Path, name: str) -> x509.Certificate:
    der = create_key(folder, name).certificate.public_bytes(Encoding.DER)
    return x509.Certificate.load(der)


def built_by_pyhanko(certificate: x509.Certificate) -> bytes:
    signer = PyHankoSigner(signing_cert=certificate)
    return bytes(asyncio.run(signer.async_sign(DIGEST, "sha256", use_pades=True)).dump())


def test_a_signature_has_the_bytes_that_pyhanko_gives_it(tmp_path: Path) -> None:
    for name in ("Laboratory", "Büro für Stimmen " * 3):
        certificate = certificate_of(tmp_path, name)
        own = signed_digest(DIGEST, certificate.dump(), SteadyKey())
        assert own == built_by_pyhanko(certificate)
