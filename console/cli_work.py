"""`verity work`: a fleet worker in the foreground."""

import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from console.settings import ConsoleSettings
from console.terminal import console, errors, print_json

EXAMPLES = """
[bold]Examples[/]

  verity work                  until Ctrl-C or SIGTERM

  verity work --until-idle     until nothing waits any more, then leave

SIGTERM and Ctrl-C finish what is held within a few seconds or give it back to the queue; a second
one gives everything back at once.

Exit status: 0 it ended as asked, failed items or not: those are the job's, and `verity show JOB`
names them; 75 a service went away; 78 a setting is wrong.
"""
STOPPING = (
    "Stopping: finishing or giving back what is held; once more, and it is given back at once ..."
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(work)


def work(
    context: typer.Context,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="Leave when no item waits or runs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A summary as JSON at the end.")] = False,
) -> None:
    """Run a fleet worker: claim items, analyse them, write their reports."""
    # Ray takes seconds to import: only this command pays
    from console.work_progress import WorkProgress
    from workers.fleet import run_fleet
    from workers.settings import FleetSettings

    settings: ConsoleSettings = context.obj
    fleet = FleetSettings.from_env(settings.environ)
    for warning in settings.warnings:
        errors.print(f"Warning: {warning}", style="yellow", markup=False)
    stop, hurry = threading.Event(), threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            errors.print("Giving back at once what is held ...", markup=False)
            hurry.set()
        else:
            errors.print(STOPPING, markup=False)
            stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    with WorkProgress(quiet=as_json) as progress:
        summary = run_fleet(fleet, until_idle, stop, progress.on_event, hurry)
    if as_json:
        print_json(summary)
    else:
        console.print(progress.closing_words(summary), markup=False)
