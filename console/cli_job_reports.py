"""`verity reports`: the report of a job and those of its items, as files or as one signed zip."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli_jobs import AsJson, JobId, open_access
from console.output_folder import make_output_folder
from console.settings import ConsoleSettings
from console.terminal import console, errors, print_json
from pipeline.errors import SourceNotFoundError
from reports.paper import Paper

if TYPE_CHECKING:
    from console.queue_access import QueueAccess


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="[bold]Examples[/]\n\n  verity reports 17 --to reports/\n\n"
        "  verity reports 17 --zip --against 12\n\n"
        "  verity reports 17 --job-only --language de\n\n"
        "  verity reports 17 --to s3://bucket/reports/17\n\n"
        "Check a zip: verity verify verity-17.zip"
    )(reports)


def reports(
    context: typer.Context,
    job_id: JobId,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="The folder to write into, made if need be, or s3://bucket/prefix. Without it: "
            "verity-JOB here, or for a zip here.",
        ),
    ] = None,
    as_zip: Annotated[
        bool, typer.Option("--zip", help="All in one zip, with a signed list of its files.")
    ] = False,
    against: Annotated[
        str, typer.Option(metavar="JOB", help="The job to compare with; without it the one before.")
    ] = "",
    job_only: Annotated[
        bool, typer.Option("--job-only", help="The job's own report, without those of its items.")
    ] = False,
    language: Annotated[
        str, typer.Option(help="Of the job's report: en, de, es, fr, pt, ko, ja, ar.")
    ] = "en",
    paper: Annotated[Paper, typer.Option(help="Of the job's report.")] = Paper.A4,
    stamp: Annotated[
        bool | None,
        typer.Option("--stamp/--no-stamp", help="Have signed files stamped; see verity stamp."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a job's report (PDF, XLSX, CSV, JSON) and those of its items into a folder, or a zip."""
    from console.job_files import (
        JobReportOrder,
        write_item_files,
        write_job_archive,
        write_job_files,
    )
    from console.s3_output import output_place
    from console.signing import signing_key
    from console.stamping import wanted_stamper
    from reports.job_languages import job_words_of
    from reports.job_page import headline

    words = job_words_of(language)
    default = Path() if as_zip else Path(f"verity-{_number(job_id)}")
    if to is not None and not to.startswith("s3://"):
        make_output_folder(Path(to), "--to")
    settings: ConsoleSettings = context.obj
    storage = settings.storage
    key = None
    if storage.is_signing or as_zip:
        key = signing_key(storage.keys, storage.signer, storage.signing_pin)
    order = JobReportOrder(
        _number(job_id),
        _number(against) if against else None,
        language,
        paper,
        key,
        wanted_stamper(context, stamp) if key is not None else None,
    )
    with (
        open_access(context) as access,
        _known_job(access, job_id),  # before anything is written
        output_place(to, default, settings.jobs.s3) as place,
    ):
        folder = place.folder
        if as_zip:
            path = folder / f"verity-{order.job_id}.zip"
            assert key is not None, "a zip is signed"
            job, done = write_job_archive(access, order, path, key, with_items=not job_only)
            problems = (*job.problems, *done.problems)
            said = f"{done.n_members} files in {place.name(path)}"
            record: object = {
                "path": place.name(path),
                "n_members": done.n_members,
                "sums_sha256": done.sums_sha256,
                "stamps_missing": list(dict.fromkeys(problems)),
            }
        else:
            job = write_job_files(access, order, folder)
            files, problems = list(job.files), job.problems
            if not job_only:
                files += write_item_files(access, order.job_id, folder)
            n_items = len({file.item_id for file in files} - {""})
            said = f"{len(files)} files in {place.shown}: the job's and those of {n_items} items"
            record = [
                {"item_id": file.item_id, "kind": file.kind, "path": place.name(file.path)}
                for file in files
            ]
    if as_json:
        print_json(record)
    else:
        console.print(headline(job.report, words), markup=False, soft_wrap=True)
        console.print(said, markup=False, soft_wrap=True, style="dim")
    for problem in dict.fromkeys(problems):
        errors.print(f"No time stamp yet: {problem}", style="yellow", markup=False)


@contextmanager
def _known_job(access: "QueueAccess", job_id: str) -> Iterator[None]:
    access.desk.job_status(job_id)
    yield


def _number(job_id: str) -> int:
    """Return a job's number.

    Raises:
        SourceNotFoundError: it is none: there is no such job.
    """
    if not (job_id.isascii() and job_id.isdigit() and len(job_id) < 19):
        raise SourceNotFoundError(f"There is no job {job_id}.", "job_not_found")
    return int(job_id)
