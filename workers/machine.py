"""What this machine, or the container that we run in, has and has left: cores, memory, disk.

Containers are asked first (cgroup v2): inside one, `os.cpu_count` and /proc/meminfo tell of the
whole machine.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
MEMORY_FACTS = Path("/proc/meminfo")
_NO_LIMIT = "max"
_RECLAIMABLE = ("inactive_file", "active_file", "slab_reclaimable")


@dataclass(frozen=True, slots=True)
class Room:
    """How much there is of something, and how much of it is left."""

    total_bytes: int
    free_bytes: int


def count_cores(cgroup: Path = CGROUP) -> int:
    """Return the cores that we may use, at least 1."""
    n_cores = len(os.sched_getaffinity(0))
    words = _read(cgroup / "cpu.max").split()
    if len(words) == 2 and words[0] != _NO_LIMIT:
        n_cores = min(n_cores, int(words[0]) // int(words[1]))
    return max(1, n_cores)


def memory_room(cgroup: Path = CGROUP, facts: Path = MEMORY_FACTS) -> Room:
    """Return the memory that we may use and what is left of it; caches count as free."""
    lines = dict(line.split(":", 1) for line in _read(facts).splitlines() if ":" in line)
    total, free = (
        int(lines.get(name, "0").split()[0]) * 1024 for name in ("MemTotal", "MemAvailable")
    )
    limit = _read(cgroup / "memory.max").strip()
    if limit.isdigit() and int(limit) < total:
        used = int(_read(cgroup / "memory.current").strip() or 0)
        details = dict(
            line.split(" ", 1) for line in _read(cgroup / "memory.stat").splitlines() if " " in line
        )
        # given back when it is needed
        cached = sum(int(details.get(name, "0")) for name in _RECLAIMABLE)
        total, free = int(limit), min(free, int(limit) - used + cached)
    return Room(total, max(0, free))


def disk_room(path: Path) -> Room:
    """Return the disk under a folder, or under its nearest parent that is there."""
    for folder in (path, *path.parents):
        try:
            usage = shutil.disk_usage(folder)
        except OSError:
            continue
        return Room(usage.total, usage.free)
    return Room(0, 0)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
