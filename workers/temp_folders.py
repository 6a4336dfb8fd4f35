"""Private temporary folders that outlive nobody: removed at the end, swept after SIGKILL.

Each process that needs temporary files holds one lock file under the temp root for its life, and a
folder of the same name beside it. The kernel drops the lock when the process dies, however it dies;
who starts next removes the folders whose lock is free. Locks work where process ids do not: across
the pid namespaces of containers that share a temp root.
"""

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import ConfigError, OutageError
from workers.lock_files import drop_lock, take_lock, try_lock
from workers.path_guard import ITEM_PREFIX, take_own


def open_temp_root(path: Path) -> Path:
    """Return `path` as a folder that belongs to us and that nobody else can look into.

    Raises:
        ConfigError: it belongs to somebody else, is a link, or cannot be made.
        OutageError: its disk is full.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _no_folder(path, error) from error
    facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
        raise ConfigError(
            f"The temporary folder {path} belongs to someone else. Set VERITY_TEMP to another one."
        )
    path.chmod(0o700)
    return path


class ProcessFolder:
    """This process's own folder under a temp root, for the process's life."""

    def __init__(self, root: Path, end: Callable[[Path], None] = lambda _: None) -> None:
        """Sweep what dead processes left, as `sweep` does, then take a fresh folder."""
        self._root = open_temp_root(root)
        sweep(self._root, end)
        try:
            self._lock, self.path = _take_folder(self._root)
        except OSError as error:
            raise _no_folder(self._root, error) from error

    @contextmanager
    def item_folder(self) -> Iterator[Path]:
        """Yield an empty private folder, and remove it with all its content afterwards."""
        folder = Path(tempfile.mkdtemp(prefix=ITEM_PREFIX, dir=self.path))
        try:
            yield folder
        finally:
            _remove(folder)

    def close(self) -> None:
        """Remove the folder and free its name."""
        _remove(self.path)
        drop_lock(self._lock, self.path.with_suffix(".lock"))


def sweep(root: Path, end: Callable[[Path], None] = lambda _: None) -> int:
    """Remove the folders of processes that are gone; return how many there were.

    Args:
        root: of the folders.
        end: told of each folder before it is removed, to end what still runs there.
    """
    n_removed = 0
    for lock_path in root.glob("*.lock"):
        lock = try_lock(lock_path)
        if lock is None:
            continue
        try:
            end(lock_path.with_suffix(""))
            _remove(lock_path.with_suffix(""))
            n_removed += 1
        finally:
            drop_lock(lock, lock_path)
    return n_removed


def _no_folder(path: Path, error: OSError) -> ConfigError | OutageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutageError(f"The disk of the temporary folder {path} is full.", "disk_full")
    return ConfigError(
        f"The temporary folder {path} cannot be used ({error.strerror}): set VERITY_TEMP to a folder"
        " that may be written to."
    )


def _take_folder(root: Path) -> tuple[int, Path]:
    lock, lock_path = take_lock(root)
    folder = lock_path.with_suffix("")
    folder.mkdir(mode=0o700)
    take_own(folder)
    return lock, folder


def _remove(folder: Path) -> None:
    # A child that is just dying may still write; what is left then goes with the next sweep.
    shutil.rmtree(folder, ignore_errors=True)
