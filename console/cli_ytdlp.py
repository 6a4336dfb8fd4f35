"""`verity ytdlp`: a newer yt-dlp than the installed one, without a release of ours."""

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Annotated

import typer

from console.settings import ConsoleSettings
from console.terminal import console, print_json, table
from pipeline.errors import InputError

FOLDER = "yt-dlp"  # in the data folder
_EXAMPLES = "[bold]Examples[/]\n\n"

app = typer.Typer(no_args_is_help=True, help="Use a newer yt-dlp than the installed one.")


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="ytdlp", epilog=_EXAMPLES + "  verity ytdlp list")


@app.command(
    epilog=_EXAMPLES
    + "  verity ytdlp install 2026.11.12 --sha256 3f0c...\n\n"
    + "  verity ytdlp install yt_dlp-2026.11.12-py3-none-any.whl --sha256 3f0c...\n\n"
    + "  verity ytdlp install 2026.11.12 yt-dlp-ejs==0.9.0 --sha256 3f0c... --sha256 77ab...\n\n"
    + "Workers that start afterwards use it, on machines that share the data folder."
)
def install(
    context: typer.Context,
    wheels: Annotated[
        list[str],
        typer.Argument(metavar="VERSION|FILE|URL...", help="A wheel of yt-dlp; one of yt-dlp-ejs."),
    ],
    sha256: Annotated[list[str], typer.Option(help="The SHA-256 of each wheel, in their order.")],
) -> None:
    """Unpack a yt-dlp that is pinned by its hash into the data folder, and use it."""
    from jobs import yt_dlp_folder

    settings: ConsoleSettings = context.obj
    if len(wheels) != len(sha256):
        raise InputError("Name one --sha256 for each wheel, in their order.", "hash_differs")
    pairs = [(name, digest.lower()) for name, digest in zip(wheels, sha256, strict=True)]
    folder = settings.storage.var_folder / FOLDER
    found = yt_dlp_folder.install(pairs, folder, settings.jobs)
    console.print(f"yt-dlp {found.version} is used by workers that start from now on.")


@app.command("list", epilog=_EXAMPLES + "  verity ytdlp list\n\n  verity ytdlp list --json")
def list_versions(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False,
) -> None:
    """List the versions that are here, their age, and which one is used."""
    from jobs.yt_dlp_folder import YtDlp, installed

    settings: ConsoleSettings = context.obj
    used = settings.jobs.yt_dlp_folder
    known = [
        YtDlp(version("yt-dlp"), None),
        *installed(settings.storage.var_folder / FOLDER),
    ]
    rows = [
        {
            "version": it.version,
            "age_days": it.age_days(datetime.now(UTC)),
            "name": it.folder.name if it.folder else "shipped",
            "is_used": used == (it.folder.resolve() if it.folder else None),
        }
        for it in known
    ]
    if as_json:
        print_json(rows)
        return
    shown = table("yt-dlp", ">days old", "name", "used")
    for row in rows:
        used_word = "yes" if row["is_used"] else ""
        shown.add_row(str(row["version"]), str(row["age_days"]), str(row["name"]), used_word)
    console.print(shown)


@app.command(
    epilog=_EXAMPLES + "  verity ytdlp use 2026.11.12-3f0c11aa22bb\n\n  verity ytdlp use shipped"
)
def use(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="As `verity ytdlp list` shows it, or shipped.")],
) -> None:
    """Use another version that is here, or the installed one again."""
    from jobs import yt_dlp_folder

    settings: ConsoleSettings = context.obj
    folder = settings.storage.var_folder / FOLDER
    if name == "shipped":
        yt_dlp_folder.use_shipped(folder)
    else:
        yt_dlp_folder.use(name, folder)
    console.print(f"yt-dlp {name} is used by workers that start from now on.", markup=False)
