"""`make demo` from media to reports, and what it leaves behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from tests.fleet_bench import marked_pids, wait_until
from tests.makers import CACHE, genuine_sample

MEDIA = CACHE.parent / "demo" / "media"
DEMO_TIMEOUT_S = 250.0  # about 50 s on two idle cores; a fresh database and fresh media beside
READY_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 90.0
GONE_S = 20.0  # for what was killed last; Ray's agents would look for their server for a minute
POLL_S = 0.2

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.s3,
    pytest.mark.ray,
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]


@pytest.fixture
def mark() -> str:
    """Return a word that all processes of one demo have in their environment."""
    return uuid4().hex


@pytest.fixture
def demo(var_folder: Path, mark: str, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Start the demo with an installation of its own; `tmp_path / log` is what it prints."""
    genuine_sample()  # skips where the registry cannot be reached
    (var_folder / "wheels").symlink_to(CACHE)
    MEDIA.mkdir(parents=True, exist_ok=True)  # made once for both tests, and for `make demo`
    (var_folder / "demo").mkdir()
    (var_folder / "demo" / "media").symlink_to(MEDIA)
    passed_on = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    environ = {**passed_on, "VERITY_VAR": str(var_folder), "DEMO_MARK": mark}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "console.demo"], env=environ, stdout=log, stderr=log
        )
    with process:
        yield process
        process.kill()
    for pid in marked_pids(mark):  # of a demo that did not end as it should
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_the_demo_gives_each_item_its_report_and_leaves_no_process(
    demo: "subprocess.Popen[bytes]", var_folder: Path, mark: str, tmp_path: Path
) -> None:
    status = demo.wait(DEMO_TIMEOUT_S)
    said = (tmp_path / "log").read_text()
    assert status == 0, said
    assert "15 PDF reports" in said
    assert len(list((var_folder / "demo" / "reports").glob("verity-*-*.pdf"))) == 15
    assert "Traceback" not in said
    wait_until(lambda: marked_pids(mark) == [], GONE_S)


def test_ctrl_c_in_the_middle_stops_all_that_the_demo_started(
    demo: "subprocess.Popen[bytes]", mark: str, tmp_path: Path
) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while "ready" not in (tmp_path / "log").read_text() and time.monotonic() < deadline:
        assert demo.poll() is None, (tmp_path / "log").read_text()
        time.sleep(POLL_S)
    demo.send_signal(signal.SIGINT)
    assert demo.wait(STOP_TIMEOUT_S) == 130
    said = (tmp_path / "log").read_text()
    assert "nothing is left running" in said
    assert "Traceback" not in said
    wait_until(lambda: marked_pids(mark) == [], GONE_S)
