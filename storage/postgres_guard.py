"""Finds and stops the PostgreSQL that works on a folder; as a program, its guard.

The guard waits until no process holds the server and then stops it, however its users ended.
Standard library only, since the guard is this file by itself: `python -I -S postgres_guard.py`.
"""

import fcntl
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

DATA = "data"  # the server's data, in its folder
STOP_TIMEOUT_S = 30
POLL_S = 0.02


def running_pid(folder: Path) -> int | None:
    """Return the server's process id, or None; a process that only reuses the id is none."""
    try:
        pid = int((folder / DATA / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if _works_on(folder, pid) else None


def stop_server(folder: Path) -> None:
    """Stop the server whoever holds it; does nothing where none runs."""
    pid = running_pid(folder)
    if pid is None:
        return
    _signal(pid, signal.SIGINT)  # "fast": ends the sessions, writes a checkpoint
    if not _wait_until_gone(folder, pid):
        _signal(pid, signal.SIGQUIT)  # recovers at its next start
        _wait_until_gone(folder, pid)


def guard(folder: Path) -> None:
    """Wait until nobody holds the server, then stop it; one guard a server."""
    # opened, not made: the folder may be on its way out
    with (folder / "guard.lock").open() as own:
        if not try_lock(own, fcntl.LOCK_EX):
            return
        with (folder / "users.lock").open() as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            stop_server(folder)
            own.close()  # first: whoever starts next must see that this guard is gone


def open_lock(path: Path) -> IO[str]:
    """Open a lock's file, made where it is missing."""
    return path.open("a")


def try_lock(lock: IO[str], kind: int) -> bool:
    """Take a lock (`fcntl.LOCK_SH` or `LOCK_EX`) if that needs no waiting; tell whether."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _works_on(folder: Path, pid: int) -> bool:
    """Tell whether a process runs on our data: a server works in its data folder."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == (folder / DATA).resolve()
    except OSError:
        return False  # gone, or only its exit status is left


def _wait_until_gone(folder: Path, pid: int) -> bool:
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while _works_on(folder, pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
