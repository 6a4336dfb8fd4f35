"""A local path never leaves its node: an actor that meets another process's item folder stops.

An item's bytes lie in `<temp root>/<process>/verity-item-...` of the process that fetched them, on that
process's node. Elsewhere the same path names nothing, or another item. So each actor looks, by an
audit hook (PEP 578), at each path that Python opens, lists or removes and at each program that it
starts; code that holds on to another process's path fails at once, also where all processes happen
to share a disk.
"""

import re
import sys
from pathlib import Path

ITEM_PREFIX = "verity-item-"
_ITEM_PATH = re.compile(rf"/([0-9a-f]{{8}})/{ITEM_PREFIX}")  # the first part: the process's folder
_EVENTS = frozenset(
    {
        "open",
        "os.listdir",
        "os.remove",
        "os.rename",
        "os.scandir",
        "shutil.copyfile",
        "shutil.move",
        "shutil.rmtree",
        "subprocess.Popen",
    }
)
_own: set[str] = set()  # names of folders that this process has taken
_guarded: list[bool] = []


class ForeignPathError(RuntimeError):
    """A path of another process was used here: a mistake of ours."""


def take_own(folder: Path) -> None:
    """Say that a folder under a temp root is this process's own."""
    _own.add(folder.name)


def guard_paths() -> None:
    """Refuse paths of other processes' items from now on, for the process's life."""
    if not _guarded:
        _guarded.append(True)
        sys.addaudithook(_look)


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _EVENTS:
        return
    for argument in arguments:
        for text in argument if isinstance(argument, list | tuple) else (argument,):
            path = str(text) if isinstance(text, str | Path) else ""
            for owner in _ITEM_PATH.findall(path):
                if owner not in _own:
                    raise ForeignPathError(f"{event} of another process's path: {path}")
