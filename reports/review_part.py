"""An examiner's opinion as a report shows it, beside the machine's finding and never in its place."""

from pydantic import AwareDatetime

from reports.canonical_json import Json, canonical_json
from reports.findings import Part
from reports.opinion import Opinion
from reports.page_rows import pairs
from reports.words import Words

MAX_TEXT = 20_000  # characters


class ReviewPart(Part):
    """An opinion, signed by the examiner's key over everything here but the signature."""

    version: int  # of the report that it makes
    opinion: Opinion
    text: str
    examiner: str
    at: AwareDatetime
    reviewed_sha256: str  # the JSON of the version before, as the examiner had it
    findings_sha256: str
    key_sha256: str  # fingerprint of the examiner's certificate
    jws: str  # detached (RFC 7515 appendix F), certificate in its header


def signed_bytes(review: ReviewPart) -> bytes:
    """Return what an opinion's signature is taken over: RFC 8785 of all but the signature."""
    return canonical_json(review.model_dump(mode="json", exclude={"jws"}))


def review_page(reviews: tuple[ReviewPart, ...], words: Words) -> list[Json]:
    """Return the opinions for the pages, newest first."""
    labels = words.labels
    return [
        {
            "opinion": words.opinions[review.opinion],
            "text": [line for line in review.text.splitlines() if line.strip()],
            "pairs": pairs(
                [
                    (labels["examiner"], review.examiner),
                    (labels["reviewed_at"], f"{review.at:%Y-%m-%d %H:%M:%S} UTC"),
                    (labels["review_version"], str(review.version)),
                    (labels["review_about"], review.reviewed_sha256),
                    (labels["review_key"], review.key_sha256),
                ]
            ),
        }
        for review in reversed(reviews)
    ]
