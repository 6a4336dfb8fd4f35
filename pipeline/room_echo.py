"""Tell whether a recording carries the long echoes of a room, from how fast its sound dies away.

Speech stops within hundredths of a second, and a room goes on: what is looked at is the steepest decay
that the bands of a window show at all (Löllmann et al. 2010 find decays alike). No model is asked, and
codecs, telephones and noise change little about it; where noise hides the decays, nothing is said.
"""

import math
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray

# Set on folds 0 to 3 of the corpus: docs/hostile-media.md has the error rates.
SLOW_DB_S = 150.0  # a window whose steepest decays are slower than this echoes: RT60 of 0.4 s
ECHOING_SHARE = 0.5  # of the windows that could be measured
WINDOW_S, LEAST_S = 4.0, 2.5
FRAME_RATE_HZ = 250
FRAME_SAMPLES = 256
BANDS = 16
BAND_EDGES_HZ = (200.0, 3_600.0)  # of a telephone: the same bands are there in every recording
DECAY_FRAMES = 25  # 0.1 s: longer than a closing lip, shorter than a syllable
LOUD_DB = 20.0  # a decay begins within this of its band's loud frames
LEAST_RANGE_DB = (
    25.0  # of a band, from its quiet frames to its loud ones: else noise hides the decays
)
LEAST_DECAYS = 10  # of a band
LEAST_BANDS = 5
LEAST_SLOPE_DB_S = 30.0  # slower ones are no decays
STEEPEST = 0.1  # the share of a band's decays that is looked at
FLOOR = 1e-12
FRAMES_AT_ONCE = 100  # their spectra fit into the processor's cache


@dataclass(slots=True)
class EchoMeter:
    """Looks at one track as its samples come; lives as long as one survey."""

    n_channels: int
    sample_rate: int
    _waiting: list[FloatArray] = field(default_factory=list)
    _n_waiting: int = 0
    _n_measured: int = 0
    _n_echoing: int = 0

    def add(self, samples: FloatArray) -> None:
        """Look at the next samples, float32 (n, n_channels), finite."""
        self._waiting.append(samples)
        self._n_waiting += len(samples)
        size = round(WINDOW_S * self.sample_rate)
        if self._n_waiting < size:
            return
        waiting = np.concatenate(self._waiting)
        n_whole = len(waiting) // size
        for window in waiting[: n_whole * size].reshape(n_whole, size, self.n_channels):
            self._measure(window)
        self._waiting = [waiting[n_whole * size :]]
        self._n_waiting = len(self._waiting[0])

    def is_echoing(self) -> bool:
        """Say whether the track echoes, once all samples were added."""
        if self._n_waiting >= LEAST_S * self.sample_rate:
            self._measure(np.concatenate(self._waiting))
        self._waiting, self._n_waiting = [], 0
        return self._n_echoing > 0 and self._n_echoing >= ECHOING_SHARE * self._n_measured

    def _measure(self, window: FloatArray) -> None:
        loudest = int(np.argmax([channel @ channel for channel in window.T]))
        slope = steepest_decay(window[:, loudest], self.sample_rate)
        if slope is not None:
            self._n_measured += 1
            self._n_echoing += slope < SLOW_DB_S


def steepest_decay(samples: FloatArray, sample_rate: int) -> float | None:
    """Return how fast sound dies away at its fastest, in dB a second; None where nothing tells.

    Args:
        samples: float32 (n_samples,), finite, some seconds.
        sample_rate: in Hz, at least 7 200.
    """
    frames = sliding_window_view(samples, FRAME_SAMPLES)[:: sample_rate // FRAME_RATE_HZ]
    power = np.empty((BANDS, len(frames)), np.float32)
    for first in range(0, len(frames), FRAMES_AT_ONCE):
        some = slice(first, first + FRAMES_AT_ONCE)
        spectrum = scipy.fft.rfft(frames[some] * _window(), axis=1)
        parts = np.square(spectrum.view(np.float32))  # real and imaginary, in turn
        power[:, some] = (parts @ _bands(sample_rate)).T
    level = 10 * np.log10(power + FLOOR)
    ordered = np.sort(level, axis=1)  # (BANDS, n_frames)
    loud, quiet = _quantile(ordered, 0.95), _quantile(ordered, 0.05)
    steepest: list[float] = []
    for band in np.flatnonzero(loud - quiet >= LEAST_RANGE_DB):
        slopes = np.convolve(level[band], _ramp()[::-1], "valid")
        begins_loud = level[band, : len(slopes)] > loud[band] - LOUD_DB
        decays = slopes[begins_loud & (slopes < -LEAST_SLOPE_DB_S)]
        if len(decays) >= LEAST_DECAYS:
            steepest.append(float(_quantile(np.sort(decays), STEEPEST)))
    return -float(np.median(steepest)) if len(steepest) >= LEAST_BANDS else None


def _quantile(ordered: FloatArray | NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return what `np.quantile` gives for ordered values, (..., n) to (...), in a tenth of its time."""
    place = share * (ordered.shape[-1] - 1)
    low, high = math.floor(place), math.ceil(place)
    before, after = ordered[..., low], ordered[..., high]
    return np.asarray(before + (place - low) * (after - before), np.float64)


@cache
def _window() -> FloatArray:
    return np.hanning(FRAME_SAMPLES).astype(np.float32)


@cache
def _ramp() -> NDArray[np.float64]:
    """Return the weights that fit a line: its slope a second."""
    place = np.arange(DECAY_FRAMES) - (DECAY_FRAMES - 1) / 2
    weights: NDArray[np.float64] = place / np.square(place).sum() * FRAME_RATE_HZ
    return weights


@cache
def _bands(sample_rate: int) -> FloatArray:
    """Return triangles on the mel scale, float32 (2 n_bins, BANDS): each bin's two parts alike."""
    low, high = (2595 * math.log10(1 + edge / 700) for edge in BAND_EDGES_HZ)
    mel = np.linspace(low, high, BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    bins = np.arange(FRAME_SAMPLES // 2 + 1) * sample_rate / FRAME_SAMPLES
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.maximum(np.minimum(rising, falling), 0).astype(np.float32)
    return np.ascontiguousarray(np.repeat(triangles, 2, axis=1).T)
