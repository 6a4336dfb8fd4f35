"""`verity media`: the file that an item was analysed from, where it is kept."""

from pathlib import Path
from typing import Annotated

import typer

from console.cli_jobs import AsJson, open_access
from console.terminal import console, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="[bold]Examples[/]\n\n  verity media 4711\n\n  verity media 4711 --to interview.mp3\n\n"
        "  verity verify report.pdf --media verity-17-4711.mp3"
    )(media)


def media(
    context: typer.Context,
    item: Annotated[str, typer.Argument(help="An item's id, as verity show prints it.")],
    to: Annotated[
        Path | None, typer.Option(metavar="FILE|FOLDER", help="Without it: verity-JOB-ITEM here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the bytes that an item was analysed from into a file, checked against their SHA-256."""
    from console.examiner import account_name
    from console.kept_media import media_name, write_media

    with open_access(context) as access:
        status = access.desk.item_status(item)
        path = to or Path(media_name(status))
        if path.is_dir():
            path = path / media_name(status)
        claim = write_media(access, status, path, account_name())
    if as_json:
        print_json({"path": str(path), "sha256": claim.sha256, "size_bytes": claim.size_bytes})
    else:
        console.print(f"{claim.sha256}  {path}", markup=False, soft_wrap=True)
