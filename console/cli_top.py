"""`verity top`: what the fleet has before it and in its hands, live."""

import dataclasses
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from console.terminal import console, number, print_json, table, visible
from jobs.fleet_view import FleetView, look_at_fleet
from jobs.spec import ItemKind, Job, Priority

MAX_ROWS = 20  # of each table
MAX_TITLE_WIDTH = 40

EXAMPLES = """
[bold]Examples[/]

  verity top                   until Ctrl-C

  verity top --once            one look, for scripts and people without a terminal

  verity top --once --json
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(top)


def top(
    context: typer.Context,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Look once and leave.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: JSON.")] = False,
) -> None:
    """Watch the fleet: what waits by class, what runs where and for how long, how fast it goes."""
    from console.queue_access import open_queue  # the database takes a second to import

    with open_queue(context.obj) as access:
        view, jobs = look_at_fleet(access.engine), access.desk.list_jobs(most=MAX_ROWS)
        if as_json:
            print_json({"fleet": dataclasses.asdict(view)})
            return
        if once:
            console.print(_screen(view, jobs, None))
            return
        pace = _Pace(jobs)
        with suppress(KeyboardInterrupt), Live(console=console, screen=False) as live:
            while True:
                live.update(_screen(view, jobs, pace.items_per_s(jobs)))
                time.sleep(every)
                view, jobs = look_at_fleet(access.engine), access.desk.list_jobs(most=MAX_ROWS)


class _Pace:
    """Items that ended a second, since the first look."""

    def __init__(self, jobs: list[Job]) -> None:
        self._began_at = time.monotonic()
        self._before = _ended(jobs)

    def items_per_s(self, jobs: list[Job]) -> float:
        known = {job_id: n for job_id, n in _ended(jobs).items() if job_id in self._before}
        n_new = sum(known.values()) - sum(self._before[job_id] for job_id in known)
        return max(0, n_new) / max(time.monotonic() - self._began_at, 0.1)


def _ended(jobs: list[Job]) -> dict[str, int]:
    return {job.job_id: job.counts.done + job.counts.failed for job in jobs}


def _screen(view: FleetView, jobs: list[Job], items_per_s: float | None) -> RenderableType:
    workers = {one.worker_id for one in view.running}
    words = (
        f"{len(view.running)} running at {len(workers)} workers, {view.n_deferred} to be retried"
    )
    if items_per_s is not None:
        words += f", {items_per_s:.2f} items/s"
    return Group(Text(words, style="bold"), _classes(view), _jobs(jobs), _running(view))


def _classes(view: FleetView) -> RenderableType:
    shown = table("class", ">jobs", ">sources to list", ">items open", ">running")
    running = Counter(one.priority for one in view.running if one.kind == ItemKind.MEDIA)
    for one in view.depths:
        name = Priority(one.priority).name.lower()
        shown.add_row(
            name, str(one.n_jobs), str(one.n_listing), str(one.n_open), str(running[one.priority])
        )
    return shown


def _jobs(jobs: list[Job]) -> RenderableType:
    shown = table("job", "name", "class", ">items", ">done", ">failed", ">running", "state")
    for job in jobs:
        counts = job.counts
        if job.is_over:
            continue
        shown.add_row(
            job.job_id,
            visible(job.name)[:MAX_TITLE_WIDTH],
            job.priority.name.lower(),
            str(counts.total),
            str(counts.done),
            str(counts.failed),
            str(counts.running),
            "paused" if job.is_paused else "",
        )
    return shown


def _running(view: FleetView) -> RenderableType:
    now = datetime.now(UTC)
    shown = table("item", "title", "stage", ">%", ">try", ">s", "worker")
    for one in view.running[:MAX_ROWS]:
        shown.add_row(
            str(one.item_id),
            visible(one.title)[:MAX_TITLE_WIDTH],
            "overdue" if one.is_overdue else one.stage,
            f"{100 * one.progress:.0f}",
            str(one.attempt),
            number((now - one.claimed_at).total_seconds(), 0),
            visible(one.worker_id),
        )
    return shown
