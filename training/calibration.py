"""Calibration: held-out scores to LLRs, an inconclusive zone and measured error rates.

Everything here works on items: several segments of one speaker, or of one system and voice, joined
to a stated amount of voice, alike in both classes. The classes weigh the same, and within a class
groups (source or system) weigh by the square root of their size, so that no large group decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.model_card import Calibration, ErrorRow, PooledRow, Thresholds

Scores = NDArray[np.float64]
Flags = NDArray[np.bool_]

VOICE_AMOUNTS_S = (1, 2, 4, 8)  # rows of the calibration beside the first, which starts at 0
FEWEST_ITEMS = 20  # of either class, to fit two numbers on
LARGEST_SCALE = 20.0  # keeps the fit finite where the classes are apart


@dataclass(frozen=True, slots=True)
class ScoredSegments:
    """Held-out segments of 1 s; every field has one entry a segment."""

    score: Scores
    utterance: NDArray[np.int64]  # which utterance; segments of one stand together, in order
    is_bonafide: Flags
    voice: NDArray[np.str_]  # who may be joined: one speaker, or one system and voice
    group: NDArray[np.str_]  # source or system: what is balanced
    condition: NDArray[np.str_]  # `clean`, `web`, `degraded`

    def with_score(self, score: Scores) -> "ScoredSegments":
        """Return the same segments with other scores."""
        return replace(self, score=score)

    def select(self, wanted: Flags) -> "ScoredSegments":
        """Return the segments where `wanted` is true."""
        return ScoredSegments(
            self.score[wanted],
            self.utterance[wanted],
            self.is_bonafide[wanted],
            self.voice[wanted],
            self.group[wanted],
            self.condition[wanted],
        )


@dataclass(frozen=True, slots=True)
class Items:
    """Items with about one amount of voice; every field has one entry an item."""

    score: Scores  # mean over the item's segments
    is_bonafide: Flags
    group: NDArray[np.str_]
    condition: NDArray[np.str_]
    voice: NDArray[np.str_]  # one speaker, or one system and voice
    utterance: NDArray[np.int64]  # the first one that the item is made of
    n_segments: NDArray[np.int64]

    def select(self, wanted: Flags) -> "Items":
        """Return the items where `wanted` is true."""
        return Items(
            self.score[wanted],
            self.is_bonafide[wanted],
            self.group[wanted],
            self.condition[wanted],
            self.voice[wanted],
            self.utterance[wanted],
            self.n_segments[wanted],
        )


@dataclass(frozen=True, slots=True)
class Affine:
    """llr = scale * score + offset."""

    scale: float
    offset: float

    def __call__(self, score: Scores) -> Scores:
        """Return the LLRs of scores."""
        return self.scale * score + self.offset


def make_items(segments: ScoredSegments, voiced_s: int) -> Items:
    """Return items of `voiced_s` segments each, joined from one voice under one condition.

    Voices with less speech give no item; what is left over at the end is dropped.
    """
    keys = np.char.add(np.char.add(segments.voice, "|"), segments.condition)
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.r_[True, keys[order][1:] != keys[order][:-1]])
    lengths = np.diff(np.r_[starts, len(order)])
    firsts = [
        np.arange(start, start + length - voiced_s + 1, voiced_s)
        for start, length in zip(starts, lengths, strict=True)
    ]
    at = np.concatenate(firsts) if len(order) else np.zeros(0, dtype=np.int64)
    members = order[at[:, None] + np.arange(voiced_s)]  # (n_items, voiced_s)
    return _items_of(
        segments,
        members[:, 0] if len(members) else at,
        segments.score[members].mean(axis=1) if len(members) else np.zeros(0),
        np.full(len(members), voiced_s),
    )


def join_items(parts: Sequence[Items]) -> Items:
    """Return several parts' items as one."""
    return Items(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Items))
    )


def utterance_items(segments: ScoredSegments) -> Items:
    """Return one item for each utterance and condition, as long as it happens to be."""
    keys = np.char.add(np.char.add(segments.utterance.astype(np.str_), "|"), segments.condition)
    _, first, inverse, count = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    mean = np.bincount(inverse, weights=segments.score) / count
    return _items_of(segments, first, mean, count)


def balanced_weights(is_bonafide: Flags, group: NDArray[np.str_]) -> Scores:
    """Return weights that sum to 1 / 2 in each class, groups by the root of their size."""
    _, inverse, count = np.unique(group, return_inverse=True, return_counts=True)
    weights = count[inverse].astype(np.float64) ** -0.5
    for of_class in (is_bonafide, ~is_bonafide):
        weights[of_class] /= 2 * max(weights[of_class].sum(), 1e-12)
    return weights


def fit_affine(score: Scores, is_bonafide: Flags, weights: Scores) -> Affine:
    """Return the affine map to LLRs by logistic regression, equal class priors.

    A little ridge on the scale keeps it finite; the scale is never negative.
    """
    design = np.stack([score, np.ones_like(score)], axis=1)
    weights_of = fit_logistic(design, is_bonafide, weights)
    return Affine(float(np.clip(weights_of[0], 0.0, LARGEST_SCALE)), float(weights_of[1]))


def fit_logistic(
    design: Scores, is_bonafide: Flags, weights: Scores, penalty: Scores | None = None
) -> Scores:
    """Return the coefficients of weighted logistic regression by Newton's method.

    Args:
        design: (n, n_columns), the last column being 1.
        is_bonafide: (n,).
        weights: (n,), half of their sum in each class.
        penalty: (n_columns,) ridge on each coefficient; next to nothing if not given.
    """
    coefficients = np.zeros(design.shape[1])
    if penalty is None:
        penalty = np.r_[np.full(design.shape[1] - 1, 1e-4), 1e-9]
    ridge = np.diag(penalty)
    for _ in range(50):
        share = 1 / (1 + np.exp(-np.clip(design @ coefficients, -40, 40)))
        slope = design.T @ (weights * (share - is_bonafide)) + ridge @ coefficients
        curve = (design * (weights * share * (1 - share))[:, None]).T @ design + ridge
        step = np.linalg.solve(curve, slope)
        coefficients = coefficients - step
        if np.abs(step).max() < 1e-9:
            break
    return coefficients


def fit_pooled(segments: ScoredSegments) -> tuple[PooledRow, ...]:
    """Return a row for each amount of voice; scales never fall as voice grows.

    The scale is the correlation discount: seconds of one voice repeat each other, so ten of them
    are worth less than ten times one. Where too few items can be joined, or where more voice would
    seem to say less, the row before is repeated.
    """
    rows = [PooledRow(min_voiced_s=0.0, **_fit_row(make_items(segments, 1)))]
    for voiced_s in VOICE_AMOUNTS_S:
        items = make_items(segments, voiced_s)
        fewest = min(int(items.is_bonafide.sum()), int((~items.is_bonafide).sum()))
        fitted = _fit_row(items) if fewest >= FEWEST_ITEMS else None
        if fitted is None or fitted["scale"] < rows[-1].scale:
            fitted = {"scale": rows[-1].scale, "offset": rows[-1].offset}
        rows.append(PooledRow(min_voiced_s=float(voiced_s), **fitted))
    return tuple(rows)


def pooled_llr(items: Items, row: PooledRow, llr_limit: float) -> Scores:
    """Return the items' LLRs by a row of the card, within the limit."""
    return np.clip(row.scale * items.score + row.offset, -llr_limit, llr_limit)


def calibrated_llr(items: Items, calibration: Calibration) -> Scores:
    """Return the LLRs of items, each by the row for its amount of voice.

    The last segment overlaps the one before, so n segments are a bit more than n - 1 seconds.
    """
    voiced_s = np.maximum(1, items.n_segments - 1)
    reached = [row.min_voiced_s for row in calibration.pooled]
    place = np.searchsorted(reached, voiced_s, side="right") - 1
    scale = np.array([row.scale for row in calibration.pooled])[place]
    offset = np.array([row.offset for row in calibration.pooled])[place]
    limit = calibration.llr_limit
    return np.asarray(np.clip(scale * items.score + offset, -limit, limit))


def choose_thresholds(llr: Scores, items: Items, wanted_error: float) -> tuple[float, float]:
    """Return (synthetic_below, no_evidence_above) on the LLR.

    Each is set where `wanted_error` of the other class, weighted as in the fit, would be decided
    wrongly. How many items are decided follows from it and is published: a zone that is narrowed to
    decide more would sell guesses as findings.
    """
    weights = balanced_weights(items.is_bonafide, items.group)
    low = _weighted_quantile(llr[items.is_bonafide], weights[items.is_bonafide], wanted_error)
    high = _weighted_quantile(
        llr[~items.is_bonafide], weights[~items.is_bonafide], 1 - wanted_error
    )
    return min(low, 0.0), max(high, 0.0)


def measure_errors(
    llr: Scores, items: Items, thresholds: Thresholds, condition: str, min_voiced_s: float
) -> ErrorRow:
    """Return error rates and the share decided at the thresholds; plain shares of all items."""
    synthetic = llr <= thresholds.synthetic_below
    accepted = (llr >= thresholds.no_evidence_above) & ~synthetic
    genuine = items.is_bonafide
    return ErrorRow(
        condition=condition,
        min_voiced_s=min_voiced_s,
        bonafide_rejected_rate=_rounded(synthetic[genuine]),
        spoof_accepted_rate=_rounded(accepted[~genuine]),
        decided_share=_rounded(synthetic | accepted),
        n_bonafide=int(genuine.sum()),
        n_spoof=int((~genuine).sum()),
    )


def by_group(llr: Scores, items: Items, threshold: float) -> dict[str, tuple[float, int]]:
    """Return, for each group, the share on the wrong side of the threshold and its size."""
    wrong = np.where(items.is_bonafide, llr < threshold, llr >= threshold)
    return {
        str(name): (float(wrong[items.group == name].mean()), int((items.group == name).sum()))
        for name in np.unique(items.group)
    }


def join_scores(parts: Sequence[ScoredSegments]) -> ScoredSegments:
    """Return the segments of several folds as one; utterances of different folds stay apart."""
    return ScoredSegments(
        np.concatenate([part.score for part in parts]),
        np.concatenate([part.utterance for part in parts]),
        np.concatenate([part.is_bonafide for part in parts]),
        np.concatenate([part.voice for part in parts]),
        np.concatenate([part.group for part in parts]),
        np.concatenate([part.condition for part in parts]),
    )


def _items_of(
    segments: ScoredSegments,
    first: NDArray[np.int64],
    score: Scores,
    n_segments: NDArray[np.int64],
) -> Items:
    """Return items that are described by their first segment."""
    return Items(
        score,
        segments.is_bonafide[first],
        segments.group[first],
        segments.condition[first],
        segments.voice[first],
        segments.utterance[first],
        n_segments,
    )


def _fit_row(items: Items) -> dict[str, float]:
    """Return scale and offset for items of one amount of voice."""
    weights = balanced_weights(items.is_bonafide, items.group)
    affine = fit_affine(items.score, items.is_bonafide, weights)
    return {"scale": round(affine.scale, 5), "offset": round(affine.offset, 5)}


def _weighted_quantile(values: Scores, weights: Scores, share: float) -> float:
    """Return the value below which `share` of the weight lies."""
    order = np.argsort(values)
    summed = np.cumsum(weights[order]) / weights.sum()
    at = int(np.searchsorted(summed, share))
    return float(values[order][min(at, len(values) - 1)])


def _rounded(flags: Flags) -> float:
    """Return the share of true flags to four digits; 0 where there are none."""
    return round(float(flags.mean()), 4) if len(flags) else 0.0
