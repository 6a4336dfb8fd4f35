"""Document time stamps of report PDFs (PAdES baseline B-T, ETSI EN 319 142-1) by pyHanko.

Each is appended like a signature and covers everything before it, signatures too.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace

from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko.sign.validation import EmbeddedPdfSignature

from pipeline.errors import OutageError
from reports.cms_form import MALFORMED
from reports.pdf_signature import covered_parts, is_in_our_form
from reports.time_stamps import ALGORITHM, STAMP_FAILED, Authority, Stamp, read_token

_RESERVED_BYTES = 32_768  # hex digits for a token: certificates of a long chain


def stamp_pdf(pdf: bytes, authority: Authority) -> bytes:
    """Return the PDF with an authority's time stamp at its end.

    Raises:
        OutageError: the authority gave none (`stamp_failed`).
    """
    try:
        out = PdfTimeStamper(authority).timestamp_pdf(
            IncrementalPdfFileWriter(io.BytesIO(pdf)), ALGORITHM, bytes_reserved=_RESERVED_BYTES
        )
    except (TimestampRequestError, PdfError, *MALFORMED) as error:
        raise OutageError(
            f"The time stamp authority {authority.url} gave no usable time stamp.", STAMP_FAILED
        ) from error
    return bytes(out.getbuffer())


def stamps_of_pdf(pdf: bytes, roots: Sequence[asn1_x509.Certificate]) -> Iterator[Stamp | None]:
    """Yield what each time stamp of a PDF says, the first one first; None: it cannot be read."""
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        signatures = reader.embedded_timestamp_signatures
        signed = reader.embedded_regular_signatures
        signed_until = _end_of(signed[-1]) if signed else 0
    except (PdfError, *MALFORMED):
        return
    for signature in signatures:
        try:
            covered = b"".join(covered_parts(pdf, signature.byte_range))
            is_whole = is_in_our_form(pdf, signature)
            stamp = read_token(signature.signed_data, covered, roots, is_whole=is_whole)
            yield replace(stamp, is_over_signature=_end_of(signature) > signed_until)
        except (PdfError, *MALFORMED):
            yield None


def _end_of(signature: EmbeddedPdfSignature) -> int:
    """Return the offset up to which a signature covers its file."""
    *_, start, length = signature.byte_range
    return int(start) + int(length)
