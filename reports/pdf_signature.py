"""PAdES signatures of report PDFs (ETSI EN 319 142-1, baseline B-B) by pyHanko.

The signature is appended (incremental update), so the tagged PDF/A-3a stays as it is, byte for byte.
"""

import io
from dataclasses import dataclass

from cryptography import x509
from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from reports.signing_keys import SigningKey

FIELD = "VeritySignature"


@dataclass(frozen=True, slots=True)
class PdfSigner:
    """What a PDF's last signature says."""

    certificate: x509.Certificate
    holds: bool  # the signed bytes are unchanged, and nothing came after them


def sign_pdf(pdf: bytes, key: SigningKey) -> bytes:
    """Return the PDF with an invisible signature at its end.

    Raises:
        ValueError: the key cannot be read.
    """
    (certificate,) = load_certs_from_pemder_data(key.certificate_pem)
    signer = signers.SimpleSigner(
        signing_cert=certificate,
        signing_key=load_private_key_from_pemder_data(key.key_pem, None),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call] # typed in part
    )
    out = signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pdf)),
        signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
        ),
        signer=signer,
    )
    return bytes(out.getbuffer())


def signer_of_pdf(pdf: bytes) -> PdfSigner | None:
    """Return who signed last; None for an unsigned PDF."""
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        signatures = reader.embedded_signatures
        if not signatures:
            return None
        signature = signatures[-1]
        certificate = signature.signer_cert
        trusted = ValidationContext(
            trust_roots=[certificate], allow_fetching=False, revocation_mode="soft-fail"
        )
        status = validate_pdf_signature(signature, trusted)
        covers_all = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
        return PdfSigner(
            x509.load_der_x509_certificate(certificate.dump()),
            bool(status.intact and status.valid and covers_all),
        )
    except (PdfError, SignatureValidationError, SigningError, ValueError, KeyError):
        return None  # a PDF that cannot be read is told by who reads it, here it has no signer
