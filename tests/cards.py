"""Cards and score tables for tests: plain numbers that a reader can follow by hand."""

from collections.abc import Sequence

import numpy as np

from pipeline.model_card import (
    Calibration,
    ErrorRow,
    FrontEndSpec,
    ModelCard,
    PooledRow,
    Thresholds,
    TrainingFacts,
)
from pipeline.vocabulary import Reason, SegmentFacts, SegmentScores, Variant

LLR_LIMIT = 5.0


def make_card() -> ModelCard:
    """Return a card whose calibration is the identity: a segment's LLR is its CM score."""
    pooled = (
        PooledRow(min_voiced_s=0, scale=1, offset=0),
        PooledRow(min_voiced_s=4, scale=2, offset=0),
    )
    return ModelCard(
        name="test",
        sample_rate=16_000,
        segment_samples=16_000,
        front_ends=(FrontEndSpec(input_name="log_mel", front_end="log_mel"),),
        members=("test",),
        has_attention=False,
        calibration={
            "recorded": Calibration(
                segment_scale=1, segment_offset=0, pooled=pooled, llr_limit=LLR_LIMIT
            )
        },
        thresholds=Thresholds(
            synthetic_below=-2, no_evidence_above=2, span_below=-2, span_window_s=3
        ),
        error_rates=(
            _row("clean", 0, 0.2),
            _row("clean", 4, 0.05),
            _row("degraded", 4, 0.1),
        ),
        figures=(),
        training=TrainingFacts(
            recipe="none", data="none", generators=(), cutoff="2026-01-01", seed=0
        ),
        languages=(),
        limits=(),
        licence="Apache-2.0",
    )


def make_scores(cm_score: Sequence[float | None], hop_s: float = 1.0) -> SegmentScores:
    """Return 1-s segments of one channel with these scores; None = music, not scored."""
    n_segments = len(cm_score)
    values = np.array([np.nan if score is None else score for score in cm_score], np.float32)
    reason = [str(Reason.MUSIC) if score is None else "" for score in cm_score]
    start_s = np.asarray(hop_s * np.arange(n_segments), np.float64)
    facts = SegmentFacts(
        start_s=start_s,
        end_s=start_s + 1.0,
        track=np.zeros(n_segments, np.int64),
        channel=np.zeros(n_segments, np.int64),
        variant=np.full(n_segments, str(Variant.RECORDED), "U24"),
        voiced_share=np.ones(n_segments, np.float32),
        removed_share=np.zeros(n_segments, np.float32),
        quality=np.zeros(n_segments, np.int64),
        reason=np.array(reason, "U24"),
    )
    return SegmentScores(
        facts, values, values, np.zeros((n_segments, 2), np.float32), None, "0" * 64
    )


def _row(condition: str, min_voiced_s: float, rate: float) -> ErrorRow:
    return ErrorRow(
        condition=condition,
        min_voiced_s=min_voiced_s,
        bonafide_rejected_rate=rate,
        spoof_accepted_rate=rate,
        decided_share=0.8,
        n_bonafide=100,
        n_spoof=100,
    )
