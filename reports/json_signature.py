"""A detached signature beside a report's JSON: `X.json.jws` (JWS, RFC 7515 appendix F, ES256).

The header carries the signer's certificate (x5c), so that nobody needs to ask us for a key. It says
that the bytes are those that the holder of the key signed, not who holds it.
"""

import base64
import hashlib
import json

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from reports.signing_keys import SigningKey

_ALGORITHM = "ES256"
_PART_BYTES = 3 << 16  # of three, so that base64 needs no padding before the end
_NUMBER_BYTES = 32  # of each of the two numbers of an ECDSA signature with P-256


class _Registry(jws.JWSRegistry):
    """Sizes of reports and certificates; the library's own are those of web tokens."""

    max_header_length = 16_384  # a certificate of an authority, in base64 of base64
    max_payload_length = 1 << 30  # the JSON of the longest item is some tens of megabytes


def sign_json(report: bytes, key: SigningKey) -> bytes:
    """Return the signature over the report's exact bytes, as compact JWS without its payload."""
    der = key.certificate.public_bytes(Encoding.DER)
    header = {"alg": _ALGORITHM, "x5c": [base64.b64encode(der).decode()]}
    protected = _encoded(json.dumps(header, separators=(",", ":")).encode())
    digest = hashlib.sha256(protected + b".")
    # the library would hold five copies of a ten-hour report in base64: 35 MB
    for first in range(0, len(report), _PART_BYTES):
        digest.update(_encoded(report[first : first + _PART_BYTES]))
    r, s = decode_dss_signature(key.private.sign_digest(digest.digest()))
    signature = _encoded(r.to_bytes(_NUMBER_BYTES) + s.to_bytes(_NUMBER_BYTES))  # RFC 7518, 3.4
    return protected + b".." + signature + b"\n"


def signer_of(report: bytes, token: bytes) -> x509.Certificate | None:
    """Return the certificate of who signed these bytes; None where the signature does not hold."""
    try:
        text = token.decode("ascii").strip()
        header = json.loads(_decoded(text.split(".")[0]))
        certificate = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
        public = ECKey.import_key(
            certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        jws.deserialize_compact(text, public, registry=_registry(), payload=report)
    except (JoseError, UnsupportedAlgorithm, ValueError, KeyError, IndexError, TypeError):
        return None
    return certificate


def _registry() -> _Registry:
    return _Registry(algorithms=[_ALGORITHM])


def _encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def _decoded(part: str) -> bytes:
    """Return the bytes of base64url without its padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
