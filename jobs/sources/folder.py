"""Local files and folders as a source: for the operator's command line only.

Links inside a folder are never followed, and what was listed is what is read: a file that changed
in between is named. Files are copied, since evidence that somebody still writes to is none; where
the disk has no room for a copy, the item's folder gets a hard link.
"""

import errno
import os
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from jobs.archive_names import is_archive, is_openable
from jobs.source_options import SourceOptions
from jobs.sources.access import SourceAccess
from jobs.sources.filters import Candidate
from jobs.sources.items import (
    Fetchable,
    Fetched,
    Listed,
    NewItem,
    OnProgress,
    OnSkipped,
    clean_text,
    source_key,
)
from jobs.sources.names import local_path
from jobs.sources.sink import (
    MEDIA_FILE_NAME,
    READ_BYTES,
    SPARE_DISK_BYTES,
    MediaSink,
    check_size,
    empty_medium,
    free_bytes,
    hash_file,
    make_private_folder,
    replaced_medium,
)
from pipeline.errors import AccessError, InputError, SourceNotFoundError
from pipeline.vocabulary import Custody

# O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
_OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def list_folder(
    source: str, on_skipped: OnSkipped, options: SourceOptions | None = None
) -> Iterator[Listed]:
    """Yield the files of a folder and its folders, sorted by name; or the one file.

    Hidden files, archives, links and what is no file are skipped and named. Files that changed a
    moment ago are left for the next listing where the options ask for it: somebody writes to them.

    Raises:
        SourceNotFoundError: there is no such file, or no media file in the folder.
        AccessError: it may not be read.
    """
    options = options or SourceOptions()
    shown = clean_text(source)
    try:
        top = local_path(source).expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise SourceNotFoundError(f"There is no file or folder {shown}.") from error
    if not top.is_dir():
        yield _listed(top, top.parent, source)
        return
    n_listed = 0
    settled_at = time.time() - options.settle_s
    for path in _walk(top, on_skipped, may_open=options.open_archives):
        n_listed += 1
        listed = _listed(path, top, source)
        changed_at = listed.about.changed_at if listed.about else None
        if options.settle_s and changed_at and changed_at.timestamp() > settled_at:
            continue
        yield listed
    if not n_listed:
        raise SourceNotFoundError(f"There is no file to analyse in {shown}.", "source_empty")


def fetch_file(
    item: Fetchable, folder: Path, access: SourceAccess, on_progress: OnProgress
) -> Fetched:
    """Copy a file into the item's private folder.

    Raises:
        SourceNotFoundError: the file is gone.
        AccessError: it may not be read.
        InputError: it is no file, or not the one that was listed (`source_replaced`).
        LimitExceededError, MediaCorruptError, FetchFailedError: see `MediaSink`.
    """
    path = local_path(item.source_uri)
    descriptor = _open(path)
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise InputError(f"{clean_text(path.name)} is no file.", "not_a_file")
        pinned = item.facts.get("version", "")
        # A link in place of a folder on the way would lead somewhere else.
        if (pinned and pinned != _version(before)) or path.resolve() != path:
            raise replaced_medium(clean_text(path.name))
        if not before.st_size:
            raise empty_medium()
        check_size(before.st_size, access.limits)
        custody = _custody(path, before)
        make_private_folder(folder)
        if before.st_size + SPARE_DISK_BYTES > free_bytes(folder):
            fetched = _link(path, folder, custody)
            if fetched is not None:
                return fetched
        with MediaSink(folder, access.limits, on_progress) as sink:
            sink.expect(before.st_size)
            while chunk := file.read(READ_BYTES):
                sink.write(chunk)
            if _version(os.fstat(descriptor)) != _version(before):
                raise replaced_medium(clean_text(path.name))
            return sink.finish(custody)


def _walk(top: Path, on_skipped: OnSkipped, *, may_open: bool) -> Iterator[Path]:
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            on_skipped(clean_text(str(folder)), "not_readable")
            continue
        folders: list[Path] = []
        for entry in entries:
            path = Path(entry.path)
            if why := _why_skipped(entry, may_open=may_open):
                on_skipped(clean_text(str(path.relative_to(top))), why)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(path)
            else:
                yield path
        waiting += reversed(folders)


def _why_skipped(entry: os.DirEntry[str], *, may_open: bool) -> str:
    if entry.name.startswith("."):
        return "hidden"
    if entry.is_symlink():
        return "symlink"
    if entry.is_dir(follow_symlinks=False):
        return ""
    if not entry.is_file(follow_symlinks=False):
        return "not_a_file"
    is_closed = is_archive(entry.name) and not (may_open and is_openable(entry.name))
    return "archive" if is_closed else ""


def _listed(path: Path, top: Path, source: str) -> Listed:
    try:
        facts = path.stat(follow_symlinks=False)
    except OSError as error:
        raise SourceNotFoundError(f"{clean_text(path.name)} is gone.") from error
    uri = path.as_uri()  # percent-encoded: names need not be text
    item = NewItem(
        source_uri=uri,
        title=clean_text(path.name),
        source_key=source_key(source, "folder", uri, _version(facts)),
        facts={"via": "folder", "version": _version(facts), "size_bytes": str(facts.st_size)},
    )
    changed_at = datetime.fromtimestamp(facts.st_mtime, UTC)
    return Listed(item, about=Candidate(str(path.relative_to(top)), facts.st_size, changed_at))


def _version(facts: os.stat_result) -> str:
    return f"{facts.st_size}-{facts.st_mtime_ns}"


def _open(path: Path) -> int:
    shown = clean_text(path.name)
    try:
        return os.open(path, _OPEN_FLAGS)
    except FileNotFoundError as error:
        raise SourceNotFoundError(f"{shown} is gone.", "file_vanished") from error
    except PermissionError as error:
        raise AccessError(f"{shown} may not be read by this user.") from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise replaced_medium(shown) from error
        raise InputError(f"{shown} cannot be read: {error.strerror}.", "not_readable") from error


def _link(path: Path, folder: Path, custody: Custody) -> Fetched | None:
    """Return the file as a hard link, or None where the disks differ."""
    target = folder / MEDIA_FILE_NAME
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(path)
    except OSError:
        return None
    return Fetched(target, hash_file(target), target.stat().st_size, custody)


def _custody(path: Path, facts: os.stat_result) -> Custody:
    modified_at = datetime.fromtimestamp(facts.st_mtime, UTC)
    return Custody(
        acquired_at=datetime.now(UTC),
        acquired_by="verity, copied from a local folder",
        source_version=_version(facts),
        original_name=clean_text(path.name),
        facts={"last_modified": modified_at.isoformat()},
    )
