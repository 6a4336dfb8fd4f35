"""Transfer: a calibration and its thresholds on a fold that they were not fitted on.

What is fitted on all inner folds together and measured there flatters: it knows each fold's level.
Here each fold is calibrated, and its thresholds set, from the others, as an unknown source will be.
On that the scale of the LLRs is shrunk until no fold is misled more than need be: an overconfident
LLR costs without bound, a timid one at most one bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.model_card import Calibration, PooledRow
from pipeline.vocabulary import IntArray
from training.calibration import (
    VOICE_AMOUNTS_S,
    Items,
    ScoredSegments,
    Scores,
    balanced_weights,
    fit_affine,
    fit_pooled,
    join_items,
    make_items,
)

SHRINKAGES = tuple(round(0.4 + 0.05 * k, 2) for k in range(13))  # 0.4 to 1
# Cllr, mean over the folds, that may be given away so that the worst fold is misled less
AFFORDABLE_COST = 0.01


@dataclass(frozen=True, slots=True)
class HeldOutItems:
    """Items of one amount of voice, each with an LLR that its own fold had no part in."""

    voiced_s: int
    items: Items
    llr: Scores  # (n_items,), no limit, no shrinkage
    fold: IntArray  # (n_items,)

    def select(self, wanted: np.ndarray) -> "HeldOutItems":
        """Return the items where `wanted` is true."""
        chosen = self.items.select(wanted)
        return HeldOutItems(self.voiced_s, chosen, self.llr[wanted], self.fold[wanted])


@dataclass(frozen=True, slots=True)
class FittedCalibration:
    """What ships, and how it was found."""

    calibration: Calibration
    shrinkage: float  # of scale and offset; 1 = none
    held_out: tuple[HeldOutItems, ...]  # one for each amount of voice


def fit_calibration(
    segments: ScoredSegments,
    fold: IntArray,
    llr_limit: float,
    scores_without: Mapping[int, Scores] | None = None,
    affordable_cost: float = AFFORDABLE_COST,
) -> FittedCalibration:
    """Return the calibration of held-out segments, shrunk as their folds ask for.

    Args:
        segments: scored by members that never saw them.
        fold: (n_segments,) the inner fold that each was held out in.
        llr_limit: what |llr| stops at.
        scores_without: for each fold, (n_segments,) scores with fusion weights that were fitted
            without it; the segments' own scores if not given (then the fusion flatters a little).
        affordable_cost: see `choose_shrinkage`.
    """
    held_out = tuple(
        hold_out(segments, fold, voiced_s, scores_without) for voiced_s in VOICE_AMOUNTS_S
    )
    shrinkage = choose_shrinkage(held_out, affordable_cost)
    rows = tuple(shrink(row, shrinkage) for row in fit_pooled(segments))
    calibration = Calibration(
        segment_scale=rows[0].scale,
        segment_offset=rows[0].offset,
        pooled=rows,
        llr_limit=round(llr_limit, 2),
    )
    return FittedCalibration(calibration, shrinkage, held_out)


def hold_out(
    segments: ScoredSegments,
    fold: IntArray,
    voiced_s: int,
    scores_without: Mapping[int, Scores] | None = None,
) -> HeldOutItems:
    """Return each fold's items of one amount of voice, calibrated on the other folds.

    Raises:
        ValueError: there is but one fold.
    """
    folds = np.unique(fold)
    if len(folds) < 2:
        raise ValueError("a fold can be held out only where there is another")
    parts, llr, names = [], [], []
    for held in folds:
        scores = segments.score if scores_without is None else scores_without[int(held)]
        scored = segments.with_score(scores)
        others = _folds_items(scored, fold, [f for f in folds if f != held], voiced_s)
        weights = balanced_weights(others.is_bonafide, others.group)
        affine = fit_affine(others.score, others.is_bonafide, weights)
        items = make_items(scored.select(fold == held), voiced_s)
        parts.append(items)
        llr.append(affine(items.score))
        names.append(np.full(len(items.score), held))
    return HeldOutItems(voiced_s, join_items(parts), np.concatenate(llr), np.concatenate(names))


def choose_shrinkage(
    held_out: Sequence[HeldOutItems], affordable_cost: float = AFFORDABLE_COST
) -> float:
    """Return the factor on the LLRs that spares the worst fold most, at a bounded cost.

    Of the factors whose Cllr, mean over the folds, lies within `affordable_cost` of the best, the
    one with the lowest Cllr of the worst fold; the larger of two that are as good.
    """
    costs = shrinkage_costs(held_out)  # (n_folds, n_factors)
    mean, worst = costs.mean(axis=0), costs.max(axis=0)
    worst = np.where(mean <= mean.min() + affordable_cost, worst, np.inf)
    best = np.flatnonzero(worst <= worst.min() + 1e-4)
    return SHRINKAGES[int(best[-1])]


def shrinkage_costs(held_out: Sequence[HeldOutItems]) -> Scores:
    """Return the Cllr (n_folds, n_factors) by fold and factor of `SHRINKAGES`.

    The mean over amounts of voice and conditions; sources and systems weigh by the root of their
    size, because an unknown item comes from another one.
    """
    folds = np.unique(np.concatenate([held.fold for held in held_out]))
    costs = np.full((len(folds), len(SHRINKAGES)), np.nan)
    for row, name in enumerate(folds):
        cells = []
        for held in held_out:
            for condition in np.unique(held.items.condition):
                part = held.select((held.fold == name) & (held.items.condition == condition))
                if 0 < part.items.is_bonafide.sum() < len(part.llr):
                    cells.append([balanced_cllr(k * part.llr, part.items) for k in SHRINKAGES])
        if cells:
            costs[row] = np.mean(cells, axis=0)
    return np.asarray(costs[~np.isnan(costs[:, 0])])


def balanced_cllr(llr: Scores, items: Items) -> float:
    """Return the Cllr with sources and systems weighing by the root of their size."""
    weights = balanced_weights(items.is_bonafide, items.group)
    cost = np.logaddexp(0.0, np.where(items.is_bonafide, -llr, llr))
    return float((weights * cost).sum() / np.log(2))


def shrink(row: PooledRow, factor: float) -> PooledRow:
    """Return the row with LLRs that are nearer to 0 by a factor; signs and order stay."""
    return PooledRow(
        min_voiced_s=row.min_voiced_s,
        scale=round(factor * row.scale, 5),
        offset=round(factor * row.offset, 5),
    )


def _folds_items(
    segments: ScoredSegments, fold: IntArray, wanted: Sequence[int], voiced_s: int
) -> Items:
    """Return the items of some folds; nobody's speech is joined across folds."""
    return join_items([make_items(segments.select(fold == name), voiced_s) for name in wanted])
