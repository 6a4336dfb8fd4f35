"""A server as people run it, for benches: `verity serve` in a process of its own, and what it takes."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

START_S = 120
PASSWORD = "four plain words here"  # noqa: S105 (of a server that lives as long as the bench)


def cpu_s(pid: int) -> float:
    """Return the seconds that a process has computed for."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # user, system


def resident(pid: int) -> int:
    """Return the bytes that a process holds."""
    return _memory(pid, "VmRSS")


def peak(pid: int) -> int:
    """Return the most bytes that a process held since it began."""
    return _memory(pid, "VmHWM")


def _memory(pid: int, what: str) -> int:
    said = Path(f"/proc/{pid}/status").read_text("ascii")
    found = re.search(rf"{what}:\s+(\d+) kB", said)
    return int(found[1]) * 1024 if found else 0


@contextmanager
def served_api(own: Mapping[str, str] = MappingProxyType({})) -> Iterator[tuple[str, int]]:
    """Run `verity serve` without a worker, with settings of its own; give its address and process id."""
    root = Path("/var/lib/verity") if os.geteuid() == 0 else None
    if root is not None:
        root.mkdir(mode=0o755, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="verity-bench-api-", dir=root) as folder:
        var, log = Path(folder) / "var", Path(folder) / "log"
        Path(folder).chmod(0o755)
        var.mkdir()
        environ = {
            **{key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ},  # noqa: TID251
            "VERITY_VAR": str(var),
            "VERITY_SIGN_UP": "open",
            "VERITY_REQUESTS_A_MINUTE": "0",
            "OMP_NUM_THREADS": "1",
            **own,
        }
        command = [
            str(Path(sys.executable).with_name("verity")),
            "serve",
            "--port",
            "0",
            "--no-worker",
        ]
        with (
            log.open("wb") as said,
            subprocess.Popen(  # noqa: S603 (ours)
                command, env=environ, stdout=said, stderr=said
            ) as server,
        ):
            try:
                yield _wait_for_url(log, server), server.pid
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(60)
                print(log.read_text("utf-8", "replace")[-3000:], file=sys.stderr)


def _wait_for_url(log: Path, server: "subprocess.Popen[bytes]") -> str:
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        if found := re.search(r"Voice Verity: (http://\S+)", log.read_text("utf-8", "replace")):
            return found[1]
        time.sleep(0.2)
    raise SystemExit(log.read_text("utf-8", "replace"))
