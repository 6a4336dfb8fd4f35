"""Walk sources item by item in this process: list, fetch, examine."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from console.cli_source_flags import WantedSources
from console.examiner import Examiner
from console.one_item import examine_item, failed_item
from console.terminal import errors
from jobs.settings import JobsSettings
from jobs.sources import list_items
from jobs.sources.access import SourceAccess
from jobs.spec import NewItem
from pipeline.errors import VerityError
from pipeline.vocabulary import MediaItem, MediaReport
from reports.document import ReportDocument
from workers.temp_folders import ProcessFolder


def scan_sources(
    settings: JobsSettings,
    examiner: Examiner,
    sources: list[str],
    temp_root: Path,
    wanted: WantedSources | None = None,
) -> Iterator[MediaReport]:
    """Yield a report for each item of each source; what cannot be listed or had has one too.

    Args:
        settings: how sources are reached.
        examiner: loaded models.
        sources: checked by `check_typed`.
        wanted: what of the sources, and as whom they are asked.
        temp_root: for the private folders that fetched files lie in while they are analysed.
    """
    with settings.open_guard() as guard, closing(ProcessFolder(temp_root)) as folders:
        wanted = wanted or WantedSources()
        access = settings.source_access(guard, allow_local=True)
        access = replace(access, sealer=wanted.sealer, sealed=wanted.sealed)
        for source in sources:
            try:
                for number, item in enumerate(list_items(source, access, wanted.options), start=1):
                    yield _examine(item, f"{number}", examiner, access, folders)
            except VerityError as error:
                yield failed_item(MediaItem("0", "scan", source, source), examiner, error, "list")


def summary_record(document: ReportDocument, files: Mapping[str, Path]) -> dict[str, object]:
    """Return what `scan --json` prints of one item."""
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


def _examine(
    new_item: NewItem,
    item_id: str,
    examiner: Examiner,
    access: SourceAccess,
    folders: ProcessFolder,
) -> MediaReport:
    item = MediaItem(item_id, "scan", new_item.source_uri, new_item.title)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        folders.item_folder() as folder,
        Progress(
            *columns, console=errors, transient=True, disable=not errors.is_terminal
        ) as progress,
    ):
        task = progress.add_task("fetch", total=None)
        return examine_item(
            item,
            new_item,
            examiner,
            access,
            folder,
            lambda stage, done, total: progress.update(
                task, description=stage, completed=done, total=total
            ),
        )
