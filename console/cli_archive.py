"""`verity archive`: move the items of jobs that ended long ago out of the queue's way."""

from typing import Annotated

import typer

from console.settings import ConsoleSettings
from console.terminal import console, print_json

EXAMPLES = """
[bold]Examples[/]

  verity archive               as old as VERITY_ARCHIVE_AFTER_DAYS says

  verity archive --days 7

A worker does this by itself. Archived items are shown, reported and counted as before; `verity retry`
brings failed ones back.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(archive)


def archive(
    context: typer.Context,
    days: Annotated[
        float | None,
        typer.Option(min=0, help="Jobs that ended at least so long ago; 0: all that have ended."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False,
) -> None:
    """Move items of jobs that ended long ago out of the queue's table, a few at a time."""
    from console.queue_access import open_queue  # the database takes a second to import
    from jobs.archive import DAY_S, archive_old_items

    settings: ConsoleSettings = context.obj
    age_days = settings.jobs.archive_after_days if days is None else days
    n_items = 0
    if days is not None or age_days:  # 0 in the environment means never
        with open_queue(settings) as access:
            n_items = archive_old_items(access.engine, age_days * DAY_S)
    if as_json:
        print_json({"items": n_items, "days": age_days})
    else:
        console.print(f"{n_items} items archived.", markup=False)
