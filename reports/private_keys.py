"""What a key that signs must be able to do, and one that lies in a file."""

from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_pem_private_key


class PrivateKey(Protocol):
    """The secret half of an ECDSA P-256 key, wherever it lies."""

    def sign_digest(self, sha256: bytes) -> bytes:
        """Return the signature over a SHA-256 digest of 32 bytes, in DER (RFC 3279, 2.2.3)."""


@dataclass(frozen=True, slots=True)
class PemKey:
    """A key in memory."""

    pem: bytes = field(repr=False)  # PKCS #8, not encrypted

    def sign_digest(self, sha256: bytes) -> bytes:
        """Return the signature over a digest."""
        private = load_pem_private_key(self.pem, password=None)
        assert isinstance(private, ec.EllipticCurvePrivateKey), "`signing_keys` keeps no other kind"
        return private.sign(sha256, ec.ECDSA(Prehashed(hashes.SHA256())))
