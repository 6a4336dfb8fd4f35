"""An examiner's opinion makes a new version of a report; the version before stays as it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from pipeline.errors import InputError
from reports.custody_parts import signature_part, signer_of_key
from reports.document import ReportDocument
from reports.json_signature import sign_json, signer_of
from reports.opinion import Opinion
from reports.outside_text import MAX_CHARS, storable
from reports.review_part import MAX_TEXT, ReviewPart, signed_bytes
from reports.signing_keys import SigningKey, fingerprint

NOT_REVIEWABLE = "not_reviewable"


@dataclass(frozen=True, slots=True)
class NewOpinion:
    """What an examiner says."""

    opinion: Opinion
    text: str
    examiner: str  # "": as the key's certificate names its holder
    at: datetime  # with a time zone


@dataclass(frozen=True, slots=True)
class CheckedReview:
    """An opinion in a report, and whose key signed it; None: these are not the signed words."""

    review: ReviewPart
    certificate: x509.Certificate | None


def reviewed(
    document: ReportDocument, json_sha256: str, new: NewOpinion, key: SigningKey
) -> ReportDocument:
    """Return the next version of a report, with an opinion signed by the examiner's key.

    Args:
        document: the version that the examiner had.
        json_sha256: of its JSON, as handed over.
        new: the opinion.
        key: the examiner's.

    Raises:
        InputError: the opinion has no text, or a longer one than is taken (`not_reviewable`).
    """
    text = new.text.strip()
    if not text or len(text) > MAX_TEXT:
        raise InputError(
            f"An opinion needs its reasons, in at most {MAX_TEXT} characters: give --text.",
            NOT_REVIEWABLE,
        )
    signer = signer_of_key(key)
    at = new.at.astimezone(UTC)
    version = document.issue.version + 1
    unsigned = ReviewPart(
        version=version,
        opinion=new.opinion,
        text=_storable_whole(text),
        examiner=storable(new.examiner.strip()) or storable(signer.name),
        at=at,
        reviewed_sha256=json_sha256,
        findings_sha256=document.findings_sha256,
        key_sha256=signer.certificate_sha256,
        jws="",
    )
    token = sign_json(signed_bytes(unsigned), key).decode("ascii").strip()
    review = unsigned.model_copy(update={"jws": token})
    return document.model_copy(
        update={
            "issue": document.issue.model_copy(update={"version": version, "issued_at": at}),
            "review": "reviewed",
            "reviews": (*document.reviews, review),
            "signature": signature_part(signer),
        }
    )


def _storable_whole(text: str) -> str:
    """Return a text of any length storable: an opinion is never cut."""
    pieces = (text[start : start + MAX_CHARS] for start in range(0, len(text), MAX_CHARS))
    return "".join(map(storable, pieces))


def check_reviews(document: ReportDocument) -> Iterator[CheckedReview]:
    """Yield each opinion with the certificate that signed it, oldest first."""
    for number, review in enumerate(document.reviews, start=2):
        certificate = signer_of(signed_bytes(review), review.jws.encode())
        fits = (
            certificate is not None
            and review.version == number
            and review.findings_sha256 == document.findings_sha256
            and review.key_sha256 == fingerprint(certificate)
        )
        yield CheckedReview(review, certificate if fits else None)
