"""Runs the demo: media, an S3 server, a site, two jobs, a fleet, reports, and everything stopped.

1. make the media            (kept for the next time)
2. start S3 and the site     (real servers, free ports, keys of their own)
3. submit a prefix and a playlist
4. work until nothing is left, with live progress
5. print the table, fetch the reports
"""

import shutil
import signal
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.demo.local_s3 import LocalS3, serve_s3
from console.demo.local_site import FeedEntry, Site, serve_site
from console.demo.sample_media import Place, SampleItem, make_sample_media
from console.demo.settings import DemoSettings
from console.demo.verity_commands import ItemView, VerityCommands
from pipeline.errors import VerityError

BUCKET = "verity-demo"
PREFIX = "press"
BUCKET_JOB, PLAYLIST_JOB = "Demo: press archive", "Demo: playlist"
_MADE_TO_FAIL = {"broken.m4a"}


def run_demo(settings: DemoSettings, console: Console) -> int:
    """Run the demo and return its exit status: 0 where each item has its report.

    Raises:
        VerityError: something did not start, or a command failed.
    """
    began = time.monotonic()
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell starts background jobs deaf to SIGINT
        signal.signal(number, _interrupt)
    reports = settings.folder / "reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    console.print("[bold]1[/] Media: real speech, synthetic speech, music, silence, broken files …")
    media = make_sample_media(settings.folder / "media", settings.var_folder / "wheels")
    with ExitStack() as stack:
        s3, site = _start_servers(stack, settings, media)
        console.print(f"[bold]2[/] S3 at {s3.endpoint_url}, playlist at {site.playlist_url}")
        environ = {**settings.environ, **s3.environ(), "VERITY_FETCH_ALLOW": site.address}
        console.print(
            f"  [yellow]warning[/] VERITY_FETCH_ALLOW={site.address} opens this one local address"
        )
        commands = VerityCommands(settings.verity, environ)
        sources = {f"s3://{BUCKET}/{PREFIX}": BUCKET_JOB, site.playlist_url: PLAYLIST_JOB}
        commands.cancel_open(frozenset(sources.values()))
        jobs: dict[str, str] = {}
        for source, name in sources.items():
            jobs[commands.submit(source, name)] = source
            console.print(f"[bold]3[/] verity submit {source} --name {name!r}", highlight=False)
        console.print("[bold]4[/] verity work --until-idle")
        if status := commands.work():
            raise VerityError(f"The worker ended with status {status}; see above.", "demo_failed")
        items = [item for job_id in jobs for item in commands.items(job_id)]
        pdfs: dict[str, Path] = {}
        for job_id in jobs:
            pdfs |= commands.reports(job_id, reports)
    is_as_meant = _conclude(items, media, pdfs, console)
    console.print(
        f"[bold]{len(pdfs)} PDF reports are in {_shown(reports)}/[/], JSON and CSV beside them. "
        f"{time.monotonic() - began:.0f} s.",
        highlight=False,
        soft_wrap=True,
    )
    return 0 if is_as_meant else 1


def _start_servers(
    stack: ExitStack, settings: DemoSettings, media: tuple[SampleItem, ...]
) -> tuple[LocalS3, Site]:
    data = settings.folder / "s3"
    shutil.rmtree(data, ignore_errors=True)  # of a demo that was killed
    s3 = stack.enter_context(serve_s3(data, settings.folder / "s3.log"))
    in_bucket = [item for item in media if item.place is Place.BUCKET]
    s3.put_all(BUCKET, {f"{PREFIX}/{item.name}": item.path for item in in_bucket})
    entries = tuple(
        FeedEntry(item.name, item.title, item.path.read_bytes())
        for item in media
        if item.place is Place.PLAYLIST
    )
    return s3, stack.enter_context(serve_site("Voice Verity demo", entries))


def _conclude(
    items: list[ItemView],
    media: tuple[SampleItem, ...],
    pdfs: Mapping[str, Path],
    console: Console,
) -> bool:
    """Print the table; tell whether each item has its report and only the broken one failed."""
    console.print(_table(items, media, pdfs))
    counts = Counter(item.state for item in items)
    console.print(
        f"{counts['done']} done, {counts['failed']} failed (one is broken on purpose). "
        "LLR > 0 supports a person speaking, < 0 a synthetic voice.",
        highlight=False,
    )
    failed = {item.name for item in items if item.state == "failed"}
    has_reports = all(item.item_id in pdfs for item in items)
    if len(items) == len(media) and has_reports and failed == _MADE_TO_FAIL:
        return True
    console.print("[red]This is not what the demo should end with.[/]")
    return False


def _table(items: list[ItemView], media: tuple[SampleItem, ...], pdfs: Mapping[str, Path]) -> Table:
    made_of = {sample.name.rsplit("/", 1)[-1]: sample.made_of for sample in media}
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("item", "what it is", "verdict"):
        table.add_column(column, overflow="fold")
    for column in ("LLR", "voice s"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("report", no_wrap=True)
    for item in items:
        pdf = pdfs.get(item.item_id)
        table.add_row(
            Text(item.name),
            Text(made_of.get(item.name, "")),
            Text(_verdict_words(item)),
            "–" if item.llr is None else f"{item.llr:+.1f}",
            "–" if item.voiced_s is None else f"{item.voiced_s:.1f}",
            Text(pdf.name if pdf else "missing"),
        )
    return table


def _verdict_words(item: ItemView) -> str:
    if item.state != "done":
        return f"{item.state}: {item.error_code.replace('_', ' ')}"
    words = item.verdict.replace("_", " ")
    is_telling = item.verdict == "not_applicable"  # why a verdict is not firmer, the report says
    return f"{words}: {item.reason.replace('_', ' ')}" if is_telling else words


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    """Raise as Ctrl-C does, so that everything that was started is stopped."""
    raise KeyboardInterrupt
