"""The folder that a command writes into: checked before the work, so that no result is lost after it."""

import os
from pathlib import Path

from console.terminal import visible
from pipeline.errors import InputError


def make_output_folder(folder: Path, option: str) -> None:
    """Make a folder where there is none.

    Args:
        folder: as it was typed.
        option: whose value it is, for the message.

    Raises:
        InputError: it is a file, cannot be made, or may not be written to (`output_not_writable`).
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise _refused(folder, option, "is a file") from error
    except OSError as error:
        why = f"cannot be made ({error.strerror})"
        raise _refused(folder, option, why) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _refused(folder, option, "may not be written to")


def _refused(folder: Path, option: str, why: str) -> InputError:
    shown = visible(str(folder))
    return InputError(f"{shown} {why}: name another folder with {option}.", "output_not_writable")
