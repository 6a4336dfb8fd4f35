"""Out of scope: sounds that are no plain speech, and how far a sound lies from training.

Two questions. What does the pipeline answer to music, noise, tones, silence and heavily processed
speech (made here, so that anybody can repeat it)? And does a distance to the training segments tell
the speech that the detector errs on with confidence? The distance is Mahalanobis' in the kernel
machine's statistics (Lee, Lee, Lee, Shin, "A Simple Unified Framework for Detecting
Out-of-Distribution Samples", NeurIPS 2018), the class-free form, on statistics that the detector
hears; it is measured on systems and sources that the training part never met.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import librosa
import numpy as np
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray, IntArray
from training.feature_cache import SAMPLE_RATE

DURATION_S = 8.0
FAR_QUANTILE = 0.995  # of training segments' distances
SHRINKAGE = 0.1  # of the covariance towards its diagonal


@dataclass(frozen=True, slots=True)
class TrainingRegion:
    """Where the training segments lie; made by `fit_region`."""

    mean: NDArray[np.float64]  # (n_statistics,)
    whitening: NDArray[np.float64]  # (n_statistics, n_statistics)
    far_from: float  # distance beyond which a segment is far

    def distance(self, statistics: FloatArray) -> NDArray[np.float64]:
        """Return the distance of each row, about 1 for a training segment, (n,)."""
        white = (statistics - self.mean) @ self.whitening
        return np.asarray(np.sqrt((white * white).mean(axis=1)))


@dataclass(frozen=True, slots=True)
class ScopeFigures:
    """What refusing far clips does to errors at llr 0 and to confident errors, on held-out clips."""

    n_clips: int
    far_share: float  # of clips, refused
    wrong_share: float  # of decided clips, decided wrongly
    wrong_if_far: float  # of decided clips that are far
    wrong_if_near: float  # of decided clips that are kept


def fit_region(statistics: FloatArray) -> TrainingRegion:
    """Return the region of training segments, (n, n_statistics)."""
    values = statistics.astype(np.float64)
    mean = values.mean(axis=0)
    covariance = np.cov(values, rowvar=False)
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.diag(np.diag(covariance))
    power, axes = np.linalg.eigh(covariance)
    region = TrainingRegion(mean, axes / np.sqrt(np.maximum(power, 1e-12)), np.inf)
    far_from = float(np.quantile(region.distance(statistics), FAR_QUANTILE))
    return TrainingRegion(region.mean, region.whitening, far_from)


def clip_means(
    values: NDArray[np.float64], owner: IntArray
) -> tuple[IntArray, NDArray[np.float64]]:
    """Return each clip and the mean of its segments' values."""
    clips, place = np.unique(owner, return_inverse=True)
    return clips, np.bincount(place, weights=values) / np.bincount(place)


def measure_scope(
    distance: NDArray[np.float64],
    llr: NDArray[np.float64],
    is_bonafide: NDArray[np.bool_],
    far_from: float,
    thresholds: tuple[float, float],
) -> ScopeFigures:
    """Return what refusing clips beyond a distance would do; one entry a clip.

    Args:
        distance: (n,).
        llr: (n,).
        is_bonafide: (n,).
        far_from: the distance.
        thresholds: synthetic below, no evidence above.
    """
    low, high = thresholds
    decided = (llr <= low) | (llr >= high)
    wrong = np.where(is_bonafide, llr <= low, llr >= high)
    far = distance > far_from
    return ScopeFigures(
        len(llr),
        float(far.mean()),
        _share(wrong, decided),
        _share(wrong, decided & far),
        _share(wrong, decided & ~far),
    )


def _share(flags: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    return float(flags[among].mean()) if among.any() else float("nan")


def make_silence(random: np.random.Generator) -> FloatArray:
    """Return digital silence with the last bit flickering."""
    return _float(random.integers(-1, 2, size=_n()) / 2**15)


def make_tone(random: np.random.Generator) -> FloatArray:
    """Return a dial tone: two sines."""
    at = np.arange(_n()) / SAMPLE_RATE
    low, high = random.uniform(300, 500), random.uniform(900, 1500)
    return _float(0.1 * (np.sin(2 * np.pi * low * at) + np.sin(2 * np.pi * high * at)))


def make_noise(random: np.random.Generator) -> FloatArray:
    """Return noise whose spectrum falls by chance, from white to brown."""
    spectrum = np.fft.rfft(random.standard_normal(_n()))
    slope = np.maximum(np.arange(len(spectrum)), 1.0) ** -random.uniform(0, 1)
    noise = np.fft.irfft(spectrum * slope, _n())
    return _float(0.05 * noise / noise.std())


def make_sweep(random: np.random.Generator) -> FloatArray:
    """Return a harmonic sound that glides, like a siren: voiced, and no voice."""
    pitch = 200 * 2 ** np.sin(2 * np.pi * random.uniform(0.2, 1) * np.arange(_n()) / SAMPLE_RATE)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    order = np.arange(1, 20)[:, None]
    return _float(0.05 * (np.sin(order * phase) / order).sum(axis=0))


def shift_pitch(speech: FloatArray, random: np.random.Generator) -> FloatArray:
    """Return speech with its pitch moved by 3 to 6 semitones (phase vocoder)."""
    steps = random.choice([-1, 1]) * random.uniform(3, 6)
    return _float(librosa.effects.pitch_shift(speech, sr=SAMPLE_RATE, n_steps=steps))


def stretch_time(speech: FloatArray, random: np.random.Generator) -> FloatArray:
    """Return speech slowed or sped by a quarter to a half (phase vocoder)."""
    rate = float(random.choice([random.uniform(0.65, 0.8), random.uniform(1.25, 1.5)]))
    return _float(librosa.effects.time_stretch(speech, rate=rate))


def ring(speech: FloatArray, random: np.random.Generator) -> FloatArray:
    """Return speech times a sine: the voice of a film robot."""
    at = np.arange(len(speech)) / SAMPLE_RATE
    return _float(speech * np.sin(2 * np.pi * random.uniform(30, 120) * at))


def play_backwards(speech: FloatArray, random: np.random.Generator) -> FloatArray:
    """Return speech backwards."""
    return _float(speech[::-1])


MADE: Mapping[str, Callable[[np.random.Generator], FloatArray]] = MappingProxyType(
    {"silence": make_silence, "tone": make_tone, "noise": make_noise, "siren": make_sweep}
)
PROCESSED: Mapping[str, Callable[[FloatArray, np.random.Generator], FloatArray]] = MappingProxyType(
    {
        "pitch shifted": shift_pitch,
        "time stretched": stretch_time,
        "ring modulated": ring,
        "backwards": play_backwards,
    }
)


def _n() -> int:
    return round(DURATION_S * SAMPLE_RATE)


def _float(samples: NDArray[np.floating]) -> FloatArray:
    return np.asarray(np.clip(samples, -1, 1), np.float32)
