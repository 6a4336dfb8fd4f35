"""Calibration gives true LLRs, joins items alike in both classes and sets honest thresholds."""

import numpy as np
import pytest

from pipeline.model_card import Thresholds
from training.calibration import (
    ScoredSegments,
    balanced_weights,
    choose_thresholds,
    fit_affine,
    fit_pooled,
    make_items,
    measure_errors,
    utterance_items,
)
from training.metrics import cllr, min_cllr


def gaussian_segments(n_voices: int = 200, n_segments: int = 10) -> ScoredSegments:
    """Return segments whose score is +1 or -1, a voice's own offset and noise."""
    random = np.random.default_rng(0)
    voices = np.repeat(np.arange(2 * n_voices), n_segments)
    genuine = voices < n_voices
    score = np.where(genuine, 1.0, -1.0) + np.repeat(
        random.normal(0, 0.5, 2 * n_voices), n_segments
    )
    return ScoredSegments(
        score + random.normal(0, 2, len(voices)),
        voices.astype(np.int64),
        genuine,
        voices.astype(np.str_),
        (voices % 10).astype(np.str_),
        np.full(len(voices), "clean"),
    )


def test_scores_of_two_gaussians_become_their_llr() -> None:
    random = np.random.default_rng(1)
    score = np.r_[random.normal(1, 1, 20_000), random.normal(-1, 1, 20_000)]
    genuine = np.arange(40_000) < 20_000
    affine = fit_affine(score, genuine, np.full(40_000, 1 / 40_000))
    assert affine.scale == pytest.approx(2.0, abs=0.05)  # ln N(1,1) / N(-1,1) = 2 x
    assert affine.offset == pytest.approx(0.0, abs=0.05)


def test_class_sizes_do_not_shift_the_llr() -> None:
    random = np.random.default_rng(2)
    score = np.r_[random.normal(1, 1, 20_000), random.normal(-1, 1, 2_000)]
    genuine = np.arange(22_000) < 20_000
    weights = balanced_weights(genuine, genuine.astype(np.str_))
    assert fit_affine(score, genuine, weights).offset == pytest.approx(0.0, abs=0.1)


def test_items_never_mix_voices_or_conditions() -> None:
    segments = gaussian_segments(n_voices=3, n_segments=5)
    items = make_items(segments, 2)
    assert len(items.score) == 6 * 2  # the fifth segment of each voice is left over
    assert make_items(segments, 6).score.size == 0


def test_an_utterance_is_one_item_with_its_mean() -> None:
    segments = gaussian_segments(n_voices=2, n_segments=4)
    items = utterance_items(segments)
    assert len(items.score) == 4
    assert items.score.sum() == pytest.approx(segments.score.reshape(4, 4).mean(axis=1).sum())


def test_more_voice_earns_a_larger_scale() -> None:
    rows = fit_pooled(gaussian_segments())
    assert [row.min_voiced_s for row in rows] == [0.0, 1.0, 2.0, 4.0, 8.0]
    assert rows[-1].scale > 1.5 * rows[0].scale


def test_calibrated_items_lose_little_against_the_best_map() -> None:
    segments = gaussian_segments()
    row = fit_pooled(segments)[3]
    items = make_items(segments, 4)
    llr = row.scale * items.score + row.offset
    genuine, spoof = llr[items.is_bonafide], llr[~items.is_bonafide]
    assert cllr(genuine, spoof) - min_cllr(genuine, spoof) < 0.05


def test_the_inconclusive_zone_keeps_errors_down_and_still_decides() -> None:
    segments = gaussian_segments()
    row = fit_pooled(segments)[3]
    items = make_items(segments, 4)
    llr = row.scale * items.score + row.offset
    low, high = choose_thresholds(llr, items, wanted_error=0.05)
    assert low <= 0.0 <= high
    errors = measure_errors(
        llr,
        items,
        Thresholds(synthetic_below=low, no_evidence_above=high, span_below=-9.0, span_window_s=4.0),
        "clean",
        4.0,
    )
    assert errors.decided_share > 0.2
    assert errors.bonafide_rejected_rate <= 0.06
    assert errors.spoof_accepted_rate <= 0.06
    assert errors.n_bonafide == items.is_bonafide.sum()
