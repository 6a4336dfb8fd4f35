"""PAdES signatures of report PDFs (ETSI EN 319 142-1, baseline B-B) by pyHanko.

The signature is appended (incremental update), so the tagged PDF/A-3a stays as it is, byte for byte.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import EmbeddedPdfSignature, validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from reports.cms_form import MALFORMED, certificates_hold, in_our_form
from reports.cms_signature import signed_digest
from reports.private_keys import PrivateKey
from reports.signing_keys import SigningKey

FIELD = "VeritySignature"
_MARKS = (FIELD.encode(), b"/ETSI.CAdES.detached")  # one changed byte leaves one of them
_DIGEST = "sha256"
_OWN_BYTES = 2_048  # of a signature without its certificate: some 400 for ECDSA P-256


@dataclass(frozen=True, slots=True)
class PdfSigner:
    """What a PDF's last signature says."""

    certificate: x509.Certificate
    holds: bool  # the signed bytes are unchanged, and nothing came after them


def sign_pdf(pdf: bytes, key: SigningKey) -> bytes:
    """Return the PDF with an invisible signature at its end.

    Raises:
        ValueError: the key cannot be read.
        SigningError: the token that it lies in does not sign.
    """
    (certificate,) = load_certs_from_pemder_data(key.certificate_pem)
    out = signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pdf)),
        signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm=_DIGEST,
            subfilter=fields.SigSeedSubFilter.PADES,
        ),
        signer=_KeySigner(key.private, certificate),
        # else pyHanko signs twice, the first time for the size
        bytes_reserved=2 * (_OWN_BYTES + len(certificate.dump())),
    )
    return bytes(out.getbuffer())


class _KeySigner(signers.Signer):
    """Signs with a key wherever it lies: pyHanko gives the digest of the PDF around the signature."""

    def __init__(self, private: PrivateKey, certificate: asn1_x509.Certificate) -> None:
        super().__init__(signing_cert=certificate)
        self._private = private
        self._certificate = certificate.dump()

    async def async_sign(  # noqa: PLR0913 (pyHanko's own)
        self,
        data_digest: bytes,
        digest_algorithm: str,
        dry_run: bool = False,
        use_pades: bool = False,
        timestamper: TimeStamper | None = None,
        signed_attr_settings: PdfCMSSignedAttributes | None = None,
        is_pdf_sig: bool = True,
        encap_content_info: object = None,
    ) -> cms.ContentInfo:
        """Return the signature; called by pyHanko."""
        assert digest_algorithm == _DIGEST, "asked for by `sign_pdf`"
        assert use_pades, "asked for by `sign_pdf`"
        return cms.ContentInfo.load(signed_digest(data_digest, self._certificate, self._private))


def signer_of_pdf(pdf: bytes) -> PdfSigner | None:
    """Return who signed last; None for an unsigned PDF. Time stamps may come after a signature."""
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        signatures = reader.embedded_regular_signatures
        if not signatures:
            return None
        signature = signatures[-1]
        certificate = signature.signer_cert
        trusted = ValidationContext(
            trust_roots=[certificate], allow_fetching=False, revocation_mode="soft-fail"
        )
        status = validate_pdf_signature(signature, trusted)
        last = reader.embedded_signatures[-1]
        last.compute_integrity_info()
        covers_all = last.coverage == SignatureCoverageLevel.ENTIRE_FILE
        adds_stamps = status.modification_level in (
            ModificationLevel.NONE,
            ModificationLevel.LTA_UPDATES,
        )
        return PdfSigner(
            x509.load_der_x509_certificate(certificate.dump()),
            bool(status.intact and status.valid and covers_all and adds_stamps)
            and is_in_our_form(pdf, signature)
            and certificates_hold([certificate], [certificate]),
        )
    except (PdfError, *MALFORMED):
        return None  # a PDF that cannot be read is told by who reads it, here it has no signer


def was_signed(pdf: bytes) -> bool:
    """Tell whether a signature of ours stands in a PDF, be it one that nobody can read any more."""
    return any(mark in pdf for mark in _MARKS)


def is_in_our_form(pdf: bytes, signature: EmbeddedPdfSignature) -> bool:
    """Tell whether a signature stands in its PDF as it was written, padding included."""
    before, after = covered_parts(pdf, signature.byte_range)
    n_digits = int(signature.byte_range[2]) - len(before) - 2  # between < and >
    written = in_our_form(signature.signed_data).dump().hex().upper().ljust(n_digits, "0")
    place = len(before)
    return bool(after) and pdf[place : place + n_digits + 2] == f"<{written}>".encode()


def covered_parts(pdf: bytes, byte_range: Sequence[int]) -> tuple[bytes, bytes]:
    """Return what a signature covers: all before its own bytes, and what comes after them.

    Raises:
        ValueError: it does not begin at the file's start.
    """
    start, length, again, rest = (int(number) for number in byte_range)
    if start != 0:
        raise ValueError("a signature covers the file from its start")
    return pdf[:length], pdf[again : again + rest]
