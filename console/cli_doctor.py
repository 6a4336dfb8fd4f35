"""`verity doctor`: check what the system stands on, and say what to do where it fails."""

import dataclasses

import typer
from rich.text import Text

from console.cli_jobs import AsJson
from console.settings import ConsoleSettings
from console.terminal import console, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="[bold]Examples[/]\n\n  verity doctor\n\n  verity doctor --json")(doctor)


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Check ffmpeg, database, object store, models, Ray, GPU and yt-dlp, and say what to do."""
    from console.checks import all_checks

    settings: ConsoleSettings = context.obj
    results = []
    for check in all_checks(settings):
        results.append(check)
        if not as_json:
            style = "green" if check.ok else "red"
            line = Text.assemble((f"{'ok' if check.ok else 'no':4}", style), f"{check.name:12}")
            console.print(line.append(check.words), soft_wrap=True)
            if check.advice:
                console.print(f"      {check.advice}", style="yellow", markup=False)
    if as_json:
        print_json([dataclasses.asdict(check) for check in results])
    if not all(check.ok for check in results):
        raise typer.Exit(1)
