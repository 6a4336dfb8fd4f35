"""A kept medium -> a listening copy: what the detector heard of one channel, as a plain WAV on disk.

The medium is decoded from its first byte by the same command as for the analysis, so that a second
here is a second of the report, whatever time stamps the file has; seeking in the file itself is only as
good as its index. Browsers play a WAV of 16 bits whatever the medium's format was.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.decode import decode, replace_not_finite
from pipeline.errors import LimitExceededError, MediaCorruptError, ObjectStoreError
from pipeline.probe import probe
from pipeline.vocabulary import MediaFile, WaveformBlock

PEAKS_A_SECOND = 100  # a column of a screen that shows ten seconds
BLOCK_S = 30.0
MOST_S = 43_200.0  # as long as the analysis takes
HEAD_BYTES = 44
_FULL = 32_767

PcmArray: TypeAlias = NDArray[np.int16]
PeakArray: TypeAlias = NDArray[np.int8]  # (n, 2): smallest and largest sample, 127 = full scale


@dataclass(frozen=True, slots=True)
class Wanted:
    """One channel of a kept medium; equal ones are one copy."""

    key: str  # of the medium: account/sha256
    size_bytes: int
    track: int
    channel: int
    sample_rate: int  # of the detector, in Hz


@dataclass(frozen=True, slots=True)
class ListeningCopy:
    """Files of a copy, read-only once they are there."""

    sound: Path  # WAV, 16 bits, one channel
    peaks: Path  # (n, 2) int8, `PEAKS_A_SECOND`
    n_samples: int
    sample_rate: int

    @property
    def duration_s(self) -> float:
        """Return how long the sound is."""
        return self.n_samples / self.sample_rate

    @property
    def size_bytes(self) -> int:
        """Return how long the WAV is."""
        return HEAD_BYTES + 2 * self.n_samples

    def samples(self) -> PcmArray:
        """Return (n_samples,), read from the disk as far as they are looked at."""
        if not self.n_samples:
            return np.zeros(0, np.int16)
        return np.memmap(self.sound, "<i2", "r", HEAD_BYTES, (self.n_samples,))


def take_medium(wanted: Wanted, pieces: Iterator[bytes], path: Path) -> None:
    """Write a medium to a private file.

    Raises:
        ObjectStoreError: the bytes are not those that were analysed (`object_corrupt`).
    """
    digest = hashlib.sha256()
    with path.open("xb") as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
    if digest.hexdigest() != wanted.key.rpartition("/")[2]:
        raise ObjectStoreError(f"The object {wanted.key} is damaged.", "object_corrupt")


def make_copy(
    wanted: Wanted, medium: Path, folder: Path, most_bytes: int, on_second: Callable[[float], None]
) -> ListeningCopy:
    """Decode a channel into files of a folder; return them.

    Args:
        wanted: the channel.
        medium: its bytes.
        folder: private, the caller's to remove.
        most_bytes: that the copy may take.
        on_second: told how many seconds are done.

    Raises:
        MediaCorruptError: there is no such track or channel, or decoding stood still.
        LimitExceededError: the copy would be longer than may be (`too_long`).
    """
    probed = probe(medium, medium.name)
    media = MediaFile("listen", medium, "", wanted.size_bytes, probed)
    track = next((one for one in probed.tracks if one.index == wanted.track), None)
    if track is None or wanted.channel >= track.n_channels:
        raise MediaCorruptError("This channel is not in the file any more.", "media_corrupt")
    blocks = decode(media, track, wanted.channel, wanted.sample_rate, BLOCK_S)
    copy = ListeningCopy(folder / "sound.wav", folder / "peaks.npy", 0, wanted.sample_rate)
    n_samples = 0
    peaks: list[PeakArray] = []
    with copy.sound.open("xb") as file:
        file.write(bytes(HEAD_BYTES))
        for block in replace_not_finite(blocks, []):
            n_samples += len(block.samples)
            _check_room(n_samples, wanted.sample_rate, most_bytes)
            pcm = _to_pcm(block)
            file.write(pcm.astype("<i2", copy=False).tobytes())
            peaks.append(peaks_of(pcm, wanted.sample_rate // PEAKS_A_SECOND))
            on_second(n_samples / wanted.sample_rate)
        file.seek(0)
        file.write(wav_head(n_samples, wanted.sample_rate))
    np.save(copy.peaks, np.concatenate(peaks) if peaks else np.zeros((0, 2), np.int8))
    return ListeningCopy(copy.sound, copy.peaks, n_samples, wanted.sample_rate)


def peaks_of(pcm: PcmArray, n_each: int) -> PeakArray:
    """Return (n, 2): the smallest and largest of each `n_each` samples; the last may be of fewer."""
    if not len(pcm):
        return np.zeros((0, 2), np.int8)
    starts = np.arange(0, len(pcm), max(1, n_each))
    low, high = np.minimum.reduceat(pcm, starts), np.maximum.reduceat(pcm, starts)
    pairs = np.stack([np.floor(low / 256), np.ceil(high / 256)], axis=1)
    peaks: PeakArray = np.clip(pairs, -127, 127).astype(np.int8)
    return peaks


def wav_head(n_samples: int, sample_rate: int) -> bytes:
    """Return the head of a WAV of 16 bits and one channel (RIFF, 44 bytes)."""
    n_bytes = 2 * n_samples
    form = struct.pack("<HHIIHH", 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    riff = struct.pack("<4sI4s", b"RIFF", 36 + n_bytes, b"WAVE")
    return riff + struct.pack("<4sI", b"fmt ", 16) + form + struct.pack("<4sI", b"data", n_bytes)


def _to_pcm(block: WaveformBlock) -> PcmArray:
    return np.round(np.clip(block.samples, -1.0, 1.0) * _FULL).astype(np.int16)


def _check_room(n_samples: int, sample_rate: int, most_bytes: int) -> None:
    if n_samples > MOST_S * sample_rate or 2 * n_samples > most_bytes:
        raise LimitExceededError(
            "This recording is too long to be listened to here: download it instead.", "too_long"
        )
