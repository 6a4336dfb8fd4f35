"""Lock files that say which processes live: the kernel drops the lock however a process dies.

Locks work where process ids do not: across the pid namespaces of containers that share a folder.
"""

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path


def take_lock(folder: Path, prefix: str = "") -> tuple[int, Path]:
    """Return a locked descriptor and the new lock file that it holds, under a name of its own."""
    while True:
        path = folder / f"{prefix}{secrets.token_hex(4)}.lock"
        path.touch(mode=0o600)
        lock = try_lock(path)
        # A sweeper may have seen the file before it was locked, and removed it: then again.
        if lock is not None and _is_same_file(lock, path):
            return lock, path
        if lock is not None:
            os.close(lock)


def try_lock(path: Path) -> int | None:
    """Return a locked descriptor of a file, or None: a living process holds it, or it is gone."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def drop_lock(lock: int, path: Path) -> None:
    """Remove a lock file that we hold, and let go of it."""
    with suppress(FileNotFoundError):
        path.unlink()
    os.close(lock)


def _is_same_file(lock: int, path: Path) -> bool:
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return False
    return (facts.st_dev, facts.st_ino) == (os.fstat(lock).st_dev, os.fstat(lock).st_ino)
