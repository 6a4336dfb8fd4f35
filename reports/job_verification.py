"""Check the report of a job that somebody hands over: who signed it, when, and that nothing was changed."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pikepdf

from reports.as_job_json import SCHEMA
from reports.signer_checks import Check, KnownSigners, Outcome, SignedFile, check_signature
from reports.stamp_checks import StampFiles, check_stamps, read_stamps

_ATTACHED = "job.json"


@dataclass(frozen=True, slots=True)
class OpenedJobReport:
    """A job's report as it was handed over, alone or inside its PDF."""

    json_bytes: bytes
    report_id: str
    n_items: int
    pdf: bytes | None  # None: the JSON itself was handed over


def open_job_report(path: Path) -> OpenedJobReport | None:
    """Return a job's report; None: the file is something else, or cannot be read."""
    try:
        content = path.read_bytes()
        pdf = content if content.startswith(b"%PDF-") else None
        if pdf is not None:
            with pikepdf.open(io.BytesIO(pdf)) as opened:
                content = bytes(opened.attachments[_ATTACHED].get_file().read_bytes())
        tree = json.loads(content)
        if tree["schema"] != SCHEMA:
            return None
        return OpenedJobReport(content, str(tree["report_id"]), int(tree["n_items"]), pdf)
    except (OSError, pikepdf.PdfError, ValueError, KeyError, TypeError, RecursionError):
        return None


def check_job_report(
    report: OpenedJobReport,
    jws: bytes | None,
    signers: KnownSigners,
    stamps: StampFiles | None = None,
) -> Iterator[Check]:
    """Yield what holds and what does not.

    Args:
        report: opened before.
        jws: the detached signature beside the JSON; None where there is none.
        signers: whose keys are known here, and whose are revoked.
        stamps: beside the file; a PDF may have others inside it.
    """
    said = "".join(mark if mark.isprintable() else "?" for mark in report.report_id[:100])
    yield Check("report", Outcome.HOLDS, f"{said}, about {report.n_items} items")
    signed = SignedFile(report.json_bytes, jws, report.pdf)
    yield from check_signed(signed, signers, stamps)


def check_signed(
    signed: SignedFile, signers: KnownSigners, stamps: StampFiles | None = None
) -> Iterator[Check]:
    """Yield whose signature a file carries, and what its time stamps show; also of a job's sheets."""
    found = read_stamps(signed, stamps or StampFiles())
    yield check_signature(signed, signers, found)
    yield from check_stamps(found)
