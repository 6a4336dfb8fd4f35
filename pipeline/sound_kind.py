"""Name what a segment without voice holds, and what is wrong with a segment's sound.

Plain signal measures with wide margins, for words in a report; whether there is voice is the mask
net's question, not theirs.
"""

from functools import lru_cache

import numpy as np
import scipy.fft

from pipeline.vocabulary import FloatArray, IntArray, Quality, Reason

SILENT_RMS = 10 ** (-75 / 20)  # quieter than any microphone's own noise
LOW_LEVEL_RMS = 10 ** (-50 / 20)
SQUARE_CREST = 1.2  # peak over RMS: 1 for a square wave, 1.41 for a sine, over 3 for speech
TONE_SHARE = 0.85  # of the power, in the few strongest lines of a 1-s spectrum
N_TONE_LINES = 4  # a dial or key tone is two sines; room for a harmonic of each
LINE_BINS = 3  # to either side of a peak: the main lobe of a Hann window
NOISE_FLATNESS = 0.6  # local flatness of an averaged spectrum: near 0.95 for noise
FLATNESS_BINS = 16  # 125 Hz at the transform below: narrower than the spacing of a chord's notes
AVERAGED_FFT = 2048
CLIPPED_LEVEL = 0.999  # of full scale
CLIPPING_SHARE = 1e-3  # of the samples
NARROW_BAND_HZ = 4_200  # a telephone's band ends at 3.4 to 4 kHz
NARROW_BAND_POWER = 1e-5  # -50 dB of the power above it


def name_sound(samples: FloatArray, sample_rate: int) -> Reason:
    """Return what a segment without voice holds: silence, a square wave, a tone, noise or music.

    Args:
        samples: float32 (n_samples,), finite.
        sample_rate: in Hz.
    """
    level = samples - samples.mean()  # DC says nothing
    rms = float(np.sqrt(np.mean(level**2)))
    if rms < SILENT_RMS:
        return Reason.SILENCE
    if float(np.abs(level).max()) < SQUARE_CREST * rms:
        return Reason.CLIPPED
    power = np.abs(np.fft.rfft(level * np.hanning(len(level)))) ** 2
    if _share_of_lines(power) > TONE_SHARE:
        return Reason.TONE
    return Reason.NOISE if _local_flatness(level) > NOISE_FLATNESS else Reason.MUSIC


def quality_flags(samples: FloatArray, sample_rate: int) -> IntArray:
    """Return the flags of each segment that its samples alone can tell.

    Args:
        samples: float32 (n_segments, n_samples), finite.
        sample_rate: in Hz.

    Returns:
        int64 (n_segments,), flags of `Quality`.
    """
    rms = np.sqrt(np.mean(samples**2, axis=1))
    clipped_share = np.mean(np.abs(samples) >= CLIPPED_LEVEL, axis=1)
    spectrum = scipy.fft.rfft(samples * _hanning(samples.shape[1]), axis=1)
    power = spectrum.real**2 + spectrum.imag**2  # (n_segments, n_bins)
    first_high_bin = int(NARROW_BAND_HZ * samples.shape[1] / sample_rate)
    high = power[:, first_high_bin:].sum(axis=1)
    narrow = (high < NARROW_BAND_POWER * power.sum(axis=1)) & (rms > SILENT_RMS)
    flags = (
        np.where(narrow, int(Quality.NARROW_BAND), 0)
        | np.where(clipped_share > CLIPPING_SHARE, int(Quality.CLIPPING), 0)
        | np.where(rms < LOW_LEVEL_RMS, int(Quality.LOW_LEVEL), 0)
    )
    return flags.astype(np.int64)


@lru_cache(maxsize=4)
def _hanning(n_samples: int) -> FloatArray:
    return np.hanning(n_samples).astype(np.float32)


def _share_of_lines(power: FloatArray) -> float:
    """Return the share of the power that lies in the strongest spectral lines."""
    left = power.copy()
    for _ in range(N_TONE_LINES):
        peak = int(left.argmax())
        left[max(0, peak - LINE_BINS) : peak + LINE_BINS + 1] = 0
    return float(1 - left.sum() / max(float(power.sum()), np.finfo(np.float32).tiny))


def _local_flatness(level: FloatArray) -> float:
    """Return geometric over arithmetic mean in narrow bands, averaged with the bands' power."""
    step = AVERAGED_FFT // 2
    starts = range(0, max(1, len(level) - AVERAGED_FFT + 1), step)
    window = np.hanning(AVERAGED_FFT)
    frames = [np.resize(level[s : s + AVERAGED_FFT], AVERAGED_FFT) * window for s in starts]
    power = np.mean(np.abs(np.fft.rfft(frames, axis=1)) ** 2, axis=0)[:-1]
    bands = power.reshape(-1, FLATNESS_BINS) + np.finfo(np.float32).tiny
    flatness = np.exp(np.log(bands).mean(axis=1)) / bands.mean(axis=1)
    return float(np.average(flatness, weights=bands.sum(axis=1)))
