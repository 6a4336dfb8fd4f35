"""What a Ray of a killed driver left running is ended by whoever starts next, and nothing else is."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from workers.ray_folders import end_processes_of
from workers.temp_folders import ProcessFolder

HOLD = """
import sys, time
from pathlib import Path
from workers.temp_folders import ProcessFolder
print(ProcessFolder(Path(sys.argv[1])).path, flush=True)
time.sleep(60)
"""
SLEEPER = shutil.which("sleep")
SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def start(processes: ExitStack, *words: str) -> subprocess.Popen[str]:
    child = subprocess.Popen([sys.executable, "-c", *words], stdout=subprocess.PIPE, text=True)
    processes.enter_context(child)
    processes.callback(child.kill)
    return child


def start_driver(processes: ExitStack, root: Path) -> tuple[subprocess.Popen[str], Path]:
    driver = start(processes, HOLD, str(root))
    assert driver.stdout is not None
    return driver, Path(driver.stdout.readline().strip())


def start_titled(processes: ExitStack, log: Path) -> subprocess.Popen[bytes]:
    """Start what is called as Ray's agents are: a title in place of the command, and an open log."""
    with log.open("wb") as output:
        agent = subprocess.Popen(["ray::DashboardAgent", "60"], executable=SLEEPER, stdout=output)
    processes.enter_context(agent)
    processes.callback(agent.kill)
    return agent


def test_agents_of_a_killed_driver_are_ended_by_the_next_start(
    processes: ExitStack, tmp_path: Path
) -> None:
    driver, folder = start_driver(processes, tmp_path)
    by_option = start(processes, SLEEP, f"--session-dir={folder}/session_1")
    by_argument = start(processes, SLEEP, str(folder))
    titled = start_titled(processes, folder / "agent.log")
    driver.kill()
    driver.wait()

    ProcessFolder(tmp_path, end_processes_of).close()

    agents = (by_option, by_argument, titled)
    assert [agent.wait(60) for agent in agents] == [-signal.SIGKILL] * 3
    assert list(tmp_path.iterdir()) == []


def test_agents_of_a_living_driver_and_strangers_go_on(
    processes: ExitStack, tmp_path: Path
) -> None:
    _, folder = start_driver(processes, tmp_path)
    agent = start(processes, SLEEP, f"--session-dir={folder}/session_1")
    stranger = start(processes, SLEEP, f"--session-dir={tmp_path}/dead-too/session_1")
    titled = start_titled(processes, tmp_path / "agent.log")

    ProcessFolder(tmp_path, end_processes_of).close()
    end_processes_of(tmp_path / "dead")

    assert agent.poll() is None
    assert stranger.poll() is None
    assert titled.poll() is None
