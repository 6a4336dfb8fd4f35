"""CPU seconds of this process and of the children that it has waited for; the machine's name.

A shared machine changes wall time by the hour, CPU time by a tenth: compare ratios within one run.
"""

import os
import platform
import resource
import statistics
from collections.abc import Sequence
from pathlib import Path


def own_cpu_s() -> float:
    """Return the seconds of CPU that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def children_cpu_s() -> float:
    """Return the seconds of CPU of all children that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_mib() -> float:
    """Return the most memory that this process has held since its program began, in MiB.

    `ru_maxrss` would count what the process that started it held as well: Linux keeps it over exec.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def stay_on_one_core() -> None:
    """Keep this process and its children on one of its cores."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def machine() -> str:
    """Return the machine's name, its cores and how busy it is."""
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    name = names[0] if names else platform.machine()
    return f"{name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return the median, and the smallest and largest value in brackets."""
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
