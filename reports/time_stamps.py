"""RFC 3161 time stamps: proof that bytes existed at a time, given by somebody who saw only a hash.

pyHanko asks and checks. `rfc3161-client` was tried and left: it refuses certificates in another order
than DER's, which `openssl ts` sends, and with it authorities that run it.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import certifi
from asn1crypto import pem, tsp
from asn1crypto import x509 as asn1_x509
from asn1crypto.cms import SignedData
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import ValidationError

from pipeline.errors import ConfigError, OutageError
from reports.cms_form import MALFORMED, certificates_hold, response_in_our_form

STAMP_FAILED = "stamp_failed"
ALGORITHM = "sha256"
Post: TypeAlias = Callable[[str, bytes], bytes]  # (address, request) -> response


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a time stamp says, and whether it holds."""

    at: datetime
    authority: str
    certificate_sha256: str
    is_trusted: bool  # its certificate chains to a root of the trust list
    holds: bool  # over these very bytes, signed by that certificate
    is_over_signature: bool = True  # False: it was there before the report was signed

    @property
    def shows_signature(self) -> bool:
        """Whether it shows, by somebody trusted, that the report's signature existed then."""
        return self.holds and self.is_trusted and self.is_over_signature


class Authority(TimeStamper):
    """An authority at an address."""

    def __init__(self, url: str, post: Post) -> None:
        """Name it; nothing is sent yet.

        Args:
            url: where it answers.
            post: sends a request and returns the answer; raises OutageError.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self.url = url
        self._post = post
        self.last_response = b""

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Send a request; called by pyHanko."""
        self.last_response = self._post(self.url, req.dump())
        try:
            response = tsp.TimeStampResp.load(self.last_response, strict=True)
            if response["status"]["status"].native not in {"granted", "granted_with_mods"}:
                return response  # pyHanko says why it was refused
            self.last_response = response_in_our_form(response)
            return tsp.TimeStampResp.load(self.last_response)
        except MALFORMED as error:
            raise OutageError(
                f"The time stamp authority {self.url} sent no time stamp.", STAMP_FAILED
            ) from error

    def stamp(self, content: bytes) -> bytes:
        """Return the authority's response over these bytes, as `openssl ts` reads it.

        Raises:
            OutageError: it gave none, or one over something else (`stamp_failed`).
        """
        digest = hashlib.sha256(content).digest()
        try:
            asyncio.run(self.async_timestamp(digest, ALGORITHM))
        except (TimestampRequestError, *MALFORMED) as error:
            raise OutageError(
                f"The time stamp authority {self.url} gave no usable time stamp.", STAMP_FAILED
            ) from error
        found = read_stamp(self.last_response, content, ())
        if found is None or not found.holds:
            raise OutageError(
                f"The time stamp authority {self.url} stamped something else.", STAMP_FAILED
            )
        return self.last_response


def read_stamp(
    response: bytes, content: bytes, roots: Sequence[asn1_x509.Certificate]
) -> Stamp | None:
    """Return what a response says of these bytes; None where it is no time stamp at all."""
    try:
        parsed = tsp.TimeStampResp.load(response, strict=True)
        is_whole = response_in_our_form(parsed) == response
        return read_token(parsed["time_stamp_token"]["content"], content, roots, is_whole=is_whole)
    except MALFORMED:
        return None


def read_token(
    signed: SignedData,
    content: bytes,
    roots: Sequence[asn1_x509.Certificate],
    *,
    is_whole: bool,
) -> Stamp:
    """Return what a token says of these bytes.

    Args:
        signed: the token.
        content: what was stamped.
        roots: of authorities that are trusted.
        is_whole: its container stands in our form (`cms_form`); nothing else is looked at where not.

    Raises:
        Exceptions of `MALFORMED`: it is none.
    """
    certificate = extract_certificate_info(signed).signer_cert
    at: datetime = signed["encap_content_info"]["content"].parsed["gen_time"].native
    copies = [choice.chosen for choice in signed["certificates"]]
    is_whole = is_whole and certificates_hold(copies, roots)
    holds = _status(signed, content, [certificate], at) if is_whole else None
    is_held = bool(holds and holds.intact and holds.valid)
    trusted = _status(signed, content, list(roots), at) if is_held and roots else None
    return Stamp(
        at=at,
        authority=certificate.subject.human_friendly,
        certificate_sha256=certificate.sha256.hex(),
        is_trusted=bool(trusted and trusted.trusted and trusted.intact and trusted.valid),
        holds=is_held,
    )


def trusted_roots(path: Path | None) -> tuple[asn1_x509.Certificate, ...]:
    """Return the roots of authorities that are trusted.

    Args:
        path: certificates in PEM; None: those of Mozilla's list, as certifi carries it.

    Raises:
        ConfigError: the file cannot be read.
    """
    source = path or Path(certifi.where())
    try:
        return tuple(
            asn1_x509.Certificate.load(der)
            for _, _, der in pem.unarmor(source.read_bytes(), multiple=True)
        )
    except (OSError, ValueError) as error:
        raise ConfigError(f"VERITY_STAMP_TRUST: {source} holds no certificates in PEM.") from error


def _status(
    signed: SignedData, content: bytes, roots: list[asn1_x509.Certificate], at: datetime
) -> TimestampSignatureStatus | None:
    context = ValidationContext(
        trust_roots=roots, moment=at, allow_fetching=False, revocation_mode="soft-fail"
    )
    try:
        kwargs = asyncio.run(
            validate_tst_signed_data(
                signed, context, lambda algorithm: hashlib.new(algorithm, content).digest()
            )
        )
    except (ValidationError, *MALFORMED):
        return None
    return TimestampSignatureStatus(**kwargs)
