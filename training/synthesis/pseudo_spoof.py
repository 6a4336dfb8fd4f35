"""Pseudo-spoof: copies of genuine speech by no generator of its own name, for matched pairs.

Each copy keeps words, speaker, room and channel and replaces what vocoders replace: the phase, the
fine magnitude, the excitation, or the upper band. So a detector cannot tell it from its genuine
half by the source. No method here is Griffin-Lim, WORLD or a net: those stay unseen where a fold
tests on them.

- `jitter`: mel-smoothed magnitude, the original phase with noise that grows with frequency.
- `spsi`: mel-smoothed magnitude, phase by single-pass spectrogram inversion (Beauregard, Harish and
  Wyse 2015): every spectral peak is a steady sinusoid, its neighbours are locked to it.
- `lpc`: linear prediction, excited by pulses and noise.
- `image`: the band above 2.7, 4 or 5.3 kHz is an image of the lower one, as zero-stuffing upsamplers
  leave it.
"""

from collections.abc import Callable, Sequence

import numpy as np
import scipy.linalg
import scipy.signal
from numpy.typing import NDArray

from pipeline.frontends.log_mel import LogMelConfig, mel_filters
from pipeline.vocabulary import FloatArray

SAMPLE_RATE = 16_000
Signal = NDArray[np.float64]


def pseudo_spoof(
    samples: FloatArray, random: np.random.Generator, methods: Sequence[str] = ()
) -> tuple[FloatArray, str]:
    """Return a spoofed copy of the utterance, as long and as loud, and the method's name.

    Args:
        samples: (n_samples,).
        random: source of all choices.
        methods: names in `METHODS` to choose from; none = all of them.
    """
    names = methods or sorted(METHODS)
    name = names[int(random.integers(len(names)))]
    made = METHODS[name](samples.astype(np.float64), random)[: len(samples)]
    made = np.pad(made, (0, len(samples) - len(made)))
    level = np.sqrt(np.mean(samples.astype(np.float64) ** 2) / (np.mean(made**2) + 1e-12))
    return np.asarray(made * level, dtype=np.float32), name


def jitter(samples: Signal, random: np.random.Generator) -> Signal:
    """Return the utterance with mel-smoothed magnitude and noise on its phase."""
    spectrum, n_fft, hop = _stft(samples, random)
    magnitude = _mel_smoothed(np.abs(spectrum), n_fft, random)
    position = np.linspace(0, 1, len(spectrum))[:, None]
    width = random.uniform(0.0, 0.6) + random.uniform(0.2, 1.6) * position
    noise = random.standard_normal(spectrum.shape)
    if random.random() < 0.5:  # slow noise: neighbouring frames err alike
        noise = scipy.signal.lfilter([0.6], [1, -0.8], noise, axis=1)
    return _istft(magnitude * np.exp(1j * (np.angle(spectrum) + width * noise)), n_fft, hop)


def spsi(samples: Signal, random: np.random.Generator) -> Signal:
    """Return the utterance with mel-smoothed magnitude and the phase of steady sinusoids."""
    spectrum, n_fft, hop = _stft(samples, random)
    magnitude = _mel_smoothed(np.abs(spectrum), n_fft, random)
    n_bins, n_frames = magnitude.shape
    phase = np.zeros((n_bins, n_frames))
    running: Signal = np.asarray(random.uniform(0, 2 * np.pi, size=n_bins))
    bins = np.arange(n_bins)
    for frame in range(n_frames):
        column = np.log(magnitude[:, frame] + 1e-9)
        peaks = 1 + np.flatnonzero((column[1:-1] > column[:-2]) & (column[1:-1] >= column[2:]))
        if not len(peaks):
            phase[:, frame] = running
            continue
        left, mid, right = column[peaks - 1], column[peaks], column[peaks + 1]
        offset = np.clip(0.5 * (left - right) / (left - 2 * mid + right - 1e-9), -0.5, 0.5)
        turned = running[peaks] + 2 * np.pi * hop * (peaks + offset) / n_fft
        borders = (peaks[:-1] + peaks[1:]) // 2
        owner = np.searchsorted(borders, bins, side="left")
        phase[:, frame] = turned[owner] + np.pi * ((bins - peaks[owner]) % 2)
        running = turned[owner]
    return _istft(magnitude * np.exp(1j * phase), n_fft, hop)


def lpc(samples: Signal, random: np.random.Generator) -> Signal:
    """Return the utterance as a source-filter vocoder says it."""
    hop, width = 160, 480
    order = int(random.integers(14, 26))
    pitch_hz = _pitch_hz(samples, hop)
    padded = np.pad(samples, (width // 2, width))
    window = np.hanning(width + 1)[:width]
    mixture = random.uniform(0.0, 0.4)  # noise in voiced frames
    out = np.zeros(len(samples) + 2 * width)
    excitation = _excitation(pitch_hz, len(samples) + width, hop, mixture, random)
    for frame in range(len(samples) // hop):
        piece = padded[frame * hop : frame * hop + width] * window
        power = np.correlate(piece, piece, "full")[width - 1 : width + order]
        if power[0] < 1e-9:
            continue
        power[0] *= 1.0001
        filter_ = scipy.linalg.solve_toeplitz(power[:-1], power[1:])
        gain = np.sqrt(max(power[0] - filter_ @ power[1:], 1e-12) / width)
        source = excitation[frame * hop : frame * hop + width]
        voiced = scipy.signal.lfilter([gain], np.r_[1.0, -filter_], source) * window
        out[frame * hop : frame * hop + width] += voiced
    return np.asarray(out[width // 2 :][: len(samples)])


def image(samples: Signal, random: np.random.Generator) -> Signal:
    """Return the utterance with its upper band replaced by an image of the lower one."""
    factor = int(random.choice([2, 2, 3]))
    low = scipy.signal.resample_poly(samples, 1, factor)
    stuffed = np.zeros(len(low) * factor)
    stuffed[::factor] = low * factor
    stuffed = stuffed[: len(samples)]
    cutoff_hz = SAMPLE_RATE / 2 / factor
    sharp = scipy.signal.butter(6, cutoff_hz, fs=SAMPLE_RATE, output="sos")
    lower = scipy.signal.sosfilt(sharp, stuffed)
    upper = stuffed - lower
    wanted = samples - scipy.signal.sosfilt(sharp, samples)
    size = 320  # the image has the loudness, in 20 ms, of what it stands for
    smooth = np.ones(size) / size
    ratio = np.sqrt(
        np.convolve(wanted**2, smooth, "same") / (np.convolve(upper**2, smooth, "same") + 1e-10)
    )
    return np.asarray(lower + upper * np.minimum(ratio, 3.0))


METHODS: dict[str, Callable[[Signal, np.random.Generator], Signal]] = {
    "image": image,
    "jitter": jitter,
    "lpc": lpc,
    "spsi": spsi,
}


def _stft(samples: Signal, random: np.random.Generator) -> tuple[NDArray[np.complex128], int, int]:
    """Return a spectrum (n_bins, n_frames) of random resolution, its n_fft and hop."""
    n_fft = int(random.choice([512, 768, 1024, 1280]))
    hop = n_fft // int(random.choice([4, 5, 8]))
    _, _, spectrum = scipy.signal.stft(samples, nperseg=n_fft, noverlap=n_fft - hop)
    return spectrum, n_fft, hop


def _istft(spectrum: NDArray[np.complex128], n_fft: int, hop: int) -> Signal:
    """Return samples of a spectrum."""
    _, samples = scipy.signal.istft(spectrum, nperseg=n_fft, noverlap=n_fft - hop)
    return np.asarray(samples, dtype=np.float64)


def _mel_smoothed(magnitude: Signal, n_fft: int, random: np.random.Generator) -> Signal:
    """Return the magnitude after mel bands and back, at times half, at times not at all."""
    n_mels = int(random.choice([60, 80, 80, 100, 128]))
    filters = mel_filters(LogMelConfig(n_fft=n_fft, n_mels=n_mels, low_hz=0.0, high_hz=8000.0))
    spread = filters.T.astype(np.float64)
    spread = spread / (spread.sum(axis=1, keepdims=True) + 1e-9)
    bands = filters @ magnitude / (filters.sum(axis=1, keepdims=True) + 1e-9)
    share = random.choice([0.0, 0.5, 1.0, 1.0])
    return np.asarray(share * (spread @ bands) + (1 - share) * magnitude)


def _pitch_hz(samples: Signal, hop: int) -> Signal:
    """Return the pitch of each hop by the peak of the autocorrelation, 0 where there is none."""
    width, shortest, longest = 640, 40, 250  # 40 ms; 400 Hz to 64 Hz
    low = scipy.signal.sosfilt(
        scipy.signal.butter(4, 900, fs=SAMPLE_RATE, output="sos"), np.pad(samples, (0, width))
    )
    pieces = np.lib.stride_tricks.sliding_window_view(low, width)[::hop]
    power = np.abs(np.fft.rfft(pieces * np.hanning(width), n=2 * width, axis=1)) ** 2
    correlation = np.fft.irfft(power, axis=1)[:, : longest + 1]
    correlation /= correlation[:, :1] + 1e-9
    best = shortest + np.argmax(correlation[:, shortest:], axis=1)
    strength = np.take_along_axis(correlation, best[:, None], axis=1)[:, 0]
    pitch = np.where(strength > 0.3, SAMPLE_RATE / best, 0.0)
    return np.asarray(scipy.signal.medfilt(pitch, 5))


def _excitation(
    pitch_hz: Signal, n_samples: int, hop: int, mixture: float, random: np.random.Generator
) -> Signal:
    """Return pulses where there is pitch and noise elsewhere, of unit power."""
    noise = random.standard_normal(n_samples)
    pitch = np.repeat(pitch_hz, hop)[:n_samples]
    pitch = np.pad(pitch, (0, n_samples - len(pitch)))
    turns = np.cumsum(pitch / SAMPLE_RATE)
    pulses = np.diff(np.floor(turns), prepend=0.0) * np.sqrt(SAMPLE_RATE / np.maximum(pitch, 50.0))
    return np.where(pitch > 0, (1 - mixture) * pulses + mixture * noise, noise)
