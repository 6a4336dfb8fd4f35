"""Liken synthetic speech to the systems that the model knows; "unknown" is an answer.

It runs after the decision and is no evidence for it: a likeness never strengthens a verdict. Open
set: the model's `attribution` output has columns for what is none of the known systems, and a name
is given only where a known system's column beats them by the card's margin.
"""

import numpy as np

from pipeline.model_card import ModelCard
from pipeline.vocabulary import (
    IntArray,
    Likeness,
    Reason,
    SegmentScores,
    Variant,
    Verdict,
    VerdictKind,
)

ROUNDING_S = 1e-6


def liken(scores: SegmentScores, verdict: Verdict, card: ModelCard) -> Likeness | None:
    """Return what the synthetic speech of an item is most like; None where none was found.

    Args:
        scores: all segments of the item.
        verdict: what was decided; of a partly synthetic item only the spans are likened.
        card: of the model that scored them.
    """
    if card.attribution is None or scores.attribution is None:
        return None
    if verdict.kind not in (VerdictKind.SYNTHETIC, VerdictKind.PARTLY_SYNTHETIC):
        return None
    rows = _synthetic_rows(scores, verdict)
    if not len(rows):
        return None
    columns = scores.attribution[rows].mean(axis=0, dtype=np.float64)
    n_known = len(card.attribution.systems)
    best = int(columns[:n_known].argmax())
    margin = float(columns[best] - columns[n_known:].max())
    span_s = sum(span.end_s - span.start_s for span in verdict.spans)
    heard_s = verdict.voiced_s if verdict.kind is VerdictKind.SYNTHETIC else span_s
    is_enough = heard_s >= card.attribution.min_voiced_s - ROUNDING_S
    if margin < card.attribution.named_above or not is_enough:
        return Likeness("", "", margin, card.attribution.unknown_named_rate)
    system = card.attribution.systems[best]
    return Likeness(system.name, system.family, margin, card.attribution.unknown_named_rate)


def _synthetic_rows(scores: SegmentScores, verdict: Verdict) -> IntArray:
    """Return the scored segments that the verdict calls synthetic."""
    facts = scores.facts
    rows = np.flatnonzero((facts.reason == Reason.NONE) & (facts.variant == Variant.RECORDED))
    if verdict.kind is VerdictKind.SYNTHETIC:
        return rows
    middle_s = (facts.start_s[rows] + facts.end_s[rows]) / 2
    inside = np.zeros(len(rows), np.bool_)
    for span in verdict.spans:
        inside |= (
            (facts.track[rows] == span.track)
            & (facts.channel[rows] == span.channel)
            & (span.start_s <= middle_s)
            & (middle_s <= span.end_s)
        )
    return rows[inside]
