"""CPU seconds by what a process is to the fleet: preparers, scorer, writer, driver, Ray, database.

Read from /proc: a process counts with the children that it has waited for, a child that still runs
(ffmpeg, a limited child) with whoever started it.
"""

import os
import re
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# the first that fits a command line names the role; else a process has its parent's
ROLES = (
    ("preparers, with ffmpeg", re.compile(r"^ray::Preparer", re.IGNORECASE)),
    ("scorer", re.compile(r"^ray::Scorer", re.IGNORECASE)),
    ("writer", re.compile(r"^ray::Writer", re.IGNORECASE)),
    ("lister", re.compile(r"^ray::Lister", re.IGNORECASE)),
    ("heartbeat", re.compile(r"workers\.heartbeat|workers/heartbeat")),
    ("Ray", re.compile(r"ray/|ray::|raylet|gcs_server")),
    ("driver", re.compile(r"-m workers")),
    ("PostgreSQL", re.compile(r"postgres")),
    ("S3 server", re.compile(r"nanio")),
)
OVERHEAD = ("driver", "heartbeat", "Ray", "PostgreSQL", "lister")  # what the fleet itself costs


def cpu_by_role(roots: list[int]) -> dict[str, float]:
    """Return the CPU seconds that the processes under these have used, by role.

    Args:
        roots: processes; they and all that descend from them count.
    """
    parents, used = _processes()
    totals: dict[str, float] = {}
    for pid in parents:
        line = _lineage(pid, parents)
        if not any(root in line for root in roots):
            continue
        role = next((found for one in line if (found := _role(one)) is not None), None)
        if role is not None:
            totals[role] = totals.get(role, 0.0) + used[pid]
    return totals


def _processes() -> tuple[dict[int, int], dict[int, float]]:
    """Return each process's parent, and the CPU seconds of it and its ended children."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            # after the name in brackets: state, parent, ... utime, stime, cutime, cstime
            fields = (path / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has ended
            continue
        parents[int(path.name)] = int(fields[1])
        used[int(path.name)] = sum(int(field) for field in fields[11:15]) / TICKS_PER_S
    return parents, used


def _lineage(pid: int, parents: dict[int, int]) -> list[int]:
    line = []
    while pid > 1 and pid in parents:
        line.append(pid)
        pid = parents[pid]
    return line


def _role(pid: int) -> str | None:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (OSError, UnicodeDecodeError):
        return None
    return next((role for role, pattern in ROLES if pattern.search(command)), None)
