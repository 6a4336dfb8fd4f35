"""RawBoost: noises of a telephone line, made from the waveform alone.

Tak, Kamble, Patino, Todisco and Evans, "RawBoost: A raw data boosting and augmentation method
applied to automatic speaker verification anti-spoofing", ICASSP 2022, arXiv:2111.04433. The three
noises are its sections 2.1 to 2.3; the ranges are those of the authors' published settings
(github.com/TakHemlata/RawBoost-antispoofing). Written anew from the paper's description.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import scipy.signal
from numpy.typing import NDArray

Signal = NDArray[np.float64]

SAMPLE_RATE = 16_000
_EDGE_HZ = 1e-3  # a notch stays this far inside 0 Hz and half the sample rate
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class RawBoostConfig:
    """Ranges from which all is drawn evenly, as published."""

    n_notches: int = 5
    centre_hz: tuple[float, float] = (20.0, 8000.0)
    width_hz: tuple[float, float] = (100.0, 1000.0)
    n_taps: tuple[int, int] = (10, 100)  # of each notch; made odd
    gain_db: tuple[float, float] = (0.0, 0.0)  # of the linear part
    n_orders: int = 5  # powers of the signal; 1 = linear only
    nonlinear_drop_db: tuple[float, float] = (5.0, 20.0)  # higher powers under the linear part
    impulse_percent: float = 10.0  # of samples that are hit, at most
    impulse_gain: float = 2.0
    snr_db: tuple[float, float] = (10.0, 40.0)  # of the stationary noise


PUBLISHED = RawBoostConfig()
# The noises in series, by number: 1, 2, 3, 1+2, 1+3, 2+3, 1+2+3 (the paper's "series").
SERIES: tuple[tuple[int, ...], ...] = tuple(
    chosen for size in (1, 2, 3) for chosen in combinations((1, 2, 3), size)
)


def raw_boost(
    samples: Signal, random: np.random.Generator, config: RawBoostConfig = PUBLISHED
) -> Signal:
    """Return the sound after one of the paper's series of noises, each as likely.

    Args:
        samples: (n_samples,), full scale is 1.0.
        random: source of all choices.
        config: the ranges.
    """
    noises = (convolutive_noise, impulsive_noise, stationary_noise)
    out = samples.astype(np.float64)
    for number in SERIES[int(random.integers(len(SERIES)))]:
        out = noises[number - 1](out, random, config)
    return out


def convolutive_noise(
    samples: Signal, random: np.random.Generator, config: RawBoostConfig = PUBLISHED
) -> Signal:
    """Return linear and non-linear convolutive noise (section 2.1): filtered powers of the signal.

    Each power goes through notches of its own; powers above the first are weaker. Peaks over full
    scale are turned down, the mean is taken off.
    """
    out = np.zeros(len(samples))
    for order in range(1, config.n_orders + 1):
        low, high = config.gain_db
        if order > 1:
            low, high = high - config.nonlinear_drop_db[1], low - config.nonlinear_drop_db[0]
        taps = notch_filter(random, config, float(random.uniform(low, high)))
        out += filtered(samples**order, taps)
    return _within_full_scale(out - out.mean() if len(out) else out)


def impulsive_noise(
    samples: Signal, random: np.random.Generator, config: RawBoostConfig = PUBLISHED
) -> Signal:
    """Return the signal with impulses that depend on it (section 2.2).

    A random share of samples is changed by up to `impulse_gain` times their own value, with the
    density of a product of two even distributions.
    """
    n_hit = int(len(samples) * random.uniform(0.0, config.impulse_percent) / 100)
    hit = random.permutation(len(samples))[:n_hit]
    height = random.uniform(-1, 1, n_hit) * random.uniform(-1, 1, n_hit)
    out = samples.copy()
    out[hit] += config.impulse_gain * samples[hit] * height
    return _within_full_scale(out)


def stationary_noise(
    samples: Signal, random: np.random.Generator, config: RawBoostConfig = PUBLISHED
) -> Signal:
    """Return the signal with coloured noise that does not depend on it (section 2.3)."""
    taps = notch_filter(random, config, float(random.uniform(*config.gain_db)))
    noise = filtered(random.standard_normal(len(samples)), taps)
    snr_db = random.uniform(*config.snr_db)
    wanted = np.linalg.norm(samples) / 10 ** (snr_db / 20)
    return np.asarray(samples + noise * (wanted / (np.linalg.norm(noise) + _LEAST)))


def notch_filter(random: np.random.Generator, config: RawBoostConfig, gain_db: float) -> Signal:
    """Return the taps of random notches in series, their highest gain as wanted."""
    taps = np.ones(1)
    for _ in range(config.n_notches):
        centre, width = random.uniform(*config.centre_hz), random.uniform(*config.width_hz)
        n_taps = int(random.uniform(*config.n_taps)) | 1  # a band-stop needs an odd count
        edges = np.clip(
            [centre - width / 2, centre + width / 2], _EDGE_HZ, SAMPLE_RATE / 2 - _EDGE_HZ
        )
        notch = scipy.signal.firwin(n_taps, edges, window="hamming", fs=SAMPLE_RATE)
        taps = np.convolve(notch, taps)
    _, response = scipy.signal.freqz(taps, 1)
    return np.asarray(taps * 10 ** (gain_db / 20) / np.max(np.abs(response)))


def filtered(samples: Signal, taps: Signal) -> Signal:
    """Return the sound through a symmetric filter, in its place: as long, without delay."""
    if not len(samples):
        return samples
    full = scipy.signal.fftconvolve(samples, taps)
    delay = len(taps) // 2
    return np.asarray(full[delay : delay + len(samples)])


def _within_full_scale(samples: Signal) -> Signal:
    """Return the sound turned down if it passes full scale."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    return samples / peak if peak > 1.0 else samples
