"""`verity scan`: analyse files, folders and links at once, in this process."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from console.examiner import Examiner
from console.settings import ConsoleSettings
from console.terminal import console, errors, print_json, print_report
from jobs.sources import fetch, list_items
from jobs.sources.access import SourceAccess
from jobs.spec import NewItem
from pipeline import analyse
from pipeline.errors import SourceNotFoundError, VerityError
from pipeline.vocabulary import AnalysisOptions, Failure, MediaItem, MediaReport
from reports.document import ReportDocument

EXAMPLES = """
[bold]Examples[/]

  verity scan interview.mp3

  verity scan recordings/ --out reports/

  verity scan https://example.org/speech.mp3 --json

Exit status: 0 every item was analysed; 1 an item failed; 2 a source does not exist.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(scan)


def scan(
    context: typer.Context,
    sources: Annotated[
        list[str], typer.Argument(metavar="FILE|FOLDER|URL...", help="What to analyse.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Write JSON, PDF and CSV reports into this folder.")
    ] = None,
    model: Annotated[str, typer.Option(help="A shipped model's name, or an ONNX file.")] = "",
    hop: Annotated[
        float, typer.Option(min=0.25, max=1.0, help="Seconds between the starts of segments.")
    ] = 1.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for programs.")
    ] = False,
) -> None:
    """Analyse files, folders and links at once: no database, no fleet."""
    settings: ConsoleSettings = context.obj
    examiner = Examiner.load(model, AnalysisOptions(hop_s=hop))
    n_items = n_failed = 0
    for report in _reports(settings, examiner, sources):
        n_items += 1
        n_failed += report.failure is not None
        document = examiner.document(report)
        files = examiner.write(document, out) if out else {}
        if as_json:
            print_json(_summary(document, files))
        else:
            print_report(document)
            for path in files.values():
                console.print(f"  {path}", style="dim", markup=False, soft_wrap=True)
    if not n_items:
        raise SourceNotFoundError(f"There is nothing to analyse in {', '.join(sources)}.")
    if n_failed:
        errors.print(f"{n_failed} of {n_items} items failed.", style="red")
        raise typer.Exit(1)


def _reports(
    settings: ConsoleSettings, examiner: Examiner, sources: list[str]
) -> Iterator[MediaReport]:
    """Yield a report for each item of each source; an item that cannot be had has one too."""
    jobs = settings.jobs
    with jobs.open_guard() as guard:
        access = jobs.source_access(guard, allow_local=True)
        for source in sources:
            for number, item in enumerate(list_items(source, access), start=1):
                yield _examine(item, f"{number}", examiner, access)


def _examine(
    new_item: NewItem, item_id: str, examiner: Examiner, access: SourceAccess
) -> MediaReport:
    item = MediaItem(item_id, "scan", new_item.source_uri, new_item.title)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(prefix="verity-scan-") as folder,
        Progress(*columns, console=errors, transient=True) as progress,
    ):
        task = progress.add_task("fetch", total=None)
        try:
            fetched = fetch(
                new_item,
                Path(folder),
                access,
                lambda done, total: progress.update(task, completed=done, total=total),
            )
        except VerityError as error:
            failure = Failure(error.code, error.message, "fetch", error.retryable)
            models, options = examiner.models.uses, examiner.options
            return analyse.failed_report(item, None, None, failure, models, options)

        def show(step: analyse.Progress) -> None:
            progress.update(
                task, description=step.stage, completed=step.done_s, total=step.total_s or None
            )

        return examiner.examine(item, fetched.path, fetched.custody, show)


def _summary(document: ReportDocument, files: Mapping[str, Path]) -> dict[str, object]:
    verdict, failure = document.findings.verdict, document.failure
    media = document.findings.media
    return {
        "title": document.item.title,
        "source_uri": document.item.source_uri,
        "sha256": media.sha256 if media else None,
        "verdict": verdict.kind if verdict else "failed",
        "reason": failure.code if failure else verdict.reason if verdict else "",
        "message": failure.message if failure else document.summary.headline,
        "llr": verdict.llr if verdict else None,
        "voiced_s": verdict.voiced_s if verdict else 0.0,
        "spans": [span.model_dump() for span in verdict.spans] if verdict else [],
        "findings_sha256": document.findings_sha256,
        "files": {kind: str(path) for kind, path in files.items()},
    }
