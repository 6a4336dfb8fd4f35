"""Metrics against hand-worked tables and scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import log_loss, roc_auc_score

from pipeline.errors import InputError
from training.metrics import (
    act_dcf,
    auc,
    bootstrap,
    cllr,
    eer,
    equal_error_rate,
    error_curve,
    error_rates,
    hter,
    min_cllr,
    min_dcf,
    pav_llr,
)


def overlapping_scores() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    bonafide = np.round(random.normal(1, 1, size=300), 1)  # rounded: many ties
    spoof = np.round(random.normal(-1, 1.5, size=200), 1)
    return bonafide, spoof


def test_separated_classes_have_no_error() -> None:
    assert eer([2.0, 3.0], [0.0, 1.0]) == 0.0
    assert min_dcf([2.0, 3.0], [0.0, 1.0]) == 0.0
    assert auc([2.0, 3.0], [0.0, 1.0]) == 1.0


def test_swapped_classes_err_always() -> None:
    assert eer([0.0, 1.0], [2.0, 3.0]) == 1.0
    assert auc([0.0, 1.0], [2.0, 3.0]) == 0.0


def test_eer_of_a_hand_worked_table() -> None:
    # Between thresholds 2 and 3, one of four genuine is under, one of four synthetic over.
    assert eer([1.0, 3.0, 4.0, 5.0], [-1.0, 0.0, 2.0, 3.5]) == pytest.approx(0.25)


def test_equal_scores_are_a_coin_toss() -> None:
    assert eer([1.0, 1.0], [1.0, 1.0, 1.0]) == pytest.approx(0.5)
    assert auc([1.0, 1.0], [1.0, 1.0, 1.0]) == 0.5
    assert min_cllr([1.0, 1.0], [1.0, 1.0, 1.0]) == pytest.approx(1.0)


def test_ties_between_classes_are_never_decided_in_their_favour() -> None:
    # With one threshold for the tied pair either it rejects one genuine or accepts one synthetic.
    assert 0.0 < eer([1.0, 2.0], [0.0, 1.0]) < 0.5


def test_rates_at_a_threshold() -> None:
    point = error_rates([-1.0, 0.0, 1.0], [-2.0, 0.0], threshold=0.0)
    assert point.bonafide_rejected_rate == pytest.approx(1 / 3)
    assert point.spoof_accepted_rate == 0.5  # at the threshold counts as bona fide
    assert hter([-1.0, 0.0, 1.0], [-2.0, 0.0], 0.0) == pytest.approx((1 / 3 + 0.5) / 2)


def test_an_empty_class_has_no_metric() -> None:
    for metric in (eer, auc, cllr, min_cllr, min_dcf):
        assert math.isnan(metric([], [1.0]))
        assert math.isnan(metric([1.0], []))
    assert math.isnan(error_rates([], [1.0], 0.0).bonafide_rejected_rate)


def test_infinite_scores_are_ordered() -> None:
    assert eer([np.inf, 1.0], [-np.inf, 0.0]) == 0.0
    assert equal_error_rate([np.inf], [np.inf]).bonafide_rejected_rate == pytest.approx(0.5)
    assert cllr([np.inf], [-np.inf]) == 0.0
    assert cllr([-np.inf], [0.0]) == np.inf


def test_a_score_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(InputError):
        eer([np.nan], [1.0])


def test_cllr_of_zero_llrs_is_one_bit() -> None:
    assert cllr([0.0, 0.0], [0.0]) == pytest.approx(1.0)


def test_cllr_is_the_balanced_log_loss_in_bits() -> None:
    bonafide, spoof = overlapping_scores()
    truth = np.r_[np.ones(len(bonafide)), np.zeros(len(spoof))]
    probability = 1 / (1 + np.exp(-np.r_[bonafide, spoof]))
    weight = np.where(truth == 1, 1 / len(bonafide), 1 / len(spoof))
    expected = log_loss(truth, probability, sample_weight=weight) / np.log(2)
    assert cllr(bonafide, spoof) == pytest.approx(expected)


def test_auc_is_that_of_scikit_learn() -> None:
    bonafide, spoof = overlapping_scores()
    truth = np.r_[np.ones(len(bonafide)), np.zeros(len(spoof))]
    assert auc(bonafide, spoof) == pytest.approx(roc_auc_score(truth, np.r_[bonafide, spoof]))


def test_pav_is_isotonic_regression() -> None:
    bonafide, spoof = overlapping_scores()
    truth = np.r_[np.ones(len(bonafide)), np.zeros(len(spoof))]
    scores = np.r_[bonafide, spoof]
    share = IsotonicRegression().fit_transform(scores, truth)
    with np.errstate(divide="ignore"):
        expected = np.log(share / (1 - share)) - np.log(len(bonafide) / len(spoof))
    actual = np.r_[pav_llr(bonafide, spoof)]
    np.testing.assert_allclose(actual, expected, atol=1e-9)


def test_min_cllr_is_never_above_cllr() -> None:
    bonafide, spoof = overlapping_scores()
    assert min_cllr(bonafide, spoof) < cllr(bonafide, spoof) < cllr(5 * bonafide, 5 * spoof)


def test_min_dcf_of_a_hand_worked_table() -> None:
    # Threshold 1: one of two genuine rejected, no synthetic accepted: 0.95 * 0.5 / 0.5 = 0.95.
    # Threshold 0: none rejected, one of two accepted: 0.5 * 0.5 / 0.5 = 0.5.
    assert min_dcf([0.5, 2.0], [-1.0, 0.7]) == pytest.approx(0.5)


def test_act_dcf_uses_the_threshold_of_the_costs() -> None:
    # The threshold is ln(0.5 / 0.95) = -0.64: the genuine -0.7 is rejected.
    assert act_dcf([-0.7, 1.0], [-2.0, -3.0]) == pytest.approx(0.95)
    assert act_dcf([-0.6, 1.0], [-2.0, -3.0]) == 0.0


def test_min_dcf_never_exceeds_the_better_constant_answer() -> None:
    assert min_dcf([0.0], [1.0]) == 1.0


def test_the_error_curve_runs_from_all_accepted_to_all_rejected() -> None:
    thresholds, rejected, accepted = error_curve([1.0, 2.0], [0.0, np.inf])
    assert (rejected[0], accepted[0]) == (0.0, 1.0)
    assert (rejected[-1], accepted[-1]) == (1.0, 0.0)
    assert thresholds[-1] == np.inf


def test_the_bootstrap_interval_holds_the_value_and_shrinks_with_more_data() -> None:
    random = np.random.default_rng(0)
    few = bootstrap(eer, random.normal(1, 1, 50), random.normal(-1, 1, 50), random)
    many = bootstrap(eer, random.normal(1, 1, 2000), random.normal(-1, 1, 2000), random, 200)
    assert few.low <= few.value <= few.high
    assert many.high - many.low < few.high - few.low
