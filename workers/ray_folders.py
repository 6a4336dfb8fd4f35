"""Where local Rays keep their sessions, and the end of what a Ray of a killed driver left running.

Ray's servers get a parent-death signal. The agents that its raylet starts do not: they notice within
seconds that the raylet is gone, and then try for a minute to tell a GCS that is gone as well (a
constant of Ray's). Whoever starts next on this machine, or sweeps, ends them at once.
"""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from workers.temp_folders import ProcessFolder, sweep

MOST_ROOT_CHARS = 24  # of a local Ray's root: session name and socket name take 75 bytes
RAY_TITLE = b"ray::"


def take_ray_folder() -> ProcessFolder:
    """Return a folder for a local Ray, after ending what Rays of killed drivers left."""
    return ProcessFolder(_root(), end_processes_of)


def sweep_rays() -> int:
    """End and remove what Rays of killed drivers left here; return how many there were."""
    return sweep(_root(), end_processes_of)


def end_processes_of(folder: Path) -> None:
    """Kill our processes that belong to the Ray of a folder."""
    for pid in _pids():
        with suppress(OSError):  # it has ended, or is another user's
            process = os.pidfd_open(pid)
            try:
                # asked after the handle was had: the number is still its own
                if _is_of(folder, pid):
                    signal.pidfd_send_signal(process, signal.SIGKILL)
            finally:
                os.close(process)


def _pids() -> Iterator[int]:
    own = os.getpid()
    for path in Path("/proc").glob("[0-9]*"):
        if (pid := int(path.name)) != own:
            yield pid


def _is_of(folder: Path, pid: int) -> bool:
    """Tell whether a process of ours was started with a path in a folder, or is Ray's and writes there.

    Ray's agents and workers put a title over their command line and their environment.
    """
    place = Path(f"/proc/{pid}")
    if place.stat().st_uid != os.geteuid():
        return False
    command = (place / "cmdline").read_bytes()
    if command.startswith(RAY_TITLE):
        return any(fd.readlink().is_relative_to(folder) for fd in (place / "fd").iterdir())
    words = os.fsdecode(command).split("\0")
    return any(Path(word.rpartition("=")[2]).is_relative_to(folder) for word in words)


def _root() -> Path:
    """Return the folder of all local Rays of this user."""
    name = f"verity-{os.geteuid()}"
    root = Path(tempfile.gettempdir()) / name
    return root if len(str(root)) <= MOST_ROOT_CHARS else Path("/tmp") / name  # noqa: S108
