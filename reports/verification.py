"""Check a report that somebody hands over: signature, checksum of the findings, media.

Says of each what holds, what does not, and what is absent. What is absent is no error: a report
without a signature is only less than one with it.
"""

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pikepdf
from cryptography import x509
from pydantic import ValidationError

from pipeline.errors import InputError
from reports.as_json import from_json
from reports.canonical_json import canonical_json
from reports.document import ReportDocument
from reports.json_signature import signer_of
from reports.pdf_signature import signer_of_pdf
from reports.signing_keys import fingerprint, known_certificates

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


def check_report(
    report: OpenedReport, jws: bytes | None, keys: Path, media: Path | None
) -> Iterator[Check]:
    """Yield what holds and what does not.

    Args:
        report: opened before.
        jws: the detached signature beside the JSON; None where there is none.
        keys: the folder of this installation's keys: signers in it are known.
        media: the file that the report is about; None: not at hand.
    """
    yield _check_signature(report, jws, keys)
    yield _check_findings(report)
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
    known = {fingerprint(each) for each in known_certificates(keys)}
    trust = (
        "a key of this installation"
        if mark in known
        else "known only by its own key: compare the fingerprint"
    )
    return Check(name, Outcome.HOLDS, f"{who}, {trust} (SHA-256 {mark})")


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
