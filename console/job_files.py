"""Write the report of a job, alone, beside its items' reports, or with them into one signed zip."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from console.queue_access import QueueAccess
from reports.as_job_json import to_job_json
from reports.as_job_pdf import to_job_pdf
from reports.canonical_json import Json
from reports.job_archive import Member, WrittenArchive, write_archive
from reports.job_facts import JobReport, gather
from reports.job_languages import job_words_of
from reports.job_sheets import write_items_csv, write_workbook
from reports.json_signature import sign_json
from reports.languages import words_of
from reports.paper import Paper
from reports.pdf_signature import sign_pdf
from reports.signing_keys import SigningKey
from storage.job_report_rows import report_snapshot
from storage.kept_objects import get_object


@dataclass(frozen=True, slots=True)
class JobReportOrder:
    """What is asked for."""

    job_id: int
    against: int | None = None  # the job to compare with; None: the one before
    language: str = "en"
    paper: Paper = Paper.A4
    key: SigningKey | None = None  # signs the PDF and the JSON


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that was written."""

    item_id: str  # "" for the job's own
    kind: str
    path: Path


def write_job_files(
    access: QueueAccess, order: JobReportOrder, folder: Path
) -> tuple[JobReport, list[WrittenFile]]:
    """Write PDF, JSON, XLSX and CSV of a job into a folder; return what they say and where they are.

    Raises:
        SourceNotFoundError: there is no such job, or none to compare with.
        ConfigError: the font of the language is not installed.
    """
    said, words = job_words_of(order.language), words_of(order.language)
    stem = folder / f"verity-{order.job_id}"
    paths = {kind: stem.with_suffix(f".{kind}") for kind in ("pdf", "json", "xlsx", "csv")}
    with report_snapshot(access.engine) as connection:
        report = gather(connection, order.job_id, datetime.now(UTC), order.against)
        write_workbook(connection, report, said, paths["xlsx"])
        write_items_csv(connection, order.job_id, paths["csv"])
    pdf, document = to_job_pdf(report, said, words, order.paper), to_job_json(report)
    if order.key is not None:
        pdf = sign_pdf(pdf, order.key)
        paths["json.jws"] = stem.with_suffix(".json.jws")
        paths["json.jws"].write_bytes(sign_json(document, order.key))
    paths["pdf"].write_bytes(pdf)
    paths["json"].write_bytes(document)
    return report, [WrittenFile("", f"job-{kind}", path) for kind, path in paths.items()]


def write_item_files(access: QueueAccess, job_id: int, folder: Path) -> Iterator[WrittenFile]:
    """Write the reports of a job's items into a folder, one by one."""
    for item in access.desk.list_items(str(job_id)):
        for file in item.files:
            path = folder / file.file_name  # a name of our own: verity-JOB-ITEM.pdf
            path.write_bytes(get_object(access.objects, file.key))
            yield WrittenFile(item.item_id, file.kind, path)


def write_job_archive(
    access: QueueAccess, order: JobReportOrder, path: Path, key: SigningKey, *, with_items: bool
) -> tuple[JobReport, WrittenArchive]:
    """Write a zip of the job's report and, where asked, of all items' reports, signed as a whole.

    Raises:
        SourceNotFoundError, ConfigError: see `write_job_files`.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".verity-") as temporary:
        report, files = write_job_files(access, order, Path(temporary))

        def members() -> Iterator[Member]:
            for file in files:
                yield Member(file.path.name, file.path)
            if with_items:
                for item in access.desk.list_items(str(order.job_id)):
                    for kept in item.files:
                        yield Member(kept.file_name, get_object(access.objects, kept.key))

        about: dict[str, Json] = {
            "job_id": order.job_id,
            "report_id": report.report_id,
            "issued_at": report.issued_at.isoformat(),
        }
        return report, write_archive(path, members(), about, key, report.issued_at)
