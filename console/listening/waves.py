"""Stretches of a listening copy for the eye: peaks for a waveform, levels for a spectrogram."""

import numpy as np

from console.listening.copies import PEAKS_A_SECOND, ListeningCopy, PeakArray, peaks_of
from pipeline.sound_picture import Painter
from pipeline.traces import SoundPicture

MOST_PICTURE_S = 3600.0  # 0.25 s of processor time; longer stretches show the report's own picture
_FULL = 32_768.0
_BLOCK_S = 30


def stretch_peaks(copy: ListeningCopy, from_s: float, to_s: float, n_points: int) -> PeakArray:
    """Return up to `n_points` (smallest, largest) pairs of a stretch; 127 is full scale.

    Args:
        copy: to read from.
        from_s: where it begins, in seconds.
        to_s: where it ends.
        n_points: columns of the screen.
    """
    rate = copy.sample_rate
    first, last = round(max(0.0, from_s) * rate), min(round(to_s * rate), copy.n_samples)
    if last <= first:
        return np.zeros((0, 2), np.int8)
    n_each = -(-(last - first) // n_points)  # samples a point
    coarse = rate // PEAKS_A_SECOND
    if n_each < 2 * coarse:
        return peaks_of(copy.samples()[first:last], n_each)
    known = np.load(copy.peaks, mmap_mode="r")[first // coarse : -(-last // coarse)]
    starts = np.arange(0, len(known), max(1, round(n_each / coarse)))
    low = np.minimum.reduceat(known[:, 0], starts)
    high = np.maximum.reduceat(known[:, 1], starts)
    return np.stack([low, high], axis=1)


def stretch_picture(copy: ListeningCopy, from_s: float, to_s: float) -> SoundPicture:
    """Return the spectrogram of a stretch of at most `MOST_PICTURE_S`, drawn as a report's is."""
    rate = copy.sample_rate
    first, last = round(max(0.0, from_s) * rate), min(round(to_s * rate), copy.n_samples)
    samples = copy.samples()[first : max(first, last)]
    painter = Painter(rate, len(samples))
    for start in range(0, len(samples), _BLOCK_S * rate):
        part = samples[start : start + _BLOCK_S * rate]
        painter.add(part.astype(np.float32) / np.float32(_FULL))
    return painter.finish(0, 0, first / rate)
