"""Localisation: how well the product's spans find the synthetic part of a spliced item.

Everything walks the real pipeline and its `decide`. Metrics are over time, not over segments:
seconds marked against seconds synthetic. The range-based equal error rate follows Zhang, Wang,
Cooper, Evans, Yamagishi, "Range-Based Equal Error Rate for Spoof Localization" (Interspeech 2023):
shares of duration in place of shares of segments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.analyse import Models
from pipeline.decide import decide
from pipeline.model_card import ModelCard
from pipeline.vocabulary import (
    Reason,
    SegmentFacts,
    SegmentScores,
    Verdict,
    VerdictKind,
)
from training.metrics import eer
from training.spliced_items import Seconds, SplicedItem
from training.walk import walk

CELL_S = 0.01  # the time grid of the metrics


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """An item after the pipeline, at the densest hop that was asked for."""

    item: SplicedItem
    scores: SegmentScores


@dataclass(frozen=True, slots=True)
class SpanFigures:
    """What the spans of some items are worth; rates are shares of seconds unless said."""

    n_items: int
    found_share: float  # of spliced items, called `partly_synthetic` with a span in the right place
    called_synthetic_share: float  # of spliced items, called synthetic as a whole
    precision: float
    recall: float
    f1: float
    boundary_error_s: float  # median distance of a found span's edge to the true one
    range_eer: float
    segment_eer: float


@dataclass(frozen=True, slots=True)
class FalseSpanFigures:
    """What genuine items of 60 s are accused of."""

    n_items: int
    item_share: float  # of items, with a span
    second_share: float  # of seconds, in a span
    called_synthetic_share: float  # of items, called synthetic as a whole


def score_item(item: SplicedItem, models: Models, hop_s: float) -> ScoredItem:
    """Return the item with the pipeline's scores of its segments."""
    return ScoredItem(item, walk(item.samples, models, hop_s).scores)


def at_hop(scores: SegmentScores, hop_s: float) -> SegmentScores:
    """Return the segments that a coarser hop would have cut, the last one always among them."""
    step = scores.facts.start_s / hop_s
    kept = np.isclose(step, np.round(step), atol=1e-6)
    kept[-1] = True
    facts = scores.facts
    chosen = SegmentFacts(
        start_s=facts.start_s[kept],
        end_s=facts.end_s[kept],
        track=facts.track[kept],
        channel=facts.channel[kept],
        variant=facts.variant[kept],
        voiced_share=facts.voiced_share[kept],
        removed_share=facts.removed_share[kept],
        quality=facts.quality[kept],
        reason=facts.reason[kept],
    )
    attention = None if scores.attention is None else scores.attention[kept]
    return replace(
        scores,
        facts=chosen,
        cm_score=scores.cm_score[kept],
        llr=scores.llr[kept],
        embedding=scores.embedding[kept],
        attention=attention,
    )


def measure_spans(items: Sequence[ScoredItem], cards: Mapping[str, ModelCard]) -> SpanFigures:
    """Return what the spans of spliced items are worth.

    Args:
        items: spliced, at least one.
        cards: model id -> the card whose thresholds decide.
    """
    marked_s = right_s = true_s = 0.0
    found = whole = 0
    edges: list[float] = []
    time_scores: list[NDArray[np.float64]] = []
    time_labels: list[NDArray[np.bool_]] = []
    segment_scores: list[NDArray[np.float64]] = []
    segment_labels: list[NDArray[np.bool_]] = []
    for scored in items:
        verdict = decide(scored.scores, cards[scored.scores.model_id])
        truth = on_grid(scored.item.synthetic_s, scored.item.duration_s)
        marked = on_grid(_shown(verdict), scored.item.duration_s)
        marked_s += marked.sum() * CELL_S
        true_s += truth.sum() * CELL_S
        right_s += (marked & truth).sum() * CELL_S
        hit = [span for span in _shown(verdict) if _meet(span, scored.item.synthetic_s[0])]
        found += bool(hit)
        whole += verdict.kind is VerdictKind.SYNTHETIC
        if hit:
            start_s, end_s = scored.item.synthetic_s[0]
            edges += [abs(hit[0][0] - start_s), abs(hit[-1][1] - end_s)]
        llr, known = llr_on_grid(scored.scores, scored.item.duration_s)
        time_scores.append(llr[known])
        time_labels.append(truth[known])
        score, label = _labelled_segments(scored)
        segment_scores.append(score)
        segment_labels.append(label)
    precision = right_s / marked_s if marked_s else float("nan")
    recall = right_s / true_s
    return SpanFigures(
        n_items=len(items),
        found_share=found / len(items),
        called_synthetic_share=whole / len(items),
        precision=precision,
        recall=recall,
        f1=2 * right_s / (marked_s + true_s),
        boundary_error_s=float(np.median(edges)) if edges else float("nan"),
        range_eer=_eer_of(time_scores, time_labels),
        segment_eer=_eer_of(segment_scores, segment_labels),
    )


def measure_false_spans(
    items: Sequence[ScoredItem], cards: Mapping[str, ModelCard]
) -> FalseSpanFigures:
    """Return what genuine items are accused of; `cards` as in `measure_spans`."""
    with_span = whole = 0
    marked_s = total_s = 0.0
    for scored in items:
        verdict = decide(scored.scores, cards[scored.scores.model_id])
        shown = _shown(verdict)
        with_span += bool(shown)
        whole += verdict.kind is VerdictKind.SYNTHETIC
        marked_s += float(on_grid(shown, scored.item.duration_s).sum()) * CELL_S
        total_s += scored.item.duration_s
    return FalseSpanFigures(
        len(items), with_span / len(items), marked_s / total_s, whole / len(items)
    )


def on_grid(spans: Sequence[Seconds], duration_s: float) -> NDArray[np.bool_]:
    """Return which cells of the time grid have their middle in a span, (n_cells,)."""
    middle_s = (np.arange(round(duration_s / CELL_S)) + 0.5) * CELL_S
    inside = np.zeros(len(middle_s), np.bool_)
    for start_s, end_s in spans:
        inside |= (start_s <= middle_s) & (middle_s < end_s)
    return inside


def llr_on_grid(
    scores: SegmentScores, duration_s: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the mean LLR of the segments over each cell, and which cells have one, (n_cells,)."""
    n_cells = round(duration_s / CELL_S)
    total, count = np.zeros(n_cells), np.zeros(n_cells)
    for row in np.flatnonzero(scores.facts.reason == Reason.NONE):
        first = round(float(scores.facts.start_s[row]) / CELL_S)
        last = round(float(scores.facts.end_s[row]) / CELL_S)
        total[first:last] += float(scores.llr[row])
        count[first:last] += 1
    return total / np.maximum(count, 1), count > 0


def _labelled_segments(scored: ScoredItem) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the LLR of each scored segment and whether most of it is synthetic."""
    facts = scored.scores.facts
    rows = np.flatnonzero(facts.reason == Reason.NONE)
    overlap_s = np.zeros(len(rows))
    for start_s, end_s in scored.item.synthetic_s:
        overlap_s += np.clip(
            np.minimum(facts.end_s[rows], end_s) - np.maximum(facts.start_s[rows], start_s), 0, None
        )
    return scored.scores.llr[rows].astype(np.float64), overlap_s > 0.5 * (
        facts.end_s[rows] - facts.start_s[rows]
    )


def _shown(verdict: Verdict) -> tuple[Seconds, ...]:
    """Return the spans that a report shows."""
    return tuple((span.start_s, span.end_s) for span in verdict.spans)


def _meet(one: Seconds, other: Seconds) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _eer_of(
    llrs: Sequence[NDArray[np.float64]], is_synthetic: Sequence[NDArray[np.bool_]]
) -> float:
    """Return the equal error rate over all items, NaN where a class is empty."""
    llr, synthetic = np.concatenate(llrs), np.concatenate(is_synthetic)
    return eer(llr[~synthetic], llr[synthetic])
