"""Attention check: do the cells that the attention picture points at matter to the score?

A picture is shown to readers only if masking its top cells moves the LLR more than masking as many
random ones (deletion test of Petsiuk, Das, Saenko, "RISE", BMVC 2018, arXiv 1806.07421, section
4.3; paired here, so that loud or long segments cannot decide). A cell is a strip of frames, one
attention value each; cells are masked as `pipeline.occlusion` hides parts of a second, whose map,
the one that reports show, is put to the same test.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.occlusion import hide_each_part, hide_parts
from pipeline.vocabulary import Features, FloatArray

TOP_SHARE = 0.2  # of the cells
N_RANDOM = 8  # random choices a segment, averaged
N_BOOTSTRAP = 1000

ScoreFunction = Callable[[Features], FloatArray]  # -> LLRs (n,)


@dataclass(frozen=True, slots=True)
class MaskingFigures:
    """How far the LLR moves when cells are masked, in the mean over segments."""

    n_segments: int
    n_masked: int  # cells
    n_cells: int
    top_shift: float  # |change of LLR| with the top cells masked
    random_shift: float  # the same for random cells
    difference: float  # top - random, paired
    low: float  # 95 % interval of the difference, utterances drawn with replacement
    high: float

    @property
    def is_passed(self) -> bool:
        """Say whether the picture may be shown."""
        return self.low > 0


def check_map(
    features: Features,
    importance: FloatArray,
    owner: NDArray[np.int64],
    score: ScoreFunction,
    random: np.random.Generator,
) -> MaskingFigures:
    """Return how far masking the map's top cells moves the LLR against random ones.

    Args:
        features: of n segments.
        importance: (n, n_cells), higher = the map points at it.
        owner: (n,) which utterance a segment is of; the interval draws utterances.
        score: the detector's LLR.
        random: draws the random cells and the bootstrap's samples.
    """
    n_segments, n_cells = importance.shape
    n_masked = max(1, round(TOP_SHARE * n_cells))
    whole = score(features)
    top = _highest(importance, n_masked)
    top_shift = np.abs(score(hide_parts(features, top)) - whole)
    random_shift = np.zeros(n_segments)
    for _ in range(N_RANDOM):
        drawn = _highest(random.random((n_segments, n_cells)).astype(np.float32), n_masked)
        random_shift += np.abs(score(hide_parts(features, drawn)) - whole) / N_RANDOM
    difference = top_shift - random_shift
    low, high = _interval(difference, owner, random)
    return MaskingFigures(
        n_segments,
        n_masked,
        n_cells,
        float(top_shift.mean()),
        float(random_shift.mean()),
        float(difference.mean()),
        low,
        high,
    )


def occlusion(features: Features, n_cells: int, score: ScoreFunction) -> FloatArray:
    """Return |change of LLR| when each cell alone is masked, (n, n_cells): n_cells scorings."""
    whole = score(features)
    shifts = []
    for row in range(len(whole)):  # all at once would take gigabytes
        one = Features({name: t[row : row + 1] for name, t in features.tensors.items()})
        shifts.append(np.abs(score(hide_each_part(one, n_cells)) - whole[row]))
    return np.stack(shifts)


def _highest(values: FloatArray, count: int) -> NDArray[np.bool_]:
    """Return which cells of each row are among its `count` highest."""
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]
    chosen = np.zeros(values.shape, np.bool_)
    np.put_along_axis(chosen, order, True, axis=1)
    return chosen


def _interval(
    values: NDArray[np.float64], owner: NDArray[np.int64], random: np.random.Generator
) -> tuple[float, float]:
    """Return the 95 % interval of the mean, whole utterances drawn with replacement."""
    _, place, count = np.unique(owner, return_inverse=True, return_counts=True)
    total = np.bincount(place, weights=values)
    drawn = random.integers(0, len(total), size=(N_BOOTSTRAP, len(total)))
    means = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
