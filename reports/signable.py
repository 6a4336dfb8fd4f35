"""What is signed and stamped of a file that somebody names: an item's report, a job's, a job's sheet."""

from pathlib import Path

from pipeline.errors import InputError
from reports.job_verification import open_job_report
from reports.signer_checks import SignedFile
from reports.verification import open_report

SHEETS = frozenset({".xlsx", ".csv"})  # of jobs: signatures and stamps lie beside them


def read_signable(path: Path) -> SignedFile:
    """Return a report, or a job's sheet, with the signature beside it where there is one.

    Raises:
        InputError: it is neither, or cannot be read (`report_unreadable`).
    """
    jws = signature_beside(path)
    if path.suffix.lower() in SHEETS:
        try:
            return SignedFile(path.read_bytes(), jws, None)
        except OSError as error:
            raise InputError(
                f"{path.name} cannot be read ({error.strerror}): name a report or a job's sheet.",
                "report_unreadable",
            ) from error
    opened = open_job_report(path) or open_report(path)
    return SignedFile(opened.json_bytes, jws, opened.pdf)


def signature_beside(path: Path) -> bytes | None:
    """Return the signature that lies beside a file; None where there is none."""
    beside = path.with_name(f"{path.name}.jws")
    return beside.read_bytes() if beside.is_file() else None
