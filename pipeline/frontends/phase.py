"""Phase front end: how regular a voice's phase is, frame by frame, beside its linear spectrum.

Vocoders and codecs rebuild the phase of speech; what they rebuild is more, or less, regular than a
larynx makes it. With X the STFT and U = X / |X|, each frame has (SCIENCE.md §8, "cf"):

    a  instantaneous-frequency deviation |1 + dd|, dd = D[t+1] conj D[t], D[t] = U[t] conj U[t-1]
    b  group-delay coherence |g|, g = mean over a band of U[k+1] conj U[k], middle window
    c  real and imaginary part of that g
    d  |g| of the long window
    e  |g| of the short window
    f  natural log of the power in linear triangles, long window

All three windows of a frame have the same centre and all bands end at 7 kHz.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pipeline.frontends.window import hann_window
from pipeline.vocabulary import FloatArray

N_BANDS = 28  # bands of every phase block
BAND_BINS = 8  # bins a band of the middle window; the others keep the same width in Hz
N_PHASE_VALUES = 6 * N_BANDS  # blocks a, b, c (twice as wide), d, e
SMALLEST = 1e-12  # keeps 0 / 0 out of U
FLOOR_POWER = 1e-9  # -90 dB under the segment's mean: keeps the log finite
NOISE_SEED = 20_240_607  # any number; the noise must be the same for ever


@dataclass(frozen=True, slots=True)
class PhaseConfig:
    """Numbers of the phase front end; the defaults are for 16 kHz."""

    n_frames: int = 112  # 14 patches of 8 frames
    hop_length: int = 128
    n_fft: int = 512  # the middle window; the long one is twice, the short one half as long
    n_power_bands: int = 70
    target_rms: float = 0.05
    # Fixed noise far below the voice: files differ in bit depth and dither, and the phase of
    # digital silence is a property of the file, not of the voice.
    noise_rms: float = 5e-5


def phase(samples: FloatArray, config: PhaseConfig) -> FloatArray:
    """Return the phase and spectrum values of each segment.

    Args:
        samples: (n, segment_samples), full scale is 1.0.
        config: numbers of the front end.

    Returns:
        float32 (n, n_frames, 168 + n_power_bands), frames from the middle of the segment; the log
        power is relative to the segment's own mean power.
    """
    levelled = level_and_floor(samples, config)
    # One segment at a time: its spectra then fit into the processor's cache, twice as fast.
    rows = [_middle_frames(levelled[i : i + 1], config) for i in range(len(levelled))]
    n_values = N_PHASE_VALUES + config.n_power_bands
    return np.concatenate([np.zeros((0, config.n_frames, n_values), dtype=np.float32), *rows])


def level_and_floor(samples: FloatArray, config: PhaseConfig) -> FloatArray:
    """Return each row without its mean, at the wanted level, with the fixed noise added."""
    centred = samples - samples.mean(axis=1, keepdims=True)
    rms = np.sqrt(np.mean(centred**2, axis=1, keepdims=True))
    gain = config.target_rms / np.maximum(rms, 1e-6)  # -120 dBFS: amplify no quantisation noise
    noise = _fixed_noise(samples.shape[1]) * np.float32(config.noise_rms)
    return np.asarray(centred * gain + noise, dtype=np.float32)


def phase_frames(samples: FloatArray, config: PhaseConfig) -> FloatArray:
    """Return every frame of rows of any length, log power not yet relative.

    Args:
        samples: (n, n_samples), n_samples at least twice `n_fft`.
        config: numbers of the front end.

    Returns:
        float32 (n, 1 + (n_samples - 2 * n_fft) // hop_length, 168 + n_power_bands).
    """
    n_fft, hop = config.n_fft, config.hop_length
    n_frames = 1 + (samples.shape[1] - 2 * n_fft) // hop
    middle = _unit(_stft(samples, n_fft, n_fft // 2 - hop, n_frames + 2, hop), BAND_BINS)
    step = _turns(middle[:, :, 1:], middle[:, :, :-1])  # D, (2, n, n_frames + 1, n_bins)
    turn = _turns(step[:, :, 1:], step[:, :, :-1])  # dd, (2, n, n_frames, n_bins)
    turn[0] += 1.0
    # bin 0 is left out: it holds the recorder's offset
    blocks = [_band_means(_length(turn)[:, :, 1:], BAND_BINS)]

    delay = _group_delay(middle[:, :, 1:-1], BAND_BINS)  # g, (2, n, n_frames, n_bands)
    blocks += [_length(delay), delay[0], delay[1]]

    long_spectrum = _stft(samples, 2 * n_fft, 0, n_frames, hop)
    blocks.append(_length(_group_delay(_unit(long_spectrum, 2 * BAND_BINS), 2 * BAND_BINS)))
    short = _stft(samples, n_fft // 2, n_fft - n_fft // 4, n_frames, hop)
    blocks.append(_length(_group_delay(_unit(short, BAND_BINS // 2), BAND_BINS // 2)))

    power = long_spectrum.real**2 + long_spectrum.imag**2
    bands = power @ linear_triangles(2 * n_fft, config.n_power_bands).T
    blocks.append(np.log(bands + np.float32(SMALLEST)))
    return np.concatenate(blocks, axis=2, dtype=np.float32)


def relative_power(frames: FloatArray) -> FloatArray:
    """Return the frames with the log power relative to the mean power of their row.

    Args:
        frames: (n, n_frames, 168 + n_power_bands), as `phase_frames` gives them.
    """
    log_power = frames[:, :, N_PHASE_VALUES:]
    mean_power = np.exp(log_power).mean(axis=(1, 2), keepdims=True)
    relative = np.log(np.exp(log_power) / np.maximum(mean_power, SMALLEST) + FLOOR_POWER)
    return np.concatenate([frames[:, :, :N_PHASE_VALUES], relative], axis=2, dtype=np.float32)


def _middle_frames(levelled: FloatArray, config: PhaseConfig) -> FloatArray:
    """Return the frames in the middle of segments that have their level, log power relative."""
    n_heard = (config.n_frames - 1) * config.hop_length + 2 * config.n_fft
    extra = (levelled.shape[1] - n_heard) // config.hop_length  # frames that nobody asks for
    first = extra // 2 * config.hop_length
    return relative_power(phase_frames(levelled[:, first : first + n_heard], config))


@lru_cache(maxsize=4)
def linear_triangles(n_fft: int, n_bands: int) -> FloatArray:
    """Return triangles of equal width up to 7 kHz, float32 (n_bands, n_bins), rows sum to 1."""
    top = 2 * N_BANDS * BAND_BINS * n_fft // 1024  # the bin at 7 kHz
    edges = np.linspace(1, top, n_bands + 2)
    bins = np.arange(n_fft // 2 + 1)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(triangles / triangles.sum(axis=1, keepdims=True), dtype=np.float32)


@lru_cache(maxsize=4)
def _fixed_noise(n_samples: int) -> FloatArray:
    """Return white noise of unit power that never changes, (n_samples,)."""
    return np.random.default_rng(NOISE_SEED).standard_normal(n_samples).astype(np.float32)


def _stft(
    samples: FloatArray, n_fft: int, start: int, n_frames: int, hop_length: int
) -> NDArray[np.complex64]:
    """Return a Hann STFT without padding, frame i from sample start + i * hop_length."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, n_fft, axis=1)
    chosen = windows[:, start : start + (n_frames - 1) * hop_length + 1 : hop_length]
    hann = hann_window(n_fft)
    return np.asarray(scipy.fft.rfft(chosen * hann, axis=-1), dtype=np.complex64)


def _unit(spectrum: NDArray[np.complex64], band_bins: int) -> FloatArray:
    """Return U = X / |X| of the bins that the bands need.

    Args:
        spectrum: (n, n_frames, n_bins).
        band_bins: bins a band.

    Returns:
        float32 (2, n, n_frames, 2 + N_BANDS * band_bins), real parts before imaginary ones: plain
        float arrays are several times as fast as NumPy's complex ones.
    """
    heard = spectrum[:, :, : 2 + N_BANDS * band_bins]
    parts = np.stack([heard.real, heard.imag])
    parts /= _length(parts) + np.float32(SMALLEST)
    return parts


def _turns(later: FloatArray, earlier: FloatArray) -> FloatArray:
    """Return `later` times conj(`earlier`); first axis: real parts, imaginary parts."""
    turns = np.empty_like(later)
    np.multiply(later[0], earlier[0], out=turns[0])
    turns[0] += later[1] * earlier[1]
    np.multiply(later[1], earlier[0], out=turns[1])
    turns[1] -= later[0] * earlier[1]
    return turns


def _length(parts: FloatArray) -> FloatArray:
    """Return the absolute values of complex numbers in two parts, (2, ...)."""
    return np.asarray(np.sqrt(parts[0] ** 2 + parts[1] ** 2))


def _group_delay(unit: FloatArray, band_bins: int) -> FloatArray:
    """Return g of each band, (2, n, n_frames, n_bands): turns of phase from bin to bin, averaged."""
    last = 1 + N_BANDS * band_bins
    return _band_means(_turns(unit[..., 2 : last + 1], unit[..., 1:last]), band_bins)


def _band_means(values: FloatArray, band_bins: int) -> FloatArray:
    """Return the means over bands from the first value on, (..., N_BANDS)."""
    return np.asarray(values[..., : N_BANDS * band_bins] @ _band_weights(band_bins))


@lru_cache(maxsize=4)
def _band_weights(band_bins: int) -> FloatArray:
    """Return the weights that average over bands, float32 (N_BANDS * band_bins, N_BANDS)."""
    means = np.repeat(np.eye(N_BANDS, dtype=np.float32), band_bins, axis=0)
    return means / np.float32(band_bins)
