"""Costs of log-likelihood ratios: Cllr, min Cllr by PAV, reliability.

Source: Brümmer and du Preez, "Application-independent evaluation of speaker detection" (2006),
sections 4 (Cllr) and 6 (min Cllr by the pool-adjacent-violators algorithm).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from training.metrics.scores import Scores, checked


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Recordings with about one LLR: what was claimed and what was true, at even odds."""

    claimed: float  # mean probability of genuine that the LLRs state
    observed: float  # share of genuine among them, both classes weighing the same
    n_bonafide: int
    n_spoof: int


def cllr(bonafide_llr: ArrayLike, spoof_llr: ArrayLike) -> float:
    """Return the cost of LLRs in bits; 1 = knows nothing, above 1 = misleads."""
    genuine, synthetic = checked(bonafide_llr), checked(spoof_llr)
    if not len(genuine) or not len(synthetic):
        return float("nan")
    cost = np.mean(np.logaddexp(0.0, -genuine)) + np.mean(np.logaddexp(0.0, synthetic))
    return float(cost / (2 * np.log(2)))


def min_cllr(bonafide: ArrayLike, spoof: ArrayLike) -> float:
    """Return the Cllr after the best monotone map from score to LLR (PAV)."""
    genuine, synthetic = checked(bonafide), checked(spoof)
    if not len(genuine) or not len(synthetic):
        return float("nan")
    return cllr(*pav_llr(genuine, synthetic))


def pav_llr(bonafide: ArrayLike, spoof: ArrayLike) -> tuple[Scores, Scores]:
    """Return the best monotone LLRs of both classes, -inf and inf where a class stands alone."""
    genuine, synthetic = checked(bonafide), checked(spoof)
    scores = np.concatenate([genuine, synthetic])
    distinct, place = np.unique(scores, return_inverse=True)
    n_all = np.bincount(place, minlength=len(distinct)).astype(np.float64)
    n_genuine = np.bincount(place[: len(genuine)], minlength=len(distinct))
    share = _pool_adjacent_violators(n_genuine / n_all, n_all)
    prior = np.log(len(genuine) / len(synthetic))
    with np.errstate(divide="ignore"):
        llr = np.log(share) - np.log(1.0 - share) - prior
    return llr[place[: len(genuine)]], llr[place[len(genuine) :]]


def reliability(
    bonafide_llr: ArrayLike, spoof_llr: ArrayLike, n_bins: int = 10
) -> tuple[ReliabilityBin, ...]:
    """Return what LLRs claim against what is true, in bins of about equal weight.

    Equal LLRs share a bin, so there may be fewer bins; none if a class is empty.
    """
    genuine, synthetic = checked(bonafide_llr), checked(spoof_llr)
    if not len(genuine) or not len(synthetic):
        return ()
    llr = np.concatenate([genuine, synthetic])
    is_genuine = np.arange(len(llr)) < len(genuine)
    weight = np.where(is_genuine, 0.5 / len(genuine), 0.5 / len(synthetic))
    _, place = np.unique(llr, return_inverse=True)
    before = np.cumsum(np.bincount(place, weights=weight)) - np.bincount(place, weights=weight)
    bin_of = np.minimum((before * n_bins + 1e-9).astype(np.int64), n_bins - 1)[place]
    claimed = 1 / (1 + np.exp(-np.clip(llr, -700, 700)))
    return tuple(
        ReliabilityBin(
            float(np.average(claimed[chosen], weights=weight[chosen])),
            float(weight[chosen & is_genuine].sum() / weight[chosen].sum()),
            int((chosen & is_genuine).sum()),
            int((chosen & ~is_genuine).sum()),
        )
        for k in range(n_bins)
        for chosen in [bin_of == k]
        if chosen.any()
    )


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
