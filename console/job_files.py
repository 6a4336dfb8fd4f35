"""Write the report of a job, alone, beside its items' reports, or with them into one signed zip."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
from reports.rendering import RenderedFile
from reports.signing_keys import SigningKey
from reports.stamping import Stamper
from storage.job_report_rows import report_snapshot
from storage.kept_objects import get_object

_BESIDE = (".json", ".xlsx", ".csv")  # signed by files beside them


@dataclass(frozen=True, slots=True)
class JobReportOrder:
    """What is asked for."""

    job_id: int
    against: int | None = None  # the job to compare with; None: the one before
    language: str = "en"
    paper: Paper = Paper.A4
    key: SigningKey | None = None  # signs the PDF, and the JSON and the sheets by files beside them
    stamper: Stamper | None = None  # has what is signed stamped


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that was written."""

    item_id: str  # "" for the job's own
    kind: str
    path: Path


@dataclass(frozen=True, slots=True)
class WrittenJob:
    """The report of a job as it lies in a folder."""

    report: JobReport
    files: tuple[WrittenFile, ...]
    problems: tuple[str, ...]  # time stamps that are missing


def write_job_files(access: QueueAccess, order: JobReportOrder, folder: Path) -> WrittenJob:
    """Write PDF, JSON, XLSX and CSV of a job into a folder, with their signatures and time stamps.

    Raises:
        SourceNotFoundError: there is no such job, or none to compare with.
        ConfigError: the font of the language is not installed.
    """
    said, words = job_words_of(order.language), words_of(order.language)
    name = f"verity-{order.job_id}"
    with report_snapshot(access.engine) as connection:
        report = gather(connection, order.job_id, datetime.now(UTC), order.against)
        write_workbook(connection, report, said, folder / f"{name}.xlsx")
        write_items_csv(connection, order.job_id, folder / f"{name}.csv")
    document = to_job_json(report)
    (folder / f"{name}.json").write_bytes(document)
    pdf = to_job_pdf(report, said, words, order.paper)
    evidence, problems = _evidence(order, pdf, [folder / f"{name}{each}" for each in _BESIDE])
    for pattern in (f"{name}.*.jws", f"{name}.*.tsr"):  # of an earlier report in this folder
        for stale in folder.glob(pattern):
            stale.unlink()
    for file in evidence:
        (folder / f"{name}{file.ending}").write_bytes(file.content)
    endings = (*_BESIDE, *(file.ending for file in evidence))
    files = tuple(WrittenFile("", f"job-{each[1:]}", folder / f"{name}{each}") for each in endings)
    return WrittenJob(report, files, problems)


def _evidence(
    order: JobReportOrder, pdf: bytes, beside: list[Path]
) -> tuple[tuple[RenderedFile, ...], tuple[str, ...]]:
    """Return the PDF, signatures and time stamps, and which stamps are missing."""
    files = [RenderedFile("pdf", ".pdf", "application/pdf", pdf)]
    if order.key is not None:
        files = [replace(files[0], content=sign_pdf(pdf, order.key))]
        for path in beside:
            token = sign_json(path.read_bytes(), order.key)
            files.append(RenderedFile("jws", f"{path.suffix}.jws", "application/jose", token))
        if order.stamper is not None:
            return order.stamper.stamp_files(files)
    return tuple(files), ()


def write_item_files(access: QueueAccess, job_id: int, folder: Path) -> Iterator[WrittenFile]:
    """Write the reports of a job's items into a folder, one by one."""
    for item in access.desk.list_items(str(job_id)):
        for file in item.files:
            path = folder / file.file_name  # a name of our own: verity-JOB-ITEM.pdf
            path.write_bytes(get_object(access.objects, file.key))
            yield WrittenFile(item.item_id, file.kind, path)


def write_job_archive(
    access: QueueAccess, order: JobReportOrder, path: Path, key: SigningKey, *, with_items: bool
) -> tuple[WrittenJob, WrittenArchive]:
    """Write a zip of the job's report and, where asked, of all items' reports, signed as a whole.

    Raises:
        SourceNotFoundError, ConfigError: see `write_job_files`.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".verity-") as temporary:
        job = write_job_files(access, order, Path(temporary))

        def members() -> Iterator[Member]:
            for file in job.files:
                yield Member(file.path.name, file.path)
            if with_items:
                for item in access.desk.list_items(str(order.job_id)):
                    for kept in item.files:
                        yield Member(kept.file_name, get_object(access.objects, kept.key))

        about: dict[str, Json] = {
            "job_id": order.job_id,
            "report_id": job.report.report_id,
            "issued_at": job.report.issued_at.isoformat(),
        }
        stamp = None if order.stamper is None else order.stamper.stamp_bytes
        return job, write_archive(path, members(), about, key, job.report.issued_at, stamp)
