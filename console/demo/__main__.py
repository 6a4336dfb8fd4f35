"""`python -m console.demo`: the entry point that `make demo` calls."""

import os
import sys

from rich.console import Console

from console.demo.run import run_demo
from console.demo.settings import DemoSettings
from pipeline.errors import VerityError

EXIT_INTERRUPTED = 130
LOG_WIDTH = 100  # columns, where there is no terminal to ask


def main() -> int:
    """Run the demo; an error of ours is one line, not a traceback."""
    console = Console(width=None if sys.stdout.isatty() else LOG_WIDTH)
    try:
        return run_demo(DemoSettings.from_env(os.environ), console)  # noqa: TID251 - entry point
    except VerityError as error:
        console.print(f"[bold red]error[/] [dim]{error.code}[/]", end=" ")
        console.print(error.message, markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left running.")
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
