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
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.live import Live
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
_POLL_S = 3.0  # each look starts a `verity show`; more often would take CPU from the work
_MADE_TO_FAIL = {"broken.m4a"}

Items = dict[str, tuple[ItemView, ...]]  # job id -> its items


def run_demo(settings: DemoSettings, console: Console) -> int:
    """Run the demo and return its exit status: 0 where each item has its report.

    Raises:
        VerityError: something did not start, or a command failed.
    """
    began = time.monotonic()
    signal.signal(signal.SIGTERM, _interrupt)
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
        sources = {f"s3://{BUCKET}/{PREFIX}": "Press photos' sound", site.playlist_url: "Podcast"}
        jobs = {}
        for source, name in sources.items():
            jobs[commands.submit(source, name)] = source
            console.print(f"[bold]3[/] verity submit {source} --name {name!r}", highlight=False)
        console.print("[bold]4[/] verity work --until-idle")
        items = _work(commands, tuple(jobs), settings.folder / "work.log", console)
        for job_id in jobs:
            commands.reports(job_id, reports / job_id)
    return _conclude(items, media, reports, console, time.monotonic() - began)


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


def _work(commands: VerityCommands, jobs: tuple[str, ...], log: Path, console: Console) -> Items:
    """Run a worker to its end while the terminal shows how far the items are."""

    def look() -> Items:
        return {job_id: commands.items(job_id) for job_id in jobs}

    with commands.worker(log) as worker:
        if console.is_terminal:
            with Live(console=console, transient=True) as live:
                _follow(look, worker.poll, lambda items: live.update(_progress(items)))
        else:
            _follow(look, worker.poll, _line_printer(console))
        if worker.returncode not in {0, 1}:  # 1: an item failed, as one of ours must
            words = log.read_text(errors="replace").strip().splitlines()[-15:]
            raise VerityError("\n".join(["The worker failed:", *words]), "demo_failed")
    return look()


def _follow(
    look: Callable[[], Items], poll: Callable[[], int | None], show: Callable[[Items], None]
) -> None:
    while poll() is None:
        show(look())
        deadline = time.monotonic() + _POLL_S
        while poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)


def _line_printer(console: Console) -> Callable[[Items], None]:
    """Return what prints one line for each item that has ended, for logs."""
    told: set[str] = set()

    def tell(items: Items) -> None:
        for item in _flat(items):
            if item.is_over and item.item_id not in told:
                told.add(item.item_id)
                console.print(f"  {item.state:9} {item.name}", highlight=False, markup=False)

    return tell


def _progress(items: Items) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    flat = _flat(items)
    n_over = sum(item.is_over for item in flat)
    table.add_row(Text(f"  {n_over} of {len(flat)} items", style="bold"))
    for item in flat:
        words = item.verdict or item.error_code if item.is_over else item.stage
        style = "green" if item.is_over else "cyan" if item.stage else "dim"
        table.add_row(Text(f"  {item.name}"), Text(item.state, style=style), Text(words))
    return table


def _conclude(
    items: Items,
    media: tuple[SampleItem, ...],
    reports: Path,
    console: Console,
    duration_s: float,
) -> int:
    known = {item.name.rsplit("/", 1)[-1]: item for item in media}
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("item", "what it is", "verdict"):
        table.add_column(column)
    for column in ("LLR", "voice, s"):
        table.add_column(column, justify="right")
    table.add_column("report")
    n_missing = 0
    for job_id, rows in items.items():
        for row in rows:
            report = _pdf_of(row, reports / job_id)
            n_missing += report is None
            made_of = known[row.name].made_of if row.name in known else ""
            table.add_row(
                Text(row.name),
                Text(made_of),
                Text(_verdict_words(row)),
                "–" if row.llr is None else f"{row.llr:+.1f}",
                "–" if row.voiced_s is None else f"{row.voiced_s:.1f}",
                Text(report.name if report else "missing"),
            )
    console.print(table)
    flat = _flat(items)
    counts = Counter(item.state for item in flat)
    console.print(
        f"\n{counts['done']} done, {counts['failed']} failed (one is broken on purpose),"
        f" {len(flat) - n_missing} PDF reports in {_shown(reports)}, {duration_s:.0f} s",
        highlight=False,
    )
    console.print("LLR > 0 supports a person speaking, LLR < 0 a synthetic voice.", style="dim")
    failed = {item.name for item in flat if item.state == "failed"}
    is_as_meant = len(flat) == len(media) and failed == _MADE_TO_FAIL and not n_missing
    return 0 if is_as_meant else 1


def _pdf_of(item: ItemView, folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob(f"{item.item_id}-*.pdf"))), None)


def _verdict_words(item: ItemView) -> str:
    if item.state != "done":
        return f"{item.state}: {item.error_code}"
    words = item.verdict.replace("_", " ")
    return f"{words} ({item.reason.replace('_', ' ')})" if item.reason else words


def _flat(items: Items) -> list[ItemView]:
    return [item for rows in items.values() for item in rows]


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    """Treat SIGTERM as Ctrl-C, so that everything that was started is stopped."""
    raise KeyboardInterrupt
