"""Quality of the sound beside the score: how noisy, how narrow, how much voice, how coded.

Blind measures of one recording, no reference needed, and the calibration that may use them:
llr = a s + b + w q + v q s (SCIENCE.md section 4; quality measure functions of speaker
verification). Whether they earn their place is measured by `training.transfer`.
"""

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.signal
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray
from training.calibration import Flags, Scores, fit_logistic

SAMPLE_RATE = 16_000
N_FFT = 512  # 32 ms: a codec's frame is 20 to 26 ms, so its empty bands show as empty cells
HOP_LENGTH = 128
TERM_NAMES = ("snr_db", "bandwidth_khz", "voiced_s", "holes")
FLOOR_POWER = 1e-12  # under the noise of 16-bit samples at full scale
SNR_QUANTILES = (0.1, 0.95)  # of the frames' power: between words, within words
BANDWIDTH_DB = -60.0  # of the loudest band: what lies below is taken as cut off
HOLE_BAND_HZ = (3_500, 7_500)  # where lossy codecs save first; above it some corpora hold nothing
HOLE_DB = -25.0  # against the neighbourhood; of noise 0.3 % of the cells lie so low
NEIGHBOURHOOD = (9, 7)  # bins, frames: 280 Hz by 56 ms
RIDGE = 0.02  # of a half-unit of weight in each class; standardised terms

Terms = NDArray[np.float64]  # (n, len(TERM_NAMES)), or some of its columns


@dataclass(frozen=True, slots=True)
class QualityAffine:
    """llr = scale s + offset + slope q + twist q s, q standardised; made by `fit_quality`."""

    scale: float
    offset: float
    slope: Scores  # (n_terms,)
    twist: Scores  # (n_terms,)
    mean: Scores  # (n_terms,) of the terms where they were fitted
    spread: Scores  # (n_terms,) standard deviation there

    def __call__(self, score: Scores, terms: Terms) -> Scores:
        """Return the LLRs of scores (n,) with their terms (n, n_terms)."""
        q = _standardised(terms, self.mean, self.spread)
        scale = np.maximum(self.scale + q @ self.twist, 0.0)  # a better score is never worse
        return np.asarray(scale * score + self.offset + q @ self.slope)


def measure_quality(samples: FloatArray, voiced_s: float | None = None) -> Scores:
    """Return the terms of one recording, in the order of `TERM_NAMES`.

    Args:
        samples: float32 (n_samples,), 16 kHz, at least one window long.
        voiced_s: seconds of voice; as long as the samples if not given.
    """
    power = stft_power(samples)
    if voiced_s is None:
        voiced_s = len(samples) / SAMPLE_RATE
    return np.array([snr_db(power), bandwidth_khz(power), voiced_s, holes_share(power)])


def stft_power(samples: FloatArray) -> Scores:
    """Return the power of a recording's short-time spectrum, (n_bins, n_frames)."""
    padded = np.resize(samples, max(len(samples), N_FFT)).astype(np.float64)
    _, _, spectrum = scipy.signal.stft(
        padded, SAMPLE_RATE, nperseg=N_FFT, noverlap=N_FFT - HOP_LENGTH, boundary=None
    )
    return np.asarray(np.abs(spectrum) ** 2 + FLOOR_POWER)


def snr_db(power: Scores) -> float:
    """Return how far loud frames lie over quiet ones, in dB: a blind bound of the SNR."""
    quiet, loud = np.quantile(power.sum(axis=0), SNR_QUANTILES)
    return float(10 * np.log10(loud / quiet))


def bandwidth_khz(power: Scores) -> float:
    """Return the highest frequency with more than 1e-6 of the strongest band's mean power, in kHz."""
    mean_db = 10 * np.log10(power.mean(axis=1))
    heard = np.flatnonzero(mean_db > mean_db.max() + BANDWIDTH_DB)
    return float(heard[-1] * SAMPLE_RATE / N_FFT / 1000)


def holes_share(power: Scores) -> float:
    """Return the share of empty cells between 3.5 and 7.5 kHz, below the neighbourhood by 25 dB.

    A lossy codec leaves out the bands that it thinks unheard; sound has no such holes. Frames
    without any sound count too: what is digital silence all over has no holes.
    """
    low, high = (round(hz * N_FFT / SAMPLE_RATE) for hz in HOLE_BAND_HZ)
    band = power[low:high]
    around = scipy.ndimage.uniform_filter(band, NEIGHBOURHOOD, mode="nearest")
    return float(np.mean(band < around * 10 ** (HOLE_DB / 10)))


def fit_quality(
    score: Scores, terms: Terms, is_bonafide: Flags, weights: Scores, ridge: float = RIDGE
) -> QualityAffine:
    """Return the calibration with quality terms by ridge logistic regression, equal class priors.

    Only the terms are held back by the ridge, so that a strong one gives the plain affine map.

    Args:
        score: (n,).
        terms: (n, n_terms), finite.
        is_bonafide: (n,).
        weights: (n,), half of their sum in each class.
        ridge: of the standardised terms' coefficients.
    """
    mean, spread = terms.mean(axis=0), terms.std(axis=0) + 1e-9
    q = _standardised(terms, mean, spread)
    n_terms = terms.shape[1]
    design = np.column_stack([score, q, q * score[:, None], np.ones_like(score)])
    penalty = np.r_[1e-4, np.full(2 * n_terms, ridge), 1e-9]
    found = fit_logistic(design, is_bonafide, weights, penalty)
    return QualityAffine(
        scale=float(max(found[0], 0.0)),
        offset=float(found[-1]),
        slope=found[1 : 1 + n_terms],
        twist=found[1 + n_terms : -1],
        mean=mean,
        spread=spread,
    )


def _standardised(terms: Terms, mean: Scores, spread: Scores) -> Scores:
    """Return the terms in standard deviations, within 3 of them: no far extrapolation."""
    return np.clip((terms - mean) / spread, -3.0, 3.0)
