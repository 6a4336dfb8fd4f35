"""`verity serve` in a process of its own: it answers, and SIGTERM leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

VERITY = Path(sys.executable).with_name("verity")
START_S = 100  # 5 s on a quiet machine


@pytest.mark.postgres
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_end_takes_its_database_with_it(
    var_folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    log = tmp_path / "log"
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "VERITY_VAR": str(var_folder)}
    with log.open("wb") as said:
        server = subprocess.Popen(
            [str(VERITY), "serve", "--port", "0", "--no-worker"],
            env=environ,
            stdout=said,
            stderr=said,
        )
    try:
        until = time.monotonic() + START_S
        while not (found := re.search(r"Voice Verity: (http://\S+)", log.read_text())):
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.2)
        answer = httpx.get(f"{found[1]}/v1/health/ready", timeout=START_S)
        assert answer.status_code == 200
    finally:
        server.send_signal(number)
        status = server.wait(60)
    assert status == 0, log.read_text()
    assert not [line for line in _command_lines() if str(var_folder) in line]


def _command_lines() -> list[str]:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:  # it ended just now
            continue
    return lines
