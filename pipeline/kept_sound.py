"""Keeps what a survey decoded, so that no sound is decoded twice: in memory, the longer ones on disk.

The file has no name: it is gone with the process, even one that was killed.
"""

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from pipeline.vocabulary import FloatArray

IN_MEMORY_BYTES = 64 << 20  # 17 minutes of one channel; a preparer's memory is planned with it
ON_DISK_BYTES = 2_500_000_000  # ten hours of one channel
DISK_SHARE = 0.25  # of what is free: other items, and other programs, want to write too
MOST_UNPACKED = 100  # times the file's own size: speech at 5 kbit/s; what is more is a bomb
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Where a track's samples lie."""

    start: int  # in bytes
    frame_bytes: int  # of one sample of all channels
    n_bytes: int = 0


class KeptSound:
    """What a survey decoded, for `decode` to read instead of the file; lives as long as one item.

    Either all tracks are in it or none: past its limit it lets go of everything.
    """

    def __init__(
        self, in_memory_bytes: int = IN_MEMORY_BYTES, on_disk_bytes: int = ON_DISK_BYTES
    ) -> None:
        """Start with nothing kept.

        Args:
            in_memory_bytes: what is larger lies in a temporary file.
            on_disk_bytes: most bytes of that file; a full disk allows less.
        """
        self._limit_bytes, self._on_disk_bytes = in_memory_bytes, on_disk_bytes
        # closed by `_let_go`, or with this object
        self._file = tempfile.SpooledTemporaryFile(in_memory_bytes)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._is_on_disk = False
        self._n_bytes = 0
        self._tracks: dict[int, _Stretch] = {}

    def unpacked_from(self, n_bytes: int) -> None:
        """Tell the size of the medium: a small file is not let to fill the disk."""
        self._on_disk_bytes = min(self._on_disk_bytes, MOST_UNPACKED * n_bytes)

    def add(self, track: int, chunk: FloatArray) -> None:
        """Keep the next samples of a track, float32 (n, n_channels), C order; tracks come in turn."""
        if self._file.closed:
            return
        n_bytes = self._n_bytes + chunk.nbytes
        stretch = self._tracks.get(track) or _Stretch(self._n_bytes, chunk[:1].nbytes)
        try:
            if n_bytes > self._limit_bytes and not self._is_on_disk:
                free_bytes = shutil.disk_usage(tempfile.gettempdir()).free
                self._limit_bytes = min(self._on_disk_bytes, round(free_bytes * DISK_SHARE))
                self._is_on_disk = True
            if n_bytes > self._limit_bytes:
                self._let_go()
                return
            self._file.write(chunk.reshape(-1).data)
        except OSError:  # the disk is full, or there is none: the sound is decoded again
            self._let_go()
            return
        self._n_bytes = n_bytes
        self._tracks[track] = _Stretch(
            stretch.start, stretch.frame_bytes, stretch.n_bytes + chunk.nbytes
        )

    def chunks(self, track: int) -> Iterator[FloatArray] | None:
        """Return all samples of a track, piece by piece; None: they were not kept."""
        if self._file.closed:
            return None
        try:
            self._file.flush()
        except OSError:  # the disk became full with the last bytes
            self._let_go()
        stretch = self._tracks.get(track)
        return None if stretch is None else self._read(stretch)

    def _read(self, stretch: _Stretch) -> Iterator[FloatArray]:
        """Yield float32 (n, n_channels)."""
        n_channels = stretch.frame_bytes // np.dtype(np.float32).itemsize
        at_once = _READ_BYTES - _READ_BYTES % stretch.frame_bytes
        for first in range(0, stretch.n_bytes, at_once):
            self._file.seek(stretch.start + first)
            data = self._file.read(min(at_once, stretch.n_bytes - first))
            yield np.frombuffer(data, np.float32).reshape(-1, n_channels)

    def _let_go(self) -> None:
        self._tracks.clear()
        with suppress(OSError):  # what could not be written is not wanted any more
            self._file.close()
