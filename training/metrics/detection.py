"""Error rates, EER, AUC and detection costs of a countermeasure, as ASVspoof 5 defines them.

Source: ASVspoof 5 evaluation plan, equations 1 to 4 (minDCF, actDCF, EER).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from training.metrics.scores import Scores, checked

P_SPOOF = 0.05  # prior of spoof in the DCF, ASVspoof 5
C_MISS = 1.0  # cost of a genuine utterance called synthetic
C_FALSE_ALARM = 10.0  # cost of a synthetic utterance called genuine


@dataclass(frozen=True, slots=True)
class ErrorPoint:
    """The two error rates at one threshold."""

    threshold: float  # at or above = called bona fide
    bonafide_rejected_rate: float  # genuine called synthetic
    spoof_accepted_rate: float  # synthetic called genuine


def error_rates(bonafide: ArrayLike, spoof: ArrayLike, threshold: float) -> ErrorPoint:
    """Return both error rates at a threshold; NaN for an empty class."""
    genuine, synthetic = checked(bonafide), checked(spoof)
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
    genuine, synthetic = np.sort(checked(bonafide)), np.sort(checked(spoof))
    thresholds = np.append(np.unique(np.concatenate([genuine, synthetic])), np.inf)
    rejected = np.searchsorted(genuine, thresholds, side="left") / len(genuine)
    accepted = 1.0 - np.searchsorted(synthetic, thresholds, side="left") / len(synthetic)
    # at the last threshold nothing is called bona fide, not even a score of infinity
    rejected[-1], accepted[-1] = 1.0, 0.0
    return thresholds, rejected, accepted


def equal_error_rate(bonafide: ArrayLike, spoof: ArrayLike) -> ErrorPoint:
    """Return the point where both error rates are equal, between thresholds by a straight line."""
    if not len(checked(bonafide)) or not len(checked(spoof)):
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
    genuine, synthetic = checked(bonafide), np.sort(checked(spoof))
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
    if not len(checked(bonafide)) or not len(checked(spoof)):
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


def hter(bonafide: ArrayLike, spoof: ArrayLike, threshold: float) -> float:
    """Return half the total error rate at a threshold that was set elsewhere."""
    point = error_rates(bonafide, spoof, threshold)
    return (point.bonafide_rejected_rate + point.spoof_accepted_rate) / 2


def det_points(bonafide: ArrayLike, spoof: ArrayLike) -> tuple[Scores, Scores]:
    """Return the corners of the detection error trade-off, both rates, for a plot.

    Returns:
        the rate of genuine called synthetic, rising, and of synthetic called genuine, falling;
        both empty if a class is.
    """
    if not len(checked(bonafide)) or not len(checked(spoof)):
        return np.zeros(0), np.zeros(0)
    _, rejected, accepted = error_curve(bonafide, spoof)
    # within a run where one rate stands still, only its ends are corners
    still = (np.diff(rejected) == 0, np.diff(accepted) == 0)
    inner = (still[0][:-1] & still[0][1:]) | (still[1][:-1] & still[1][1:])
    kept = np.r_[True, ~inner, True]
    return rejected[kept], accepted[kept]
