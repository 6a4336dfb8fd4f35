"""A small spectrogram and waveform of a whole channel, drawn while its blocks go by.

Of a fixed size whatever the length: columns add up the power of their frames, so ten hours take the
memory of ten seconds. Computed from the decoded samples that the detector hears; no number of the
findings depends on it.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from pipeline.traces import LevelArray, SoundPicture
from pipeline.vocabulary import (
    FloatArray,
    WaveformBlock,
)

N_FFT = 512  # 32 ms at 16 kHz: between the pitch and the syllables of speech
N_BANDS = 64  # 125 Hz each at 16 kHz: 16 mm of a page hold no more
MAX_COLUMNS = 480  # over 156 mm of a page: three a millimetre, which a printer still shows
MIN_COLUMN_S = 0.01  # shorter than a frame a column would only repeat its neighbours
RANGE_DB = 70.0  # below the loudest cell; speech against a quiet room has about as much
_FRAMES_AT_ONCE = 2_048

PowerArray: TypeAlias = NDArray[np.float64]


class Painter:
    """Adds up the picture of one channel; lives as long as the channel goes by."""

    def __init__(self, sample_rate: int, n_samples: int) -> None:
        """Lay out the picture.

        Args:
            sample_rate: in Hz.
            n_samples: that will come, as the survey counted them; what comes after them goes into
                the last column.
        """
        n_shortest = max(1, round(MIN_COLUMN_S * sample_rate))
        self._sample_rate = sample_rate
        self._n_samples = max(1, n_samples)
        self._n_columns = min(MAX_COLUMNS, max(1, self._n_samples // n_shortest))
        # frames stand side by side where columns are long, closer where a column would have none
        self._hop = max(1, min(N_FFT, self._n_samples // self._n_columns))
        self._power: PowerArray = np.zeros((self._n_columns, N_BANDS))
        self._n_frames = np.zeros(self._n_columns)
        self._peaks: FloatArray = np.zeros(self._n_columns, np.float32)
        self._n_seen = 0  # samples
        self._window = np.hanning(N_FFT).astype(np.float32)
        self._waiting: FloatArray = np.zeros(N_FFT // 2, np.float32)  # frame k is centred on k hops
        self._n_done = 0  # frames

    def add(self, samples: FloatArray) -> None:
        """Take the next samples, (n,), all finite."""
        self._add_peaks(samples)
        self._add_power(samples)

    def _add_power(self, samples: FloatArray) -> None:
        waiting = np.concatenate([self._waiting, samples])
        n_frames = max(0, (len(waiting) - N_FFT) // self._hop + 1)
        if n_frames:
            frames = np.lib.stride_tricks.sliding_window_view(waiting, N_FFT)[:: self._hop]
            for first in range(0, n_frames, _FRAMES_AT_ONCE):
                self._add_frames(frames[first : min(first + _FRAMES_AT_ONCE, n_frames)])
        self._waiting = waiting[n_frames * self._hop :].copy()

    def finish(self, track: int, channel: int, start_s: float = 0.0) -> SoundPicture:
        """Return the picture; nothing can be added after it."""
        self._add_power(np.zeros(N_FFT, np.float32))
        seen = self._n_frames > 0
        mean = self._power / np.maximum(self._n_frames, 1)[:, None]
        if not seen.all() and seen.any():  # fewer samples came than were counted
            mean[~seen] = 0.0
        return SoundPicture(
            track=track,
            channel=channel,
            start_s=start_s,
            end_s=start_s + self._n_samples / self._sample_rate,
            max_hz=self._sample_rate / 2,
            range_db=RANGE_DB,
            levels=_levels(mean.T),
            peaks=np.ceil(255 * np.minimum(self._peaks, 1.0)).astype(np.uint8),
        )

    def _add_peaks(self, samples: FloatArray) -> None:
        if not len(samples):
            return
        n_columns, n_samples = self._n_columns, self._n_samples
        first, self._n_seen = self._n_seen, self._n_seen + len(samples)
        low = min(first * n_columns // n_samples, n_columns - 1)
        high = min((self._n_seen - 1) * n_columns // n_samples, n_columns - 1)
        # a column begins at the first sample whose column it is
        begins = -(-np.arange(low, high + 1) * n_samples // n_columns) - first
        peaks = np.maximum.reduceat(np.abs(samples), np.maximum(begins, 0))
        self._peaks[low : high + 1] = np.maximum(self._peaks[low : high + 1], peaks)

    def _add_frames(self, frames: FloatArray) -> None:
        power = np.abs(rfft(frames * self._window, axis=1)) ** 2  # (n_frames, 1 + N_FFT / 2)
        bands = power[:, 1:].reshape(len(frames), N_BANDS, -1).mean(axis=2)  # without the mean
        centres = (self._n_done + np.arange(len(frames))) * self._hop
        columns = np.minimum(centres * self._n_columns // self._n_samples, self._n_columns - 1)
        starts = np.flatnonzero(np.diff(columns, prepend=-1))  # columns only grow
        self._power[columns[starts]] += np.add.reduceat(bands, starts, axis=0)
        self._n_frames += np.bincount(columns, minlength=self._n_columns)
        self._n_done += len(frames)


def watched(blocks: Iterable[WaveformBlock], painter: Painter) -> Iterator[WaveformBlock]:
    """Yield the blocks as they are; the painter sees them first."""
    for block in blocks:
        painter.add(block.samples)
        yield block


def _levels(power: PowerArray) -> LevelArray:
    """Return (n_bands, n_columns) levels, 255 = the loudest cell, 0 = RANGE_DB below it or less."""
    loudest = float(power.max())
    if loudest <= 0:
        return np.zeros(power.shape, np.uint8)
    below_db = 10 * np.log10(np.maximum(power / loudest, 10 ** (-RANGE_DB / 10)))
    return np.round(255 * (1 + below_db / RANGE_DB)).astype(np.uint8)
