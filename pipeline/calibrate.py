"""Turn CM scores into log-likelihood ratios with the numbers on the model's card.

LLR = ln P(E | bona fide) / P(E | spoof), natural logarithm. Affine logistic-regression calibration:
Brümmer and du Preez, "Application-independent evaluation of speaker detection" (2006), section 6.
"""

from collections.abc import Sequence

import numpy as np

from pipeline.model_card import Calibration, PooledRow
from pipeline.vocabulary import FloatArray


def segment_llr(cm_score: FloatArray, calibration: Calibration) -> FloatArray:
    """Return the LLR of each segment, NaN where the score is NaN, within ± `llr_limit`."""
    llr = calibration.segment_scale * cm_score + calibration.segment_offset
    clipped: FloatArray = np.clip(llr, -calibration.llr_limit, calibration.llr_limit)
    return clipped.astype(np.float32)


def pooled_llr(cm_score: FloatArray, voiced_s: float, calibration: Calibration) -> float:
    """Return the LLR of scored segments together, within ± `llr_limit`: what may be claimed.

    Args:
        cm_score: float32 (n_scored,), finite, at least one.
        voiced_s: seconds that these segments cover; picks the row of the calibration.
        calibration: of the variant that the segments are of.
    """
    llr = unlimited_llr(cm_score, voiced_s, calibration)
    return float(np.clip(llr, -calibration.llr_limit, calibration.llr_limit))


def joint_llr(parts: Sequence[tuple[FloatArray, Calibration]], voiced_s: float) -> float:
    """Return the LLR of seconds that were heard in different ways, within ± `llr_limit`.

    Args:
        parts: scores (n_scored,) of some seconds with the calibration of how they were heard; each
            second counts once and as much as any other.
        voiced_s: seconds that they cover together.
    """
    heard = [(scores, calibration) for scores, calibration in parts if len(scores)]
    n_scored = sum(len(scores) for scores, _ in heard)
    llr = sum(
        unlimited_llr(scores, voiced_s, calibration) * len(scores) / n_scored
        for scores, calibration in heard
    )
    limit = min(calibration.llr_limit for _, calibration in heard)
    return float(np.clip(llr, -limit, limit))


def unlimited_llr(cm_score: FloatArray, voiced_s: float, calibration: Calibration) -> float:
    """Return `pooled_llr` without its limit: to compare with thresholds, never to be printed."""
    row = pooled_row(calibration.pooled, voiced_s)
    return row.scale * float(np.mean(cm_score, dtype=np.float64)) + row.offset


def pooled_row(rows: Sequence[PooledRow], voiced_s: float) -> PooledRow:
    """Return the row with the largest `min_voiced_s` that `voiced_s` reaches (to a microsecond)."""
    return [row for row in rows if row.min_voiced_s <= voiced_s + 1e-6][-1]
