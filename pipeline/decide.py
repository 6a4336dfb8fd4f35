"""Decide what a whole item shows, from the scores of its segments (DESIGN.md §3).

Two questions are asked: is all of it synthetic (every scored segment pooled), and is some of it (windows
of consecutive segments)? Between the card's two thresholds the answer is `inconclusive`; nothing is
decided on less voice than the card's `min_voiced_s`.
"""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.calibrate import joint_llr, pooled_llr, unlimited_llr
from pipeline.model_card import Calibration, ErrorRow, ModelCard, Thresholds
from pipeline.vocabulary import (
    ErrorRates,
    FloatArray,
    IntArray,
    Quality,
    Reason,
    SegmentFacts,
    SegmentScores,
    Span,
    Variant,
    Verdict,
    VerdictKind,
)

OVERLAPPED_SHARE = 0.5  # of the judged seconds, from which several voices at once forbid a decision
MIN_APPLICABLE_S = 1.0  # of voice; with less there is nothing to judge
ROUNDING_S = 1e-6
SPAN_ITEM_S = 60.0  # of voice: the length of the genuine items that `span_below` was set on
GAP_S = 0.01  # segments further apart than this are not consecutive


@dataclass(frozen=True, slots=True)
class _Voice:
    """The scored segments of one channel, in time order."""

    rows: IntArray  # indices into the item's segments
    covered_s: FloatArray  # (n_rows,) seconds that each adds to the ones before


@dataclass(frozen=True, slots=True)
class _Pooled:
    """What all voice of an item says together."""

    llr: float  # as it was recorded
    voiced_s: float
    separated_llr: float | None = None  # of the seconds that were heard again without the rest
    second_llr: float | None = None  # of all seconds, those as they were heard again


def decide(scores: SegmentScores, card: ModelCard) -> Verdict:
    """Return the verdict of an item from its scored segments.

    Where much else is beside the voice, a decision asks both the recording and the separated voice:
    measured under music and noise, either alone errs two to seven times as often as both where
    they agree (docs/separation.md).

    Args:
        scores: all segments of the item, calibrated.
        card: of the model that scored them.
    """
    calibration = card.calibration[Variant.RECORDED.value]
    voices = _voices(scores.facts)
    voiced_s = float(sum(voice.covered_s.sum() for voice in voices))
    rows = np.concatenate([voice.rows for voice in voices]) if voices else np.zeros(0, np.int64)
    if not len(rows):
        return _not_applicable(_reason_of(scores.facts), None, 0.0, calibration)
    pooled = _pool(scores, rows, voiced_s, card)
    if voiced_s < MIN_APPLICABLE_S - ROUNDING_S:
        return _not_applicable(Reason.TOO_SHORT, pooled.llr, voiced_s, calibration)
    spans = [span for voice in voices for span in _spans(scores, voice, card)]
    kind, reason = _kind(scores, voices, pooled, spans, card)
    shown = tuple(spans) if kind is VerdictKind.PARTLY_SYNTHETIC else ()
    return Verdict(
        kind,
        reason,
        pooled.llr,
        calibration.llr_limit,
        voiced_s,
        shown,
        error_rates(card.error_rates, voiced_s),
        pooled.separated_llr,
    )


def no_audio(card: ModelCard) -> Verdict:
    """Return the verdict of an item that has no audio track."""
    return _not_applicable(Reason.NO_AUDIO, None, 0.0, card.calibration[Variant.RECORDED.value])


def error_rates(rows: tuple[ErrorRow, ...], voiced_s: float) -> ErrorRates | None:
    """Return the measured errors for as much voice as the item has, the worst condition's row.

    The condition of an outside item is not known; the worst one is what may be claimed.
    """
    reached = [row for row in rows if row.min_voiced_s <= voiced_s + ROUNDING_S]
    if not reached:
        return None
    amount = max(row.min_voiced_s for row in reached)
    row = max(
        (row for row in reached if row.min_voiced_s == amount),
        key=lambda row: row.bonafide_rejected_rate + row.spoof_accepted_rate,
    )
    return ErrorRates(
        f"{row.condition}, at least {row.min_voiced_s:g} s of voice",
        row.bonafide_rejected_rate,
        row.spoof_accepted_rate,
        row.decided_share,
        row.n_bonafide,
        row.n_spoof,
    )


def _pool(scores: SegmentScores, rows: IntArray, voiced_s: float, card: ModelCard) -> _Pooled:
    """Return what the recorded rows say, and what they say with the voice separated where it was."""
    recorded = card.calibration[Variant.RECORDED.value]
    facts = scores.facts
    again = np.flatnonzero((facts.reason == Reason.NONE) & (facts.variant == Variant.SEPARATED))
    if not len(again):
        return _Pooled(pooled_llr(scores.cm_score[rows], voiced_s, recorded), voiced_s)
    separated = card.calibration[Variant.SEPARATED.value]
    heard_again = {_place(facts, int(row)) for row in again}
    is_twin = np.array([_place(facts, int(row)) in heard_again for row in rows])
    again_s = voiced_s * len(again) / len(rows)
    rest = scores.cm_score[rows[~is_twin]]
    return _Pooled(
        pooled_llr(scores.cm_score[rows], voiced_s, recorded),
        voiced_s,
        pooled_llr(scores.cm_score[again], again_s, separated),
        joint_llr([(rest, recorded), (scores.cm_score[again], separated)], voiced_s),
    )


def _place(facts: SegmentFacts, row: int) -> tuple[int, int, float]:
    return int(facts.track[row]), int(facts.channel[row]), float(facts.start_s[row])


def _kind(
    scores: SegmentScores,
    voices: list[_Voice],
    pooled: _Pooled,
    spans: list[Span],
    card: ModelCard,
) -> tuple[VerdictKind, Reason]:
    thresholds = card.thresholds
    ways = [pooled.llr] if pooled.second_llr is None else [pooled.llr, pooled.second_llr]
    if pooled.voiced_s < thresholds.min_voiced_s - ROUNDING_S:
        return VerdictKind.INCONCLUSIVE, Reason.LITTLE_VOICE
    if _overlapped_share(scores.facts, voices) > OVERLAPPED_SHARE:
        return VerdictKind.INCONCLUSIVE, Reason.OVERLAPPED_SPEECH
    if max(ways) - min(ways) > thresholds.disagreement:
        return VerdictKind.INCONCLUSIVE, Reason.VARIANTS_DISAGREE
    if spans and _rest_llr(scores, voices, spans, card) > thresholds.synthetic_below:
        return VerdictKind.PARTLY_SYNTHETIC, Reason.NONE
    synthetic = [llr <= thresholds.synthetic_below for llr in ways]
    if all(synthetic):
        return VerdictKind.SYNTHETIC, Reason.NONE
    doubtful = bool(spans) or any(_has_doubtful_stretch(scores, voice, card) for voice in voices)
    unsuspicious = [llr >= thresholds.no_evidence_above and not doubtful for llr in ways]
    if all(unsuspicious):
        return VerdictKind.NO_EVIDENCE, Reason.NONE
    alone = any(synthetic) or any(unsuspicious)
    return VerdictKind.INCONCLUSIVE, Reason.VARIANTS_DISAGREE if alone else Reason.WEAK_EVIDENCE


def _overlapped_share(facts: SegmentFacts, voices: list[_Voice]) -> float:
    """Return in how much of the judged sound several voices speak at once: the loudest was judged."""
    flagged_s = sum(
        float(voice.covered_s[(facts.quality[voice.rows] & Quality.OVERLAPPED_SPEECH) != 0].sum())
        for voice in voices
    )
    return flagged_s / sum(float(voice.covered_s.sum()) for voice in voices)


def _rest_llr(
    scores: SegmentScores, voices: list[_Voice], spans: list[Span], card: ModelCard
) -> float:
    """Return the pooled LLR of what lies outside the spans, -inf where too little does."""
    outside: list[IntArray] = []
    outside_s = 0.0
    for voice in voices:
        kept = ~_inside(scores.facts, voice.rows, spans)
        outside.append(voice.rows[kept])
        outside_s += float(voice.covered_s[kept].sum())
    if outside_s < card.thresholds.span_window_s - ROUNDING_S:
        return -np.inf
    rows = np.concatenate(outside)
    return pooled_llr(scores.cm_score[rows], outside_s, card.calibration[Variant.RECORDED.value])


def _inside(facts: SegmentFacts, rows: IntArray, spans: list[Span]) -> NDArray[np.bool_]:
    """Return which rows have their middle within a span of their channel."""
    middle_s = (facts.start_s[rows] + facts.end_s[rows]) / 2
    inside = np.zeros(len(rows), np.bool_)
    for span in spans:
        same_channel = (facts.track[rows] == span.track) & (facts.channel[rows] == span.channel)
        inside |= same_channel & (span.start_s <= middle_s) & (middle_s <= span.end_s)
    return inside


def _spans(scores: SegmentScores, voice: _Voice, card: ModelCard) -> list[Span]:
    """Return the stretches whose windows all lie below the card's span threshold, joined."""
    calibration = card.calibration[Variant.RECORDED.value]
    threshold = _span_threshold(float(voice.covered_s.sum()), card.thresholds)
    spans: list[Span] = []
    for first, last in _windows(scores.facts, voice, card.thresholds.span_window_s):
        rows = voice.rows[first:last]
        if (
            unlimited_llr(scores.cm_score[rows], card.thresholds.span_window_s, calibration)
            > threshold
        ):
            continue
        start_s, end_s = float(scores.facts.start_s[rows[0]]), float(scores.facts.end_s[rows[-1]])
        if spans and start_s <= spans[-1].end_s + GAP_S:
            start_s = spans.pop().start_s
        spans.append(_span(scores, voice, (start_s, end_s), calibration))
    return spans


def _has_doubtful_stretch(scores: SegmentScores, voice: _Voice, card: ModelCard) -> bool:
    """Tell whether some stretch, too short or too faint for a span, is not what a person's would be.

    An item of which most is genuine must not be called unsuspicious over a few synthetic seconds.
    """
    thresholds = card.thresholds
    if thresholds.doubt_below is None:
        return False
    calibration = card.calibration[Variant.RECORDED.value]
    window_s = thresholds.min_voiced_s
    return any(
        unlimited_llr(scores.cm_score[voice.rows[first:last]], window_s, calibration)
        <= thresholds.doubt_below
        for first, last in _windows(scores.facts, voice, window_s)
    )


def _span_threshold(voiced_s: float, thresholds: Thresholds) -> float:
    """Return the LLR that a window must fall below.

    The more windows an item has, the likelier one of them errs: ten times the windows ask for ten
    times the evidence (Bonferroni's correction, as a likelihood ratio). Without it false spans grow
    with length, and every long talk is accused.
    """
    return thresholds.span_below - math.log(max(1.0, voiced_s / SPAN_ITEM_S))


def _span(
    scores: SegmentScores, voice: _Voice, edges_s: tuple[float, float], calibration: Calibration
) -> Span:
    facts = scores.facts
    start_s, end_s = edges_s
    inside = (facts.start_s[voice.rows] >= start_s - GAP_S) & (
        facts.end_s[voice.rows] <= end_s + GAP_S
    )
    rows = voice.rows[inside]
    llr = pooled_llr(scores.cm_score[rows], float(voice.covered_s[inside].sum()), calibration)
    return Span(start_s, end_s, int(facts.track[rows[0]]), int(facts.channel[rows[0]]), llr)


def _windows(facts: SegmentFacts, voice: _Voice, window_s: float) -> list[tuple[int, int]]:
    """Return [first, last) runs of consecutive scored segments that cover `window_s`."""
    windows: list[tuple[int, int]] = []
    for first in range(len(voice.rows)):
        start_s = facts.start_s[voice.rows[first]]
        for last in range(first, len(voice.rows)):
            row = voice.rows[last]
            if last > first and facts.start_s[row] > facts.end_s[voice.rows[last - 1]] + GAP_S:
                break  # a gap: the run ends before the window is full
            if facts.end_s[row] - start_s >= window_s - ROUNDING_S:
                windows.append((first, last + 1))
                break
    return windows


def _voices(facts: SegmentFacts) -> list[_Voice]:
    """Return the scored recorded segments of each channel with the seconds that each one adds."""
    scored = (facts.reason == Reason.NONE) & (facts.variant == Variant.RECORDED)
    channels = sorted({(int(t), int(c)) for t, c in zip(facts.track, facts.channel, strict=True)})
    voices: list[_Voice] = []
    for track, channel in channels:
        rows = np.flatnonzero(scored & (facts.track == track) & (facts.channel == channel))
        if not len(rows):
            continue
        before_s = np.concatenate([[-np.inf], np.maximum.accumulate(facts.end_s[rows])[:-1]])
        covered_s = facts.end_s[rows] - np.maximum(facts.start_s[rows], before_s)
        voices.append(_Voice(rows, covered_s.astype(np.float32)))
    return voices


def _reason_of(facts: SegmentFacts) -> Reason:
    """Return the reason that most of the sound has, silence only where there is nothing else."""
    counts = Counter(str(reason) for reason in facts.reason)
    loud = {reason: n for reason, n in counts.items() if reason != Reason.SILENCE}
    if not loud:
        return Reason.SILENCE
    return Reason(max(loud, key=lambda reason: (loud[reason], reason)))


def _not_applicable(
    reason: Reason, llr: float | None, voiced_s: float, calibration: Calibration
) -> Verdict:
    return Verdict(VerdictKind.NOT_APPLICABLE, reason, llr, calibration.llr_limit, voiced_s)
