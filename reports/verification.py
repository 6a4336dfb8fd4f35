"""Check a report that somebody hands over: signature, time stamps, findings, opinions, media.

Says of each what holds, what does not, and what is absent. What is absent is no error: a report
without a signature is only less than one with it.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pikepdf
from asn1crypto.x509 import Certificate
from cryptography import x509
from pydantic import ValidationError

from pipeline.errors import InputError
from reports.as_json import from_json
from reports.canonical_json import canonical_json
from reports.document import ReportDocument
from reports.json_signature import signer_of
from reports.pdf_signature import signer_of_pdf
from reports.pdf_stamps import stamps_of_pdf
from reports.reviewing import check_reviews
from reports.signing_keys import fingerprint, known_certificates
from reports.time_stamps import read_stamp

_CHUNK = 1 << 20
_ATTACHED = "report.json"


class Outcome(StrEnum):
    """What came of a check."""

    HOLDS = "holds"
    FAILS = "fails"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked."""

    name: str
    outcome: Outcome
    words: str


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
    """The time stamps beside a JSON, and whose are trusted."""

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
        stamps: beside the JSON; those of a PDF are inside it.
    """
    yield _check_signature(report, jws, keys)
    yield from _check_stamps(report, jws, stamps or StampFiles())
    yield _check_findings(report)
    yield from _check_reviews(report, keys)
    yield _check_media(report.document, media)


def _check_signature(report: OpenedReport, jws: bytes | None, keys: Path) -> Check:
    name = "signature"
    certificate: x509.Certificate | None
    if report.pdf is not None:
        signer = signer_of_pdf(report.pdf)
        if signer is None:
            return Check(name, Outcome.ABSENT, "the PDF carries no signature that can be read")
        certificate = signer.certificate if signer.holds else None
    elif jws is None:
        return Check(name, Outcome.ABSENT, "there is no .jws file beside the JSON")
    else:
        certificate = signer_of(report.json_bytes, jws)
    if certificate is None:
        return Check(name, Outcome.FAILS, "these are not the bytes that were signed")
    mark = fingerprint(certificate)
    who = certificate.subject.rfc4514_string()
    return Check(name, Outcome.HOLDS, f"{who}, {_trust(mark, keys)} (SHA-256 {mark})")


def _trust(mark: str, keys: Path) -> str:
    if mark in {fingerprint(each) for each in known_certificates(keys)}:
        return "a key of this installation"
    return "known only by its own key: compare the fingerprint"


def _check_stamps(report: OpenedReport, jws: bytes | None, stamps: StampFiles) -> Iterator[Check]:
    """Say of each time stamp what it shows: that what is below it existed at that time."""
    name = "time stamp"
    found = (
        list(stamps_of_pdf(report.pdf, stamps.roots))
        if report.pdf is not None
        else [
            None if jws is None else read_stamp(response, jws, stamps.roots)
            for response in stamps.responses.values()
        ]
    )
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


def _check_reviews(report: OpenedReport, keys: Path) -> Iterator[Check]:
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
        trust = _trust(fingerprint(checked.certificate), keys)
        yield Check(
            name,
            Outcome.HOLDS,
            f"version {review.version}: {review.opinion} by {review.examiner}, {trust} "
            f"(SHA-256 {review.key_sha256})",
        )


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
