"""The command line: `verity COMMAND`. Commands live in `cli_*.py`; this file puts them together.

Every error that we raise on purpose becomes one line and an exit code (STYLE.md §8); a traceback is
shown with `verity --debug`.
"""

import os
import sys
from typing import Annotated

import typer

from console import (
    cli_archive,
    cli_connections,
    cli_doctor,
    cli_evidence,
    cli_job_reports,
    cli_jobs,
    cli_keys,
    cli_media,
    cli_models,
    cli_notices,
    cli_quota,
    cli_reports,
    cli_scan,
    cli_search,
    cli_serve,
    cli_store,
    cli_sweeps,
    cli_top,
    cli_training,
    cli_watch,
    cli_work,
    cli_ytdlp,
)
from console.log_lines import show_logs
from console.settings import ConsoleSettings
from console.terminal import errors, visible
from pipeline.errors import (
    AccessError,
    ConfigError,
    InputError,
    ModelError,
    OutageError,
    StaleClaimError,
    VerityError,
)

EXIT_OUTPUT = 73  # EX_CANTCREAT: a file or folder could not be written
EXIT_CODES: tuple[tuple[type[VerityError], int], ...] = (
    (InputError, 2),
    (AccessError, 77),  # EX_NOPERM
    (OutageError, 75),  # EX_TEMPFAIL: try again later
    (ModelError, 70),  # EX_SOFTWARE
    (StaleClaimError, 70),
    (ConfigError, 78),  # EX_CONFIG
)

app = typer.Typer(
    name="verity",
    help="Tell, second by second, how likely a voice is synthetic, and how sure that is.",
    epilog="Start with: verity scan recording.mp3",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and log lines.")] = False,
) -> None:
    """Voice Verity: is this voice synthetic, where, and how sure is that."""
    show_logs(everything=debug)


for _module in (
    cli_scan,
    cli_reports,
    cli_keys,
    cli_jobs,
    cli_job_reports,
    cli_search,
    cli_sweeps,
    cli_notices,
    cli_top,
    cli_watch,
    cli_work,
    cli_archive,
    cli_store,
    cli_serve,
    cli_training,
    cli_doctor,
    cli_connections,
    cli_quota,
    cli_ytdlp,
    cli_evidence,
    cli_media,
    cli_models,
):
    _module.register(app)


def exit_code_of(error: VerityError) -> int:
    """Return the exit code of an error, by its place in the tree."""
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


def main() -> None:
    """Run the command line and leave with its exit code."""
    settings = ConsoleSettings.from_env(os.environ)  # noqa: TID251 - the entry point
    try:
        app(obj=settings)
    except VerityError as error:
        if "--debug" in sys.argv:
            raise
        errors.print(f"[bold red]error[/] [dim]{error.code}[/]", end=" ")
        errors.print(error.message, markup=False, soft_wrap=True)
        sys.exit(exit_code_of(error))
    except OSError as error:  # a full disk, a folder that went away: what no command names itself
        if "--debug" in sys.argv:
            raise
        where = f"{visible(str(error.filename))}: " if error.filename else ""
        errors.print("[bold red]error[/] [dim]system[/]", end=" ")
        errors.print(f"{where}{error.strerror or error}.", markup=False, soft_wrap=True)
        sys.exit(EXIT_OUTPUT)


if __name__ == "__main__":
    main()
