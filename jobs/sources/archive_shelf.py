"""Keep the archive that was read last, so that its members need one download."""

import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.sources.items import Fetched


class ArchiveShelf:
    """Keeps one archive in a private folder, which goes with the shelf."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._lock = threading.Lock()
        self._key = ""
        self._archive: Fetched | None = None
        self._clear: Callable[[], object] = lambda: None

    @contextmanager
    def hold(self, key: str, fetch_whole: Callable[[Path], Fetched]) -> Iterator[Fetched]:
        """Give the archive of a key, fetched if it is not the one on the shelf.

        One reader at a time: another archive takes its place.
        """
        with self._lock:
            if self._key != key or self._archive is None:
                self._clear()
                self._key, self._archive = "", None
                folder = tempfile.mkdtemp(prefix="verity-archive-")
                # also when the process ends or nobody needs the shelf any more
                self._clear = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
                self._archive = fetch_whole(Path(folder) / "whole")
                self._key = key
            yield self._archive
