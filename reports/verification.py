"""Check a report that somebody hands over: signature, time stamps, findings, opinions, media.

Says of each what holds, what does not, and what is absent. What is absent is no error: a report
without a signature is only less than one with it.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pikepdf
from asn1crypto.x509 import Certificate
from pydantic import ValidationError

from pipeline.errors import InputError
from reports.as_json import from_json
from reports.canonical_json import canonical_json
from reports.document import ReportDocument
from reports.pdf_stamps import stamps_of_pdf
from reports.reviewing import check_reviews
from reports.signer_checks import Check, KnownSigners, Outcome, SignedFile, check_signature
from reports.time_stamps import Stamp, read_stamp

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


@dataclass(frozen=True, slots=True)
class StampFiles:
    """The time stamps beside a report's file, and whose are trusted."""

    responses: Mapping[str, bytes] = field(default_factory=dict)  # by file name
    roots: Sequence[Certificate] = ()


def check_report(
    report: OpenedReport,
    jws: bytes | None,
    keys: Path,
    media: Path | None,
    stamps: StampFiles | None = None,
) -> Iterator[Check]:
    """Yield what holds and what does not.

    Args:
        report: opened before.
        jws: the detached signature beside the JSON; None where there is none.
        keys: the folder of this installation's keys: signers in it are known.
        media: the file that the report is about; None: not at hand.
        stamps: beside the file; a PDF may have others inside it.
    """
    signers = KnownSigners(keys)
    found = _read_stamps(report, jws, stamps or StampFiles())
    signed = SignedFile(report.json_bytes, jws, report.pdf)
    yield check_signature(signed, signers, found)
    yield from _check_stamps(found)
    yield _check_findings(report)
    yield from _check_reviews(report, signers, found)
    yield _check_media(report.document, media)


def _read_stamps(report: OpenedReport, jws: bytes | None, stamps: StampFiles) -> list[Stamp | None]:
    """Return what each time stamp says; None: it is over other bytes, or none at all."""
    stamped = jws if report.pdf is None else report.pdf
    beside = [
        None if stamped is None else read_stamp(response, stamped, stamps.roots)
        for response in stamps.responses.values()
    ]
    inside = [] if report.pdf is None else stamps_of_pdf(report.pdf, stamps.roots)
    return [*inside, *beside]


def _check_stamps(found: Sequence[Stamp | None]) -> Iterator[Check]:
    """Say of each time stamp what it shows: that what is below it existed at that time."""
    name = "time stamp"
    if not found:
        yield Check(name, Outcome.ABSENT, "there is none; verity stamp adds one")
    for stamp in found:
        if stamp is None or not stamp.holds:
            yield Check(name, Outcome.FAILS, "these are not the bytes that were stamped")
            continue
        trust = (
            "of a trusted authority"
            if stamp.is_trusted
            else "of an authority that is on no trust list here"
        )
        yield Check(
            name,
            Outcome.HOLDS,
            f"{stamp.at:%Y-%m-%d %H:%M:%S} UTC by {stamp.authority}, {trust} "
            f"(SHA-256 {stamp.certificate_sha256})",
        )


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
