"""Which fleet workers run on an installation's data folder, and how they are told to end.

Each worker holds a lock file under `var/workers` for its life, with its process id in it. An id is
trusted only while its lock is held and its writer shares our pid namespace.
"""

import logging
import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigError
from storage.settings import StorageSettings
from workers.lock_files import drop_lock, take_lock, try_lock

_log = logging.getLogger(__name__)
END_S = 40.0  # a worker's grace period, and time to end its actors and Ray
LAST_END_S = 5.0  # from the lock's end, or SIGKILL, to the process's
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class _Running:
    lock_path: Path
    process: int  # a pidfd: the very process, even where its id is given away again


@contextmanager
def worker_lock(settings: StorageSettings) -> Iterator[None]:
    """Say for a worker's life that it runs.

    Raises:
        ConfigError: the data folder cannot be written.
    """
    folder = _folder(settings)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock, path = take_lock(folder, f"{os.getpid()}-")
    except OSError as error:
        raise ConfigError(
            f"The data folder {settings.var_folder} cannot be written: {error.strerror}."
        ) from error
    try:
        os.write(lock, f"{os.getpid()} {_pid_namespace()}\n".encode())
        yield
    finally:
        drop_lock(lock, path)


def has_workers(settings: StorageSettings) -> bool:
    """Tell whether a worker of this data folder runs on this machine."""
    running = _find_running(_folder(settings))
    for worker in running:
        os.close(worker.process)
    return bool(running)


def stop_workers(settings: StorageSettings, wait_s: float = END_S) -> int:
    """Ask all workers of a data folder on this machine to end, then make them; return how many.

    Args:
        settings: name the data folder.
        wait_s: from SIGTERM to SIGKILL.
    """
    running = _find_running(_folder(settings))
    try:
        _send(running, signal.SIGTERM)
        left = _wait(running, wait_s)
        if left:
            _log.warning("workers killed that did not end", extra={"n_workers": len(left)})
            _send(left, signal.SIGKILL)
        _see_out(running)
    finally:
        for worker in running:
            os.close(worker.process)
    for path in _folder(settings).glob("*.lock"):
        _remove_if_free(path)
    return len(running)


def _find_running(folder: Path) -> list[_Running]:
    found = []
    for path in folder.glob("*.lock"):
        with suppress(OSError, ValueError):  # it ends just now, or has not written its id yet
            pid, namespace = path.read_text().split()
            if namespace != _pid_namespace() or int(pid) == os.getpid():
                continue
            process = os.pidfd_open(int(pid))
            # held after the process was taken hold of: it is the one that wrote the file
            if _remove_if_free(path):
                os.close(process)
            else:
                found.append(_Running(path, process))
    return found


def _send(workers: list[_Running], number: signal.Signals) -> None:
    for worker in workers:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(worker.process, number)


def _wait(workers: list[_Running], wait_s: float) -> list[_Running]:
    """Wait until the workers have let go of their locks; return those that have not."""
    until = time.monotonic() + wait_s
    left = workers
    while left:
        left = [worker for worker in left if not _remove_if_free(worker.lock_path)]
        if time.monotonic() > until:
            break
        time.sleep(POLL_S)
    return left


def _see_out(workers: list[_Running]) -> None:
    """Wait a little for the processes themselves: until then they hold the database."""
    until = time.monotonic() + LAST_END_S
    for worker in workers:
        select.select([worker.process], [], [], max(until - time.monotonic(), 0))


def _remove_if_free(path: Path) -> bool:
    """Remove a lock file that nobody holds; tell whether it is gone."""
    lock = try_lock(path)
    if lock is not None:
        drop_lock(lock, path)
    return not path.exists()


def _folder(settings: StorageSettings) -> Path:
    return settings.var_folder / "workers"


def _pid_namespace() -> str:
    return Path("/proc/self/ns/pid").readlink().name
