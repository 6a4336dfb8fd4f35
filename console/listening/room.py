"""Listening copies of this server: made when somebody wants to hear, the least heard go first.

One copy is made at a time for each of a few threads; who asks meanwhile is told how far it is. Copies lie
in a private folder that goes with the process: nothing here outlives the medium by more than that, and
whoever asks was let through by their account before.
"""

import logging
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from console.listening.copies import ListeningCopy, Wanted, make_copy, take_medium
from pipeline.errors import OutageError, VerityError
from storage.objects import ObjectStore

N_MAKERS = 2  # at once: each takes a core
MOST_WAITING = 16
RETRY_S = 2.0
MOST_IDLE_S = (
    3600.0  # a copy that nobody asked for in an hour goes: its medium may be deleted by now
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Making:
    """A copy that is not there yet."""

    done_s: float  # seconds of sound so far


@dataclass(slots=True)
class _Entry:
    """What becomes of one wish."""

    ready: threading.Event
    asked_at: float
    done_s: float = 0.0
    copy: ListeningCopy | None = None
    error: VerityError | None = None


class ListeningRoom:
    """Copies within a limit of bytes, for the server's life."""

    def __init__(self, folder: Path, store: ObjectStore, most_bytes: int) -> None:
        """Name the private folder, which its owner removes, and where media lie."""
        self._folder = folder
        self._store = store
        self._most_bytes = most_bytes
        self._entries: OrderedDict[Wanted, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._makers = threading.Semaphore(N_MAKERS)

    def ask(self, wanted: Wanted, patience_s: float = 0.0) -> ListeningCopy | Making:
        """Return a copy, or how far it is; the first who asks has it made.

        Args:
            wanted: a channel of a medium that the asking account may hear.
            patience_s: how long to wait for it.

        Raises:
            VerityError: it cannot be made; the next who asks tries again.
            OutageError: too many are being made (`busy`).
        """
        now = time.monotonic()
        with self._lock:
            self._forget_idle(now)
            entry = self._entries.get(wanted)
            if entry is None:
                if sum(not one.ready.is_set() for one in self._entries.values()) >= MOST_WAITING:
                    raise OutageError("Too many recordings are being opened.", "busy", RETRY_S)
                entry = self._entries[wanted] = _Entry(threading.Event(), now)
                maker = threading.Thread(
                    target=self._make, args=(wanted, entry), name="listen", daemon=True
                )
                maker.start()
            entry.asked_at = now
            self._entries.move_to_end(wanted)
        entry.ready.wait(patience_s)
        if entry.error is not None:
            raise entry.error
        return Making(entry.done_s) if entry.copy is None else entry.copy

    def _make(self, wanted: Wanted, entry: _Entry) -> None:
        with self._makers:
            try:
                copy = self._made(wanted, entry)
            except VerityError as error:
                entry.error = error
            except OSError as error:
                _log.warning("a listening copy was not made: %s", error.strerror)
                entry.error = OutageError(
                    "There is no room for listening copies now: try again later.", "busy", RETRY_S
                )
            else:
                entry.copy = copy
            finally:
                if entry.copy is None:
                    if entry.error is None:  # our own bug: nobody waits for ever
                        entry.error = OutageError("The sound could not be made.", "busy", RETRY_S)
                    with self._lock:
                        self._entries.pop(wanted, None)
                entry.ready.set()
        self._make_room()

    def _made(self, wanted: Wanted, entry: _Entry) -> ListeningCopy:
        folder = Path(tempfile.mkdtemp(prefix="copy-", dir=self._folder))
        medium = folder / "medium"
        try:
            pieces = self._store.read_range(wanted.key, 0, wanted.size_bytes)
            take_medium(wanted, pieces, medium)

            def tell(seconds: float) -> None:
                entry.done_s = seconds

            return make_copy(wanted, medium, folder, self._most_bytes, tell)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            with suppress(OSError):
                medium.unlink()

    def _forget_idle(self, now: float) -> None:
        for wish, entry in list(self._entries.items()):
            if entry.copy is not None and now - entry.asked_at > MOST_IDLE_S:
                del self._entries[wish]
                shutil.rmtree(entry.copy.sound.parent, ignore_errors=True)

    def _make_room(self) -> None:
        """Remove the copies that were heard the longest ago; open ones are read to their end."""
        with self._lock:
            ready = [(wish, one.copy) for wish, one in self._entries.items() if one.copy]
            n_bytes = sum(copy.size_bytes for _, copy in ready)
            for wish, copy in ready[:-1]:
                if n_bytes <= self._most_bytes:
                    return
                del self._entries[wish]
                n_bytes -= copy.size_bytes
                shutil.rmtree(copy.sound.parent, ignore_errors=True)
