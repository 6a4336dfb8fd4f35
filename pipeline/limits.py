"""Start programs that read hostile bytes as limited children (DESIGN.md §8).

Each child has an empty environment, limits on CPU time, memory, file size and processes, no network
where the system can take it away, and dies with its parent. There is never a shell.
"""

import os
import select
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.starter import StartedProcess, start_process

_READ_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What one child may use."""

    cpu_s: int = 600  # seconds of CPU, then SIGXCPU
    memory_bytes: int = 4 << 30  # address space; ffmpeg's threads map stacks that they never touch
    file_bytes: int = 1 << 20  # largest file it may write; pipes are not files
    n_processes: int | None = 512  # and threads; holds in a user namespace of its own, not for root
    stall_s: float = 120.0  # seconds without a byte on standard output
    wall_s: float | None = None  # seconds of wall time
    network: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChildResult:
    """How a child ended."""

    return_code: int  # negative = killed by that signal
    stdout: bytes
    stderr: str  # its last words, capped
    timed_out: bool = False  # we ended it: over wall_s or stall_s


@dataclass(slots=True)
class LimitedChild:
    """A running child whose standard output is read as it comes; lives inside `limited_child`."""

    process: StartedProcess
    stdout: int  # the descriptor that it is read from
    stall_s: float
    stderr_tail: "_Tail"
    timed_out: bool = False

    def read(self) -> bytes:
        """Return the next bytes of standard output, empty at its end or after a stall."""
        waiting = select.poll()  # `select` takes no descriptor over 1023
        waiting.register(self.stdout, select.POLLIN)
        if not waiting.poll(self.stall_s * 1000):
            self.timed_out = True
            self.process.kill()
            return b""
        return os.read(self.stdout, _READ_BYTES)

    def finish(self) -> ChildResult:
        """Wait for the end after standard output has ended; standard output is not kept."""
        return_code = self.process.wait()
        return ChildResult(return_code, b"", self.stderr_tail.text(), self.timed_out)


class _Tail(threading.Thread):
    """Drains a pipe so that the child never blocks on it, and keeps the first and last bytes."""

    def __init__(self, pipe: int, keep_bytes: int) -> None:
        super().__init__(daemon=True, name="stderr-tail")
        self._pipe = pipe
        self._keep = keep_bytes
        self._head = b""
        self._tail = b""
        self.start()

    def run(self) -> None:
        """Read to the end."""
        while data := os.read(self._pipe, _READ_BYTES):
            room = self._keep - len(self._head)
            self._head += data[:room]
            self._tail = (self._tail + data[max(room, 0) :])[-self._keep :]

    def text(self) -> str:
        """Return what was kept, once the pipe has ended."""
        self.join()
        return (self._head + self._tail).decode("utf-8", "replace")


@contextmanager
def limited_child(
    argv: Sequence[str],
    limits: ChildLimits,
    cwd: Path | None = None,
    keep_stderr_bytes: int = 1 << 15,
) -> Iterator[LimitedChild]:
    """Start `argv` under limits, to be read as a stream; it is gone when the block is left.

    Args:
        argv: an absolute path to a program, and its arguments.
        limits: what it may use.
        cwd: its working directory.
        keep_stderr_bytes: how much of the start and of the end of standard error is kept.
    """
    words = [*_words(limits), "--", *argv]
    with ExitStack() as ours:  # undone from the last to the first
        with ExitStack() as theirs:
            stdout, stdout_end = _pipe(ours, theirs)
            stderr, stderr_end = _pipe(ours, theirs)
            tail = _Tail(stderr, keep_stderr_bytes)
            ours.callback(tail.join)
            process = start_process(words, cwd, stdout_end, stderr_end)
            ours.callback(process.close)
        if limits.wall_s:
            timer = threading.Timer(limits.wall_s, process.kill)
            timer.daemon = True
            timer.start()
            ours.callback(timer.join)  # it may be about to kill what will have no descriptor
            ours.callback(timer.cancel)
        yield LimitedChild(process, stdout, limits.stall_s, tail)


def run_limited(
    argv: Sequence[str],
    limits: ChildLimits,
    cwd: Path | None = None,
    keep_bytes: int = 1 << 24,
) -> ChildResult:
    """Run `argv` to its end and return what it said, at most `keep_bytes` of either stream."""
    kept = bytearray()
    with limited_child(argv, limits, cwd, keep_bytes) as child:
        while data := child.read():
            kept += data[: keep_bytes - len(kept)]
        result = child.finish()
    # The wall clock kills from a timer thread: a kill that we did not ask for looks the same, and
    # means the same to the reader.
    over_time = limits.wall_s is not None and result.return_code == -9
    return ChildResult(
        result.return_code, bytes(kept), result.stderr, result.timed_out or over_time
    )


def _words(limits: ChildLimits) -> list[str]:
    settings = {
        "CPU": limits.cpu_s,
        "AS": limits.memory_bytes,
        "FSIZE": limits.file_bytes,
        "NPROC": limits.n_processes,
        "CORE": 0,
        "network": int(limits.network),
        **{f"env:{name}": value for name, value in limits.environment.items()},
    }
    return [f"{name}={value}" for name, value in settings.items() if value is not None]


def _pipe(reading: ExitStack, writing: ExitStack) -> tuple[int, int]:
    """Return the two ends of a pipe; each is closed by a stack."""
    reader, writer = os.pipe()
    reading.callback(os.close, reader)
    writing.callback(os.close, writer)
    return reader, writer
