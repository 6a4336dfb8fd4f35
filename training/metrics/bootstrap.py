"""How sure a metric is: the middle 95 % of its bootstrap copies.

Utterances of one speaker or one system err together. Where these clusters are known they are
drawn whole (Bolle et al., "Error analysis of pattern recognition systems: the subsets bootstrap",
2004); drawing utterances alone would claim far too narrow an interval.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.metrics.scores import Scores, checked


@dataclass(frozen=True, slots=True)
class Interval:
    """A metric and the middle 95 % of its bootstrap copies; NaN bounds where a class is empty."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Clustered:
    """Scores of one class and what each belongs to."""

    scores: Scores  # (n,)
    cluster: NDArray[np.str_]  # (n,): a speaker, a source, a system


def bootstrap(
    metric: Callable[[Scores, Scores], float],
    bonafide: ArrayLike,
    spoof: ArrayLike,
    random: np.random.Generator,
    n_copies: int = 500,
) -> Interval:
    """Return a metric with its 95 % interval, drawing utterances of each class anew."""
    genuine, synthetic = checked(bonafide), checked(spoof)
    return cluster_bootstrap(
        metric,
        Clustered(genuine, np.arange(len(genuine)).astype(np.str_)),
        Clustered(synthetic, np.arange(len(synthetic)).astype(np.str_)),
        random,
        n_copies,
    )


def cluster_bootstrap(
    metric: Callable[[Scores, Scores], float],
    bonafide: Clustered,
    spoof: Clustered,
    random: np.random.Generator,
    n_copies: int = 500,
) -> Interval:
    """Return a metric with its 95 % interval, drawing whole clusters of each class anew."""
    genuine, synthetic = checked(bonafide.scores), checked(spoof.scores)
    value = metric(genuine, synthetic)
    if not len(genuine) or not len(synthetic):
        return Interval(value, float("nan"), float("nan"))
    members = [_members(bonafide.cluster), _members(spoof.cluster)]
    copies = [
        metric(genuine[_draw(members[0], random)], synthetic[_draw(members[1], random)])
        for _ in range(n_copies)
    ]
    # no interpolation: a copy may be infinite
    low = float(np.quantile(copies, 0.025, method="lower"))
    high = float(np.quantile(copies, 0.975, method="higher"))
    return Interval(value, low, high)


def _members(cluster: NDArray[np.str_]) -> list[NDArray[np.int64]]:
    """Return the places of each cluster's members."""
    _, inverse = np.unique(cluster, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1)


def _draw(members: list[NDArray[np.int64]], random: np.random.Generator) -> NDArray[np.int64]:
    """Return the places of as many clusters as there are, drawn with replacement."""
    drawn = random.integers(len(members), size=len(members))
    return np.concatenate([members[k] for k in drawn])
