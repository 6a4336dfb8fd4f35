"""`verity watch`: submit what is new in a folder, again and again."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from console.settings import ConsoleSettings
from console.terminal import console, print_json
from pipeline.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="[bold]Examples[/]\n\n  verity watch /srv/incoming\n\n"
        "  verity watch /srv/incoming --every 60 --settle 30 --include '*.mp3'\n\n"
        "  verity watch /srv/incoming --once --json\n\n"
        "A fleet worker (verity work) analyses what is submitted. Ctrl+C ends it."
    )(watch)


def watch(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder; folders in it are looked into.")],
    every: Annotated[
        float, typer.Option(min=1, max=86_400, help="Seconds between two looks.")
    ] = 30.0,
    settle: Annotated[
        float,
        typer.Option(min=0, max=86_400, help="Leave files alone that changed so recently, in s."),
    ] = 10.0,
    include: Annotated[
        list[str], typer.Option(help="Only names that match, such as '*.mp3'.")
    ] = [],  # noqa: B006 - typer reads it
    exclude: Annotated[list[str], typer.Option(help="No names that match.")] = [],  # noqa: B006 - typer reads it
    name: Annotated[str, typer.Option(help="What to call the jobs.")] = "",
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a job.")] = False,
) -> None:
    """Submit what is new in a folder, once nobody writes to it any more."""
    from console.cli_jobs import open_access
    from console.watching import FolderWatch
    from jobs.source_options import SourceOptions

    settings: ConsoleSettings = context.obj
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder.", "not_a_file")
    options = SourceOptions(
        include=tuple(include), exclude=tuple(exclude), only_new=True, settle_s=settle
    )
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    with open_access(context) as access, settings.jobs.open_guard() as guard:
        source_access = settings.jobs.source_access(guard, allow_local=True)
        watched = FolderWatch(folder.resolve(), name or folder.name, options, access.desk)
        while not is_over.is_set():
            job = watched.look(source_access)
            if job is not None and as_json:
                print_json({"job_id": job.job_id, "name": job.name})
            elif job is not None:
                console.print(f"Job {job.job_id}: something new in {folder}", markup=False)
            if once:
                return
            is_over.wait(every)
