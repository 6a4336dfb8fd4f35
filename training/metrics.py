"""Metrics of a countermeasure, as ASVspoof 5 defines them; no PyTorch here.

Scores are higher for bona fide speech. Rates are fractions. A metric of an empty class is NaN; a
score that is NaN is an error of the caller. Definitions: ASVspoof 5 evaluation plan (minDCF,
actDCF, EER), Brummer and du Preez 2006, Application-independent evaluation of speaker detection
(Cllr, min Cllr by the pool-adjacent-violators algorithm).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError

Scores = NDArray[np.float64]

P_SPOOF = 0.05  # prior of spoof in the DCF, ASVspoof 5
C_MISS = 1.0  # cost of a genuine utterance called synthetic
C_FALSE_ALARM = 10.0  # cost of a synthetic utterance called genuine


@dataclass(frozen=True, slots=True)
class ErrorPoint:
    """The two error rates at one threshold."""

    threshold: float  # at or above = called bona fide
    bonafide_rejected_rate: float  # genuine called synthetic
    spoof_accepted_rate: float  # synthetic called genuine


@dataclass(frozen=True, slots=True)
class Interval:
    """A metric and the middle 95 % of its bootstrap copies."""

    value: float
    low: float
    high: float


def error_rates(bonafide: ArrayLike, spoof: ArrayLike, threshold: float) -> ErrorPoint:
    """Return both error rates at a threshold; NaN for an empty class."""
    genuine, synthetic = _checked(bonafide), _checked(spoof)
    return ErrorPoint(
        threshold,
        float(np.mean(genuine < threshold)) if len(genuine) else float("nan"),
        float(np.mean(synthetic >= threshold)) if len(synthetic) else float("nan"),
    )


def error_curve(bonafide: ArrayLike, spoof: ArrayLike) -> tuple[Scores, Scores, Scores]:
    """Return thresholds and both error rates at each; tied scores share one threshold.

    Returns:
        thresholds ascending and ending with infinity (all called synthetic), the rate of genuine
        called synthetic (rising from 0 to 1), the rate of synthetic called genuine (falling to 0).
    """
    genuine, synthetic = np.sort(_checked(bonafide)), np.sort(_checked(spoof))
    thresholds = np.append(np.unique(np.concatenate([genuine, synthetic])), np.inf)
    rejected = np.searchsorted(genuine, thresholds, side="left") / len(genuine)
    accepted = 1.0 - np.searchsorted(synthetic, thresholds, side="left") / len(synthetic)
    # at the last threshold nothing is called bona fide, not even a score of infinity
    rejected[-1], accepted[-1] = 1.0, 0.0
    return thresholds, rejected, accepted


def equal_error_rate(bonafide: ArrayLike, spoof: ArrayLike) -> ErrorPoint:
    """Return the point where both error rates are equal, between thresholds by a straight line."""
    if not len(_checked(bonafide)) or not len(_checked(spoof)):
        return ErrorPoint(float("nan"), float("nan"), float("nan"))
    thresholds, rejected, accepted = error_curve(bonafide, spoof)
    after = int(np.argmax(rejected >= accepted))
    if after == 0:
        return ErrorPoint(float(thresholds[0]), float(rejected[0]), float(rejected[0]))
    gap_before = accepted[after - 1] - rejected[after - 1]
    gap_after = rejected[after] - accepted[after]
    share = gap_before / (gap_before + gap_after)
    rate = float(rejected[after - 1] + share * (rejected[after] - rejected[after - 1]))
    at = after if np.isfinite(thresholds[after]) else after - 1
    return ErrorPoint(float(thresholds[at]), rate, rate)


def eer(bonafide: ArrayLike, spoof: ArrayLike) -> float:
    """Return the equal error rate, 0 to 1."""
    return equal_error_rate(bonafide, spoof).bonafide_rejected_rate


def auc(bonafide: ArrayLike, spoof: ArrayLike) -> float:
    """Return the chance that a genuine utterance scores above a synthetic one, ties half."""
    genuine, synthetic = _checked(bonafide), np.sort(_checked(spoof))
    if not len(genuine) or not len(synthetic):
        return float("nan")
    below = np.searchsorted(synthetic, genuine, side="left")
    until = np.searchsorted(synthetic, genuine, side="right")
    return float(np.mean((below + until) / 2) / len(synthetic))


def min_dcf(
    bonafide: ArrayLike,
    spoof: ArrayLike,
    p_spoof: float = P_SPOOF,
    c_miss: float = C_MISS,
    c_false_alarm: float = C_FALSE_ALARM,
) -> float:
    """Return the least normalised detection cost over all thresholds."""
    if not len(_checked(bonafide)) or not len(_checked(spoof)):
        return float("nan")
    _, rejected, accepted = error_curve(bonafide, spoof)
    miss, false_alarm = c_miss * (1 - p_spoof), c_false_alarm * p_spoof
    cost = miss * rejected + false_alarm * accepted
    return float(min(cost.min() / min(miss, false_alarm), 1.0))


def act_dcf(
    bonafide_llr: ArrayLike,
    spoof_llr: ArrayLike,
    p_spoof: float = P_SPOOF,
    c_miss: float = C_MISS,
    c_false_alarm: float = C_FALSE_ALARM,
) -> float:
    """Return the normalised detection cost at the threshold that is best for true LLRs."""
    miss, false_alarm = c_miss * (1 - p_spoof), c_false_alarm * p_spoof
    point = error_rates(bonafide_llr, spoof_llr, float(np.log(false_alarm / miss)))
    cost = miss * point.bonafide_rejected_rate + false_alarm * point.spoof_accepted_rate
    return float(cost / min(miss, false_alarm))


def cllr(bonafide_llr: ArrayLike, spoof_llr: ArrayLike) -> float:
    """Return the cost of LLRs in bits; 1 = knows nothing, above 1 = misleads."""
    genuine, synthetic = _checked(bonafide_llr), _checked(spoof_llr)
    if not len(genuine) or not len(synthetic):
        return float("nan")
    cost = np.mean(np.logaddexp(0.0, -genuine)) + np.mean(np.logaddexp(0.0, synthetic))
    return float(cost / (2 * np.log(2)))


def min_cllr(bonafide: ArrayLike, spoof: ArrayLike) -> float:
    """Return the Cllr after the best monotone map from score to LLR (PAV)."""
    genuine, synthetic = _checked(bonafide), _checked(spoof)
    if not len(genuine) or not len(synthetic):
        return float("nan")
    return cllr(*pav_llr(genuine, synthetic))


def pav_llr(bonafide: ArrayLike, spoof: ArrayLike) -> tuple[Scores, Scores]:
    """Return the best monotone LLRs of both classes, -inf and inf where a class stands alone."""
    genuine, synthetic = _checked(bonafide), _checked(spoof)
    scores = np.concatenate([genuine, synthetic])
    distinct, place = np.unique(scores, return_inverse=True)
    n_all = np.bincount(place, minlength=len(distinct)).astype(np.float64)
    n_genuine = np.bincount(place[: len(genuine)], minlength=len(distinct))
    share = _pool_adjacent_violators(n_genuine / n_all, n_all)
    prior = np.log(len(genuine) / len(synthetic))
    with np.errstate(divide="ignore"):
        llr = np.log(share) - np.log(1.0 - share) - prior
    return llr[place[: len(genuine)]], llr[place[len(genuine) :]]


def hter(bonafide: ArrayLike, spoof: ArrayLike, threshold: float) -> float:
    """Return half the total error rate at a threshold that was set elsewhere."""
    point = error_rates(bonafide, spoof, threshold)
    return (point.bonafide_rejected_rate + point.spoof_accepted_rate) / 2


def bootstrap(
    metric: Callable[[Scores, Scores], float],
    bonafide: ArrayLike,
    spoof: ArrayLike,
    random: np.random.Generator,
    n_copies: int = 500,
) -> Interval:
    """Return a metric with its 95 % interval, drawing utterances of each class anew."""
    genuine, synthetic = _checked(bonafide), _checked(spoof)
    value = metric(genuine, synthetic)
    if not len(genuine) or not len(synthetic):
        return Interval(value, float("nan"), float("nan"))
    copies = [
        metric(
            random.choice(genuine, size=len(genuine)),
            random.choice(synthetic, size=len(synthetic)),
        )
        for _ in range(n_copies)
    ]
    low, high = np.quantile(copies, [0.025, 0.975])
    return Interval(value, float(low), float(high))


def _pool_adjacent_violators(values: Scores, weights: Scores) -> Scores:
    """Return the rising sequence that is nearest to `values` in weighted squares."""
    means: list[float] = []
    sizes: list[float] = []
    counts: list[int] = []
    for value, weight in zip(values, weights, strict=True):
        means.append(float(value))
        sizes.append(float(weight))
        counts.append(1)
        while len(means) > 1 and means[-2] >= means[-1]:
            total = sizes[-2] + sizes[-1]
            means[-2] = (means[-2] * sizes[-2] + means[-1] * sizes[-1]) / total
            sizes[-2], counts[-2] = total, counts[-2] + counts[-1]
            means.pop()
            sizes.pop()
            counts.pop()
    return np.repeat(np.array(means), counts)


def _checked(scores: ArrayLike) -> Scores:
    """Return scores as float64.

    Raises:
        InputError: a score is NaN.
    """
    array = np.asarray(scores, dtype=np.float64).ravel()
    if np.isnan(array).any():
        raise InputError("a score is not a number: leave out what was not scored")
    return array
