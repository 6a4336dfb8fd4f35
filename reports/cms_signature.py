"""A detached CMS signature (RFC 5652) with the signed attributes of PAdES (ETSI EN 319 122-1), as DER.

pyHanko builds each from ASN.1 objects, in 9 ms of Python. Two values of ours change from signature to
signature, and the rest is encoded once for a certificate: the same bytes, in a tenth of a millisecond.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from asn1crypto import cms, x509
from asn1crypto.parser import emit
from pyhanko.sign.general import as_signing_certificate_v2

from reports.private_keys import PrivateKey

_SEQUENCE, _SET, _OCTETS = 16, 17, 4  # tags of ASN.1 (X.690, table 1)
_SHA256 = cms.DigestAlgorithm({"algorithm": "sha256"}).dump()
_ECDSA = cms.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}).dump()
_VERSION = cms.CMSVersion("v1").dump()
_NO_CONTENT = cms.ContentInfo({"content_type": "data"}).dump()  # it is the PDF around it
_CONTENT_TYPE = cms.CMSAttribute({"type": "content_type", "values": ["data"]}).dump()
_MESSAGE_DIGEST = cms.CMSAttributeType("message_digest").dump()
_SIGNED_DATA = cms.ContentType("signed_data").dump()


@dataclass(frozen=True, slots=True)
class _Named:
    """What names a certificate in its signatures."""

    issuer_and_number: bytes
    attribute: (
        bytes  # signing-certificate-v2 (RFC 5035): which certificate is meant, signed as well
    )


def signed_digest(digest: bytes, certificate: bytes, key: PrivateKey) -> bytes:
    """Return a signature over data with this SHA-256 digest.

    Args:
        digest: 32 bytes.
        certificate: of the key, as DER; it goes along.
        key: ECDSA P-256.

    Raises:
        ValueError: key or certificate cannot be read.
        SigningError: the token that the key lies in does not sign.
    """
    named = _named(certificate)
    attributes = _signed_attributes(digest, named)
    signature = key.sign_digest(hashlib.sha256(_set(attributes)).digest())
    signer = _sequence(
        _VERSION,
        named.issuer_and_number,
        _SHA256,
        _in_place(0, attributes),
        _ECDSA,
        _octets(signature),
    )
    signed = _sequence(
        _VERSION, _set(_SHA256), _NO_CONTENT, _in_place(0, certificate), _set(signer)
    )
    return _sequence(_SIGNED_DATA, _in_place(0, signed))


def _signed_attributes(digest: bytes, named: _Named) -> bytes:
    message_digest = _sequence(_MESSAGE_DIGEST, _set(_octets(digest)))
    # a set is written in the order of its parts' bytes (X.690, 11.6)
    return b"".join(sorted((_CONTENT_TYPE, message_digest, named.attribute)))


@lru_cache(maxsize=8)
def _named(certificate: bytes) -> _Named:
    read = x509.Certificate.load(certificate, strict=True)
    whose = {"issuer": read.issuer, "serial_number": read.serial_number}
    which = {"type": "signing_certificate_v2", "values": [as_signing_certificate_v2(read)]}
    return _Named(cms.IssuerAndSerialNumber(whose).dump(), cms.CMSAttribute(which).dump())


def _sequence(*parts: bytes) -> bytes:
    return bytes(emit(0, 1, _SEQUENCE, b"".join(parts)))


def _set(part: bytes) -> bytes:
    return bytes(emit(0, 1, _SET, part))


def _octets(value: bytes) -> bytes:
    return bytes(emit(0, 0, _OCTETS, value))


def _in_place(number: int, content: bytes) -> bytes:
    """Return content under a tag that its place gives it."""
    return bytes(emit(2, 1, number, content))
