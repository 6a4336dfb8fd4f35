"""Reports of jobs as the console gives them: written once, kept for minutes, few at a time.

A report is a state of its job: each writing has a number and a time of its own. So that the PDF, the
sheets and the signatures that one reader takes one by one are of the same writing, what was written is
kept while the job stands as it did. It lies in a folder that goes with the process, and a file that is
being sent stays open, so that room may be made meanwhile.
"""

import errno
import hashlib
import shutil
import tempfile
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from pipeline.errors import OutageError
from reports.paper import Paper

KEPT_S = 600.0  # then it is written anew
KEPT_BYTES = 1 << 30  # of all that lie there; the oldest go first
MOST_WRITTEN = 2  # at once: each takes a core, a connection and up to 300 MiB
MOST_OF_ACCOUNT = 4  # files that one account waits for or is being sent, so that others find room
BUSY_S = 20.0

Write: TypeAlias = Callable[[Path], Mapping[str, Path]]  # into a folder -> by kind: pdf, json.jws


@dataclass(frozen=True, slots=True)
class Wanted:
    """A report of a job: who asks for the same shares what was written."""

    account_id: str
    job_id: str
    against: str  # the job to compare with; "": the one before
    language: str
    paper: Paper
    is_zip: bool
    with_items: bool  # in the zip


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that can be read to its end, whatever is removed meanwhile."""

    file: BinaryIO
    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Kept:
    folder: Path
    files: Mapping[str, _File]
    stood: str  # how the job stood
    at: float

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files.values())


class JobShelf:
    """The reports of jobs that were written last, for the server's life; several threads may ask."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with none, in a private folder that is its owner's to remove."""
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[Wanted, _Kept] = OrderedDict()
        self._going: dict[Wanted, Future[_Kept]] = {}
        self._asking: Counter[str] = Counter()  # by account

    def take_turn(self, account_id: str) -> None:
        """Let an account ask for a file; `end_turn` once it was sent, or will not be.

        Raises:
            OutageError: it has enough of them under way (`busy`).
        """
        with self._lock:
            if self._asking[account_id] >= MOST_OF_ACCOUNT:
                raise _busy("This account has enough reports of jobs under way")
            self._asking[account_id] += 1

    def end_turn(self, account_id: str) -> None:
        """Give the turn back."""
        with self._lock:
            self._asking[account_id] -= 1
            if not self._asking[account_id]:
                del self._asking[account_id]

    def open(self, wanted: Wanted, kind: str, stood: str | None, write: Write) -> OpenFile | None:
        """Return a file of a report that is kept, or is written now; the caller closes it.

        Args:
            wanted: of which report.
            kind: of the file.
            stood: how the job stands, in words of the caller's; None: any that is kept will do.
            write: writes the report.

        Returns:
            None where the report has no such file.

        Raises:
            OutageError: too many are being written (`busy`), or the disk is full (`disk_full`).
        """
        mine: Future[_Kept] | None = None
        with self._lock:
            self._drop_old()
            kept = self._kept.get(wanted)
            if kept is not None and stood in (None, kept.stood):
                self._kept.move_to_end(wanted)
                return _open(kept, kind)
            going = self._going.get(wanted)
            if going is None:
                self._require_room(wanted.account_id)
                mine = self._going[wanted] = going = Future()
        # somebody else may be writing it
        written = going.result() if mine is None else self._write(wanted, stood or "", write, mine)
        with self._lock:
            return _open(written, kind)

    def has(self, wanted: Wanted, kind: str, sha256: str) -> bool:
        """Tell whether a kept report has this very file."""
        with self._lock:
            kept = self._kept.get(wanted)
            found = None if kept is None else kept.files.get(kind)
            return found is not None and found.sha256 == sha256

    def forget_old(self) -> None:
        """Remove what nobody may have any more."""
        with self._lock:
            self._drop_old()

    def _require_room(self, account_id: str) -> None:
        if len(self._going) >= MOST_WRITTEN:
            raise _busy("Other reports of jobs are being written")
        if any(one.account_id == account_id for one in self._going):
            raise _busy("Another report of this account is being written")

    def _write(self, wanted: Wanted, stood: str, write: Write, mine: Future[_Kept]) -> _Kept:
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=self._folder))
        kept = None
        try:
            files = {kind: _file_of(path) for kind, path in write(folder).items()}
            kept = _Kept(folder, files, stood, self._clock())
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise OutageError(
                    "The server's disk has no room for this report now.", "disk_full"
                ) from error
            raise
        finally:
            with self._lock:
                del self._going[wanted]
                if kept is not None:
                    self._drop(wanted)
                    self._kept[wanted] = kept
                    self._make_room(wanted)
            if kept is None:
                shutil.rmtree(folder, ignore_errors=True)
                # who waited asks again, and meets the reason
                mine.set_exception(_busy("This report could not be written"))
            else:
                mine.set_result(kept)
        return kept

    def _drop_old(self) -> None:
        now = self._clock()
        for wanted in [one for one, kept in self._kept.items() if now - kept.at > KEPT_S]:
            self._drop(wanted)

    def _make_room(self, newest: Wanted) -> None:
        for wanted in list(self._kept):
            if sum(kept.size_bytes for kept in self._kept.values()) <= KEPT_BYTES:
                return
            if wanted != newest:
                self._drop(wanted)

    def _drop(self, wanted: Wanted) -> None:
        kept = self._kept.pop(wanted, None)
        if kept is not None:
            shutil.rmtree(kept.folder, ignore_errors=True)


def _open(kept: _Kept, kind: str) -> OpenFile | None:
    found = kept.files.get(kind)
    if found is None:
        return None
    try:
        return OpenFile(found.path.open("rb"), found.path.name, found.size_bytes, found.sha256)
    except FileNotFoundError:  # larger ones took its room within this moment
        raise _busy("Other reports of jobs took its room") from None


def _file_of(path: Path) -> _File:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return _File(path, path.stat().st_size, sha256)


def _busy(why: str) -> OutageError:
    return OutageError(f"{why}: try again in {BUSY_S:.0f} s.", "busy", BUSY_S)
