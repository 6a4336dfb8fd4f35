"""Check a report that somebody hands over: signature, time stamps, findings, opinions, media.

Says of each what holds, what does not, and what is absent. What is absent is no error: a report
without a signature is only less than one with it.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from pydantic import ValidationError

from pipeline.errors import InputError
from reports.as_json import from_json
from reports.canonical_json import canonical_json
from reports.document import ReportDocument
from reports.reviewing import check_reviews
from reports.signer_checks import Check, KnownSigners, Outcome, SignedFile, check_signature
from reports.stamp_checks import StampFiles, check_stamps, read_stamps
from reports.time_stamps import Stamp

_CHUNK = 1 << 20
_ATTACHED = "report.json"


@dataclass(frozen=True, slots=True)
class OpenedReport:
    """A report's JSON as it was handed over, alone or inside its PDF."""

    json_bytes: bytes
    document: ReportDocument
    pdf: bytes | None  # None: the JSON itself was handed over


def open_report(path: Path) -> OpenedReport:
    """Read a report's JSON, or the JSON that is attached to its PDF.

    Raises:
        InputError: the file is no report (`report_unreadable`).
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, f"it cannot be read ({error.strerror})") from error
    pdf = content if content.startswith(b"%PDF-") else None
    if pdf is not None:
        content = _attached_json(path, pdf)
    try:
        return OpenedReport(content, from_json(content), pdf)
    except ValidationError as error:
        raise _unreadable(path, "it is no report of a version that is known here") from error


def check_report(
    report: OpenedReport,
    jws: bytes | None,
    signers: KnownSigners,
    media: Path | None,
    stamps: StampFiles | None = None,
) -> Iterator[Check]:
    """Yield what holds and what does not.

    Args:
        report: opened before.
        jws: the detached signature beside the JSON; None where there is none.
        signers: whose keys are known here, and whose are revoked.
        media: the file that the report is about; None: not at hand.
        stamps: beside the file; a PDF may have others inside it.
    """
    announced = report.document.signature is not None
    signed = SignedFile(report.json_bytes, jws, report.pdf, announced)
    found = read_stamps(signed, stamps or StampFiles())
    yield check_signature(signed, signers, found)
    yield from check_stamps(found)
    yield _check_findings(report)
    yield from _check_reviews(report, signers, found)
    yield _check_media(report.document, media)


def _check_reviews(
    report: OpenedReport, signers: KnownSigners, stamps: Sequence[Stamp | None]
) -> Iterator[Check]:
    document = report.document
    name = "review"
    if (document.review == "reviewed") != bool(document.reviews) or (
        document.issue.version != len(document.reviews) + 1
    ):
        yield Check(name, Outcome.FAILS, "an opinion is missing, or was put in")
    for checked in check_reviews(document):
        review = checked.review
        if checked.certificate is None:
            yield Check(
                name,
                Outcome.FAILS,
                f"the opinion of version {review.version} is not what was signed",
            )
            continue
        who = f"version {review.version}: {review.opinion} by {review.examiner}"
        yield signers.check(name, checked.certificate, who, stamps)


def _check_findings(report: OpenedReport) -> Check:
    """Compare the checksum with the findings as they stand in the file, not as we read them."""
    name = "findings"
    tree = json.loads(report.json_bytes)
    found = hashlib.sha256(canonical_json(tree["findings"])).hexdigest()
    if found != report.document.findings_sha256:
        return Check(name, Outcome.FAILS, "the findings do not have the checksum that stands there")
    return Check(name, Outcome.HOLDS, f"their SHA-256 is {found}")


def _check_media(document: ReportDocument, media: Path | None) -> Check:
    name = "media"
    findings = document.findings.media
    if media is None:
        return Check(name, Outcome.ABSENT, "no file was named (--media)")
    if findings is None:
        return Check(name, Outcome.FAILS, "the report is about no file: its bytes were never had")
    try:
        found = _sha256(media)
    except OSError as error:
        raise InputError(
            f"{media.name} cannot be read ({error.strerror}): name the analysed file.",
            "input_invalid",
        ) from error
    if found != findings.sha256:
        return Check(
            name, Outcome.FAILS, f"other bytes: SHA-256 {found}, the report has {findings.sha256}"
        )
    return Check(name, Outcome.HOLDS, "the very bytes that the report is about")


def _attached_json(path: Path, pdf: bytes) -> bytes:
    try:
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            return bytes(opened.attachments[_ATTACHED].get_file().read_bytes())
    except (pikepdf.PdfError, KeyError) as error:
        raise _unreadable(path, f"the PDF carries no {_ATTACHED}") from error


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        f"{path.name} is not a report: {why}. Name a report's JSON or PDF.", "report_unreadable"
    )
