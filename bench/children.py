"""What starting a limited child costs: forked by the starter, and by a new Python for each one.

Run as `python -m bench.children`. The second way is how it was done until the starter came; it sets
the same limits. Both ways take turns, in one run; CPU time is that of the children, of this process,
and of the starter. Exits 1 where the starter saves less than `LEAST_SAVED_MS` of it for a child.
"""

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cpu_clock import children_cpu_s, machine, own_cpu_s, spread
from pipeline.ffmpeg_command import decode_command, probe_command
from pipeline.limits import ChildLimits, run_limited
from tests.makers import noise, write_wav

LEAST_SAVED_MS = 8.0
LIMITS = ChildLimits()
Way = Callable[[Sequence[str]], None]

_NEW_PYTHON = """
import ctypes, os, resource, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(1, 9)
libc.prctl(38, 1, 0, 0, 0)
libc.sched_setscheduler(0, os.SCHED_BATCH, ctypes.byref(ctypes.c_int(0)))
libc.unshare(0x50000000)
for name, value in zip(("CPU", "AS", "FSIZE", "NPROC", "CORE"), sys.argv[1:]):
    resource.setrlimit(getattr(resource, "RLIMIT_" + name), (int(value), int(value)))
os.execve(sys.argv[6], sys.argv[6:], {})
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one child."""

    cpu_ms: float
    wall_ms: float


def main() -> int:
    """Run both ways by turns; print what each costs; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9, help="of either way by turns")
    parser.add_argument("--children", type=int, default=20, help="one after the other, in a round")
    options = parser.parse_args()
    print(machine())
    by_starter(["/bin/true"])
    saved_ms = []
    with tempfile.TemporaryDirectory(prefix="verity-bench-") as folder:
        sound = write_wav(Path(folder) / "sound.wav", noise(1, 6.0, level=0.1))
        commands = {
            "nothing (true)": ["/bin/true"],
            "probe": probe_command(sound),
            "decode 6 s": decode_command(sound, 0, 16_000, 1),
        }
        for name, command in commands.items():
            before, now = [], []
            for _ in range(options.rounds):
                before.append(_cost(by_new_python, command, options.children))
                now.append(_cost(by_starter, command, options.children))
            saved_ms.append(_tell(name, before, now))
    return int(saved_ms[0] < LEAST_SAVED_MS)  # what the program does itself differs by more


def by_starter(command: Sequence[str]) -> None:
    """Run a command as the product does."""
    run_limited(command, LIMITS)


def by_new_python(command: Sequence[str]) -> None:
    """Run a command in a new Python that has set the limits."""
    limits = (LIMITS.cpu_s, LIMITS.memory_bytes, LIMITS.file_bytes, LIMITS.n_processes, 0)
    starting = [sys.executable, "-I", "-S", "-c", _NEW_PYTHON, *map(str, limits)]
    subprocess.run(  # noqa: S603 - an argument list of our own, no shell
        [*starting, *command], stdin=subprocess.DEVNULL, capture_output=True, env={}, check=False,
        start_new_session=True,
    )  # fmt: skip


def _cost(way: Way, command: Sequence[str], n_children: int) -> Cost:
    gc.collect()
    cpu_s, began_s = _cpu_s(), time.perf_counter()
    for _ in range(n_children):
        way(command)
    wall_s = time.perf_counter() - began_s
    return Cost((_cpu_s() - cpu_s) / n_children * 1e3, wall_s / n_children * 1e3)


def _cpu_s() -> float:
    """Return the CPU seconds of this process, its ended children, and those that run: the starter."""
    tasks = Path("/proc/self/task").glob("*/children")
    running = [int(pid) for path in tasks for pid in path.read_text().split()]
    clocks = [(~pid << 3) | 2 for pid in running]  # clock_getcpuclockid(3), which Python has not
    return own_cpu_s() + children_cpu_s() + sum(time.clock_gettime(clock) for clock in clocks)


def _tell(name: str, before: list[Cost], now: list[Cost]) -> float:
    """Print one line; return the median of the milliseconds of CPU that were saved."""
    saved = sorted(old.cpu_ms - new.cpu_ms for old, new in zip(before, now, strict=True))
    print(
        f"{name:15} CPU ms {spread([one.cpu_ms for one in before], 1)} by a new Python, "
        f"{spread([one.cpu_ms for one in now], 1)} by the starter, saved {spread(saved, 1)}; "
        f"wall ms {spread([one.wall_ms for one in before], 1)}, "
        f"{spread([one.wall_ms for one in now], 1)}",
        flush=True,
    )
    return saved[len(saved) // 2]


if __name__ == "__main__":
    sys.exit(main())
