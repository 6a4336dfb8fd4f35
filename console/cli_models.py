"""`verity models`: which models this machine has, and which detectors a job may name."""

import typer

from console.cli_jobs import AsJson
from console.settings import ConsoleSettings
from console.terminal import console, print_json, table, visible


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="[bold]Examples[/]\n\n  verity models\n\n  verity models --json\n\n"
        "  verity submit s3://bucket/in --model phase_fusion_v2"
    )(models)


def models(context: typer.Context, as_json: AsJson = False) -> None:
    """List the shipped models and the detectors of VERITY_MODELS; jobs may name a detector."""
    from console.installed_models import installed_models  # reads models

    settings: ConsoleSettings = context.obj
    found = installed_models(settings.storage.models_folder)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    shown = table("name", "role", "from", "SHA-256")
    for one in found:
        source = "shipped" if one.is_shipped else "your own"
        shown.add_row(
            visible(one.name),
            one.role,
            f"{source}, the usual one" if one.is_default else source,
            one.sha256,
        )
    console.print(shown)
