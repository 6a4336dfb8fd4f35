"""Write a medium into its private folder: counted, hashed, limited, under our own name."""

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from jobs.sources.access import FetchLimits
from jobs.sources.items import Fetched, OnProgress
from pipeline.errors import (
    FetchFailedError,
    InputError,
    LimitExceededError,
    MediaCorruptError,
    VerityError,
)
from pipeline.vocabulary import Custody

MEDIA_FILE_NAME = "media.bin"  # the only name that a fetched file ever has on disk
READ_BYTES = 1 << 20  # how much is read at a time, and hashed at a time
SPARE_DISK_BYTES = 64 << 20  # left free for the rest of the machine


class MediaSink:
    """A file that grows by chunks, alive inside its `with` block; gone after an error."""

    def __init__(self, folder: Path, limits: FetchLimits, on_progress: OnProgress) -> None:
        """Keep where to write; the folder is made, or is empty."""
        self.path = folder / MEDIA_FILE_NAME
        self.size_bytes = 0
        self._limits = limits
        self._on_progress = on_progress
        self._expected: int | None = None
        self._hash = hashlib.sha256()
        self._deadline = time.monotonic() + limits.wall_s
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        """Make the private folder and open its one file."""
        make_private_folder(self.path.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.fdopen(os.open(self.path, flags, 0o600), "wb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file; what is not whole is not kept."""
        self._open_file().close()
        if error is not None:
            self.path.unlink(missing_ok=True)

    def expect(self, size_bytes: int | None) -> None:
        """Take the size that the source announces.

        Raises:
            LimitExceededError: it is over the limit, or larger than this machine's disk.
            FetchFailedError: the disk has no room for it now.
        """
        self._expected = size_bytes
        if size_bytes is None:
            return
        check_size(size_bytes, self._limits)
        check_room(self.path.parent, self.size_bytes, size_bytes - self.size_bytes)

    def write(self, chunk: bytes) -> None:
        """Append a chunk.

        Raises:
            LimitExceededError: over the limit of bytes or seconds, or larger than this machine's disk.
            FetchFailedError: the disk has no room for it now.
        """
        check_size(self.size_bytes + len(chunk), self._limits)
        self.check_time()
        check_room(self.path.parent, self.size_bytes, len(chunk))
        try:
            self._open_file().write(chunk)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise no_room(self.path.parent, self.size_bytes, len(chunk)) from error
            raise
        self._hash.update(chunk)
        self.size_bytes += len(chunk)
        self._on_progress(self.size_bytes, self._expected)

    def check_time(self) -> None:
        """Raise LimitExceededError where the medium takes longer than is allowed."""
        if time.monotonic() > self._deadline:
            raise too_slow(self._limits)

    def restart(self) -> None:
        """Forget what was written: the source cannot go on where it stopped."""
        self._open_file().seek(0)
        self._open_file().truncate()
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def flush(self) -> None:
        """Bring what was written to the file, for somebody who reads it."""
        self._open_file().flush()

    def finish(self, custody: Custody) -> Fetched:
        """Return the file as fetched.

        Raises:
            MediaCorruptError: it has no byte.
        """
        if not self.size_bytes:
            raise empty_medium()
        self._open_file().flush()
        return Fetched(self.path, self._hash.hexdigest(), self.size_bytes, custody)

    def _open_file(self) -> BinaryIO:
        assert self._file is not None, "used inside its `with` block"
        return self._file


def make_private_folder(folder: Path) -> None:
    """Make a folder that only this user can enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


@contextmanager
def private_folder(folder: Path) -> Iterator[None]:
    """Make a folder that only this user can enter; empty it after an error."""
    make_private_folder(folder)
    try:
        yield
    except BaseException:
        for part in folder.iterdir():  # yt-dlp's own half files among them
            part.unlink()
        raise


def free_bytes(folder: Path) -> int:
    """Return the room on the folder's disk."""
    return shutil.disk_usage(folder).free


def check_room(folder: Path, n_written: int, n_more: int) -> None:
    """Raise what `no_room` returns where the disk has no room for so many bytes more."""
    if n_more + SPARE_DISK_BYTES > free_bytes(folder):
        raise no_room(folder, n_written, n_more)


def no_room(folder: Path, n_written: int, n_more: int) -> VerityError:
    """Return the error of a medium for which the disk has no room.

    Three things are told apart: a medium that this disk never holds is given up; one that is more than
    what others leave of it is tried again a few times; and a disk that is full without the medium is
    nothing that the medium could help: a worker then waits with everything.

    Args:
        folder: on the disk.
        n_written: bytes of the medium that lie there.
        n_more: bytes that shall follow, as far as that is known.
    """
    usage = shutil.disk_usage(folder)
    if n_written + n_more + 2 * SPARE_DISK_BYTES > usage.total:
        return LimitExceededError(
            f"The medium is larger than this machine's disk holds ({usage.total / 1e9:.3g} GB): set"
            " the folder for temporary files (VERITY_TEMP) to a larger disk, or cut the medium.",
            "medium_larger_than_disk",
        )
    if usage.free + n_written > 2 * SPARE_DISK_BYTES:
        return FetchFailedError(
            f"The medium needs more room than this machine's disk has left ({usage.free / 1e9:.3g}"
            " GB): make room there, or set the folder for temporary files (VERITY_TEMP) to a larger"
            " disk.",
            "no_room_for_medium",
        )
    return FetchFailedError(
        "There is no room on this machine's disk for the medium: free some, or set the data"
        " folder (VERITY_VAR) to a larger disk.",
        "disk_full",
    )


def check_size(size_bytes: int, limits: FetchLimits) -> None:
    """Raise LimitExceededError where a medium is larger than is allowed."""
    if size_bytes > limits.max_bytes:
        raise LimitExceededError(
            f"The medium has more than {limits.max_bytes / 1e9:.3g} GB, the limit of"
            " VERITY_FETCH_MAX_BYTES: raise the limit, or cut the medium.",
            "too_many_bytes",
        )


def too_slow(limits: FetchLimits) -> LimitExceededError:
    """Return the error of a medium that takes longer than is allowed."""
    return LimitExceededError(
        f"Fetching took longer than {limits.wall_s:.0f} s, the limit of VERITY_FETCH_WALL_S:"
        " raise the limit, or fetch the medium by hand and submit the file.",
        "fetch_too_slow",
    )


def empty_medium() -> MediaCorruptError:
    """Return the error of a medium without a byte."""
    return MediaCorruptError(
        "The medium is empty: it has 0 bytes. Upload it again at its source.", "media_empty"
    )


def replaced_medium(shown: str) -> InputError:
    """Return the error of a medium that is not the one that was listed."""
    return InputError(
        f"{shown} was replaced after it was listed: submit its source again to analyse the new one.",
        "source_replaced",
    )


def hash_file(path: Path) -> str:
    """Return a file's SHA-256 as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
