"""Transfer: no fold has a part in its own LLRs, and overconfidence is shrunk."""

from dataclasses import replace

import numpy as np
import pytest

from training.calibration import ScoredSegments, balanced_weights, fit_affine, make_items
from training.metrics import cllr, eer
from training.transfer import (
    SHRINKAGES,
    HeldOutItems,
    balanced_cllr,
    choose_shrinkage,
    fit_calibration,
    hold_out,
    shrink,
    shrinkage_costs,
)
from training.transfer_figures import (
    transfer_lines,
    transferred_figures,
    transferred_hter,
    transferred_rows,
    transferred_thresholds,
)

N_FOLDS = 3


def folds_of_segments(hard: float = 1.0, n_voices: int = 25) -> tuple[ScoredSegments, np.ndarray]:
    """Return segments of three folds; in the last the classes are `hard` times as far apart."""
    random = np.random.default_rng(0)
    voice = np.repeat(np.arange(2 * N_FOLDS * n_voices), 8)
    fold = voice % N_FOLDS
    genuine = voice % 2 == 0
    distance = np.where(fold == N_FOLDS - 1, hard, 1.0)
    score = np.where(genuine, distance, -distance) + random.normal(0, 1, len(voice))
    group = np.char.add(np.where(genuine, "b", "s"), (voice % 5).astype(np.str_))
    condition = np.where(voice % 4 < 2, "clean", "degraded")
    return ScoredSegments(score, voice, genuine, voice.astype(np.str_), group, condition), fold


def test_a_fold_is_calibrated_on_the_others_alone() -> None:
    segments, fold = folds_of_segments()
    held = hold_out(segments, fold, 2)
    others = make_items(segments.select(fold != 0), 2)
    weights = balanced_weights(others.is_bonafide, others.group)
    affine = fit_affine(others.score, others.is_bonafide, weights)
    own = held.select(held.fold == 0)
    np.testing.assert_allclose(own.llr, affine(own.items.score), atol=1e-9)


def test_scores_of_a_fold_do_not_move_its_own_calibration() -> None:
    segments, fold = folds_of_segments()
    lifted = segments.with_score(np.where(fold == 1, segments.score + 3, segments.score))
    before, after = hold_out(segments, fold, 1), hold_out(lifted, fold, 1)
    np.testing.assert_allclose(
        before.llr[before.fold == 1] + 3 * _scale(before, 1), after.llr[after.fold == 1]
    )


def _scale(held: HeldOutItems, fold: int) -> float:
    own = held.select(held.fold == fold)
    return float(np.ptp(own.llr) / np.ptp(own.items.score))


def test_fusion_weights_of_the_other_folds_are_used_where_given() -> None:
    segments, fold = folds_of_segments()
    scores = {name: segments.score * (name + 1) for name in range(N_FOLDS)}
    held = hold_out(segments, fold, 1, scores)
    plain = hold_out(segments, fold, 1)
    own = held.fold == 2
    np.testing.assert_allclose(held.items.score[own], 3 * plain.items.score[own])
    np.testing.assert_allclose(held.llr[own], plain.llr[own], atol=0.05)  # calibration undoes it


def test_one_fold_cannot_be_held_out() -> None:
    segments, fold = folds_of_segments()
    with pytest.raises(ValueError, match="another"):
        hold_out(segments, np.zeros_like(fold), 1)


def test_a_fold_that_is_harder_than_the_rest_shrinks_the_llrs() -> None:
    alike, fold = folds_of_segments()
    harder, _ = folds_of_segments(hard=0.3)
    assert choose_shrinkage([hold_out(alike, fold, 4)]) > 0.9
    assert choose_shrinkage([hold_out(harder, fold, 4)]) < 0.9


def test_shrinking_costs_no_more_than_is_afforded() -> None:
    segments, fold = folds_of_segments(hard=0.1)
    held = [hold_out(segments, fold, 2)]
    costs = shrinkage_costs(held).mean(axis=0)
    for affordable in (0.0, 0.01, 0.1):
        chosen = SHRINKAGES.index(choose_shrinkage(held, affordable))
        assert costs[chosen] <= costs.min() + affordable + 1e-12


def test_the_costs_are_the_balanced_cllr_of_each_fold() -> None:
    segments, fold = folds_of_segments()
    segments = replace(segments, condition=np.full(len(fold), "clean"))
    held = hold_out(segments, fold, 2)
    own = held.select(held.fold == 1)
    assert shrinkage_costs([held])[1, -1] == pytest.approx(balanced_cllr(own.llr, own.items))


def test_groups_of_one_size_give_the_plain_cllr() -> None:
    segments, _ = folds_of_segments()
    items = make_items(segments, 1)
    plain = cllr(items.score[items.is_bonafide], items.score[~items.is_bonafide])
    assert balanced_cllr(items.score, items) == pytest.approx(plain, abs=0.02)


def test_the_shipped_rows_are_shrunk_and_keep_their_zero() -> None:
    segments, fold = folds_of_segments(hard=0.3)
    fitted = fit_calibration(segments, fold, llr_limit=3.217)
    assert fitted.shrinkage < 1
    assert fitted.calibration.llr_limit == 3.22
    pooled = fitted.calibration.pooled
    assert [row.min_voiced_s for row in pooled] == [0, 1, 2, 4, 8]
    assert [row.scale for row in pooled] == sorted(row.scale for row in pooled)
    assert fitted.calibration.segment_scale == pooled[0].scale
    halved = shrink(pooled[0], 0.5)
    assert halved.offset / halved.scale == pytest.approx(
        pooled[0].offset / pooled[0].scale, abs=1e-3
    )


def test_thresholds_come_from_the_other_folds() -> None:
    segments, fold = folds_of_segments()
    held = [hold_out(segments, fold, voiced_s) for voiced_s in (1, 4)]
    moved = segments.with_score(np.where(fold == 0, -segments.score, segments.score))
    after = [hold_out(moved, fold, voiced_s) for voiced_s in (1, 4)]
    # fold 0's own zone is set by folds 1 and 2, whose items did not change
    kept = [hold_out(segments.select(fold != 0), fold[fold != 0], 4)]
    assert set(transferred_thresholds(held, 0.05)) == {0, 1, 2}
    assert set(transferred_thresholds(kept, 0.05)) == {1, 2}
    assert transferred_thresholds(held, 0.05)[1] != transferred_thresholds(after, 0.05)[1]


def test_rates_are_counted_at_transferred_thresholds() -> None:
    segments, fold = folds_of_segments()
    held = [hold_out(segments, fold, voiced_s) for voiced_s in (1, 4)]
    rows = transferred_rows(held, 0.05, "held out")
    assert [row.condition for row in rows] == ["held out, clean"] * 2 + ["held out, degraded"] * 2
    clean_1s = rows[0]
    low_high = transferred_thresholds(held, 0.05)
    part = held[0].select(held[0].items.condition == "clean")
    rejected = [
        llr <= low_high[int(name)][0]
        for llr, name, genuine in zip(part.llr, part.fold, part.items.is_bonafide, strict=True)
        if genuine
    ]
    assert clean_1s.bonafide_rejected_rate == pytest.approx(np.mean(rejected), abs=1e-4)
    assert clean_1s.n_bonafide == len(rejected)


def test_hter_at_the_transferred_threshold_is_near_the_eer_where_folds_are_alike() -> None:
    segments, fold = folds_of_segments(n_voices=100)
    held = hold_out(segments, fold, 1)
    genuine = held.items.is_bonafide
    rate = eer(held.llr[genuine], held.llr[~genuine])
    assert transferred_hter(held) == pytest.approx(rate, abs=0.02)


def test_the_table_and_the_figures_name_each_condition_and_amount() -> None:
    segments, fold = folds_of_segments()
    fitted = fit_calibration(segments, fold, llr_limit=3.0)
    lines = transfer_lines(fitted, segments)
    assert len(lines) == 2 + 2 * 4
    assert len({line.count("|") for line in lines}) == 1
    figures = transferred_figures(fitted.held_out, fitted, "held out")
    assert {figure.metric for figure in figures} == {
        "eer", "cllr", "min_cllr", "act_dcf", "hter_transferred",
    }  # fmt: skip
    assert figures[0].test == "held out, clean, 1 s"
