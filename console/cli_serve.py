"""`verity serve`: the HTTP API and the pages, with a fleet worker where none runs."""

from typing import Annotated

import typer

from console.settings import ConsoleSettings
from console.terminal import errors

EXAMPLES = """
[bold]Examples[/]

  verity serve                                 http://127.0.0.1:8080, with a fleet worker beside it

  verity serve --host 0.0.0.0 --no-worker      behind a proxy; workers run elsewhere

The first person who signs up runs the installation. SIGTERM and Ctrl-C end it within seconds.

Exit status: 0 it ended as asked; 75 a service is away; 78 a setting is wrong.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(serve)


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0: any free one.")] = 8080,
    worker: Annotated[
        bool,
        typer.Option("--worker/--no-worker", help="Start a fleet worker where none runs here."),
    ] = True,
) -> None:
    """Serve the API and the pages."""
    from console.server import run_server  # the web framework takes a second to import

    settings: ConsoleSettings = context.obj
    for warning in settings.warnings:
        errors.print(f"Warning: {warning}", style="yellow", markup=False)
    run_server(settings, host, port, with_worker=worker)
