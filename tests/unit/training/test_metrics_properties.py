"""Metrics against slow plain implementations, and the properties that hold for all scores."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from training.metrics import (
    auc,
    cllr,
    det_points,
    eer,
    error_curve,
    min_cllr,
    min_dcf,
    pav_llr,
    reliability,
)

# Whole and half numbers: ties between and within classes are the rule.
SOME_SCORES = st.lists(st.integers(-6, 6).map(lambda n: n / 2), min_size=1, max_size=12)
FEW = settings(max_examples=60, deadline=None, derandomize=True)


def plain_rates(bonafide: list[float], spoof: list[float]) -> list[tuple[float, float]]:
    """Return both error rates at every threshold that matters, counted one by one, O(n^2)."""
    thresholds = [*sorted({*bonafide, *spoof}), float("inf")]
    return [
        (
            sum(score < at for score in bonafide) / len(bonafide),
            sum(score >= at for score in spoof) / len(spoof),
        )
        for at in thresholds
    ]


def plain_eer(bonafide: list[float], spoof: list[float]) -> float:
    """Return where the line through the points of `plain_rates` meets equal errors."""
    points = plain_rates(bonafide, spoof)
    for (miss, alarm), (next_miss, next_alarm) in pairwise(points):
        if miss <= alarm and next_miss >= next_alarm:
            before, after = alarm - miss, next_miss - next_alarm
            share = before / (before + after) if before + after else 0.0
            return miss + share * (next_miss - miss)
    raise AssertionError("the errors always cross")


def plain_auc(bonafide: list[float], spoof: list[float]) -> float:
    wins = sum((g > s) + 0.5 * (g == s) for g in bonafide for s in spoof)
    return wins / len(bonafide) / len(spoof)


def plain_cllr(bonafide: list[float], spoof: list[float]) -> float:
    cost = np.mean([np.log2(1 + np.exp(-llr)) for llr in bonafide])
    return float(cost + np.mean([np.log2(1 + np.exp(llr)) for llr in spoof])) / 2


def plain_min_dcf(bonafide: list[float], spoof: list[float]) -> float:
    costs = [0.95 * miss + 10 * 0.05 * alarm for miss, alarm in plain_rates(bonafide, spoof)]
    return min(costs) / 0.5


@FEW
@given(SOME_SCORES, SOME_SCORES)
def test_rates_eer_auc_costs_are_those_of_plain_counting(
    bonafide: list[float], spoof: list[float]
) -> None:
    _, rejected, accepted = error_curve(bonafide, spoof)
    expected = np.array(plain_rates(bonafide, spoof))
    np.testing.assert_allclose(np.stack([rejected, accepted], axis=1), expected, atol=1e-12)
    assert eer(bonafide, spoof) == pytest.approx(plain_eer(bonafide, spoof))
    assert auc(bonafide, spoof) == pytest.approx(plain_auc(bonafide, spoof))
    assert cllr(bonafide, spoof) == pytest.approx(plain_cllr(bonafide, spoof))
    assert min_dcf(bonafide, spoof) == pytest.approx(min(plain_min_dcf(bonafide, spoof), 1.0))


@FEW
@given(SOME_SCORES, SOME_SCORES)
def test_a_rising_map_of_the_scores_changes_no_ranking_metric(
    bonafide: list[float], spoof: list[float]
) -> None:
    mapped = np.exp(np.array(bonafide)) - 3, np.exp(np.array(spoof)) - 3
    for metric in (eer, auc, min_dcf, min_cllr):
        assert metric(*mapped) == pytest.approx(metric(bonafide, spoof))


@FEW
@given(SOME_SCORES, SOME_SCORES)
def test_turning_scores_round_and_swapping_classes_is_the_same_problem(
    bonafide: list[float], spoof: list[float]
) -> None:
    turned = -np.array(spoof), -np.array(bonafide)
    assert auc(*turned) == pytest.approx(auc(bonafide, spoof))
    assert cllr(*turned) == pytest.approx(cllr(bonafide, spoof))
    assert min_cllr(*turned) == pytest.approx(min_cllr(bonafide, spoof))


@FEW
@given(SOME_SCORES, SOME_SCORES, st.floats(0.05, 5), st.floats(-3, 3))
def test_no_rising_map_has_a_lower_cllr_than_pav(
    bonafide: list[float], spoof: list[float], scale: float, offset: float
) -> None:
    mapped = scale * np.array(bonafide) + offset, scale * np.array(spoof) + offset
    assert min_cllr(bonafide, spoof) <= cllr(*mapped) + 1e-9
    assert 0.0 <= min_cllr(bonafide, spoof) <= 1.0 + 1e-9


@FEW
@given(SOME_SCORES, SOME_SCORES)
def test_pav_llrs_rise_with_the_scores(bonafide: list[float], spoof: list[float]) -> None:
    llr = np.concatenate(pav_llr(bonafide, spoof))
    ordered = llr[np.argsort([*bonafide, *spoof], kind="stable")]
    assert (ordered[1:] >= ordered[:-1]).all()


@FEW
@given(SOME_SCORES, SOME_SCORES)
def test_the_corners_of_the_trade_off_are_points_of_the_curve(
    bonafide: list[float], spoof: list[float]
) -> None:
    _, rejected, accepted = error_curve(bonafide, spoof)
    curve = set(zip(rejected.tolist(), accepted.tolist(), strict=True))
    corners = list(zip(*(rates.tolist() for rates in det_points(bonafide, spoof)), strict=True))
    assert set(corners) <= curve
    assert corners[0] == (rejected[0], accepted[0])
    assert corners[-1] == (1.0, 0.0)


@FEW
@given(SOME_SCORES, SOME_SCORES, st.integers(1, 12))
def test_reliability_bins_hold_every_score_once(
    bonafide: list[float], spoof: list[float], n_bins: int
) -> None:
    bins = reliability(bonafide, spoof, n_bins)
    assert 1 <= len(bins) <= n_bins
    assert sum(one.n_bonafide for one in bins) == len(bonafide)
    assert sum(one.n_spoof for one in bins) == len(spoof)
    claimed = [one.claimed for one in bins]
    assert claimed == sorted(claimed)


@pytest.mark.parametrize("strength", [5.0, 20.0, 700.0])
def test_llrs_that_are_right_and_sure_cost_nothing(strength: float) -> None:
    assert cllr([strength] * 3, [-strength] * 2) < 2 * np.exp(-strength) / np.log(2) + 1e-12


def test_true_llrs_are_reliable() -> None:
    random = np.random.default_rng(0)
    # two normals of unit variance at +1 and -1: the LLR of x is 2 x
    bonafide, spoof = 2 * random.normal(1, 1, 20_000), 2 * random.normal(-1, 1, 20_000)
    for one in reliability(bonafide, spoof):
        assert one.claimed == pytest.approx(one.observed, abs=0.03)


@given(SOME_SCORES, SOME_SCORES)
@FEW
def test_infinities_beyond_all_scores_are_scores_like_others(
    bonafide: list[float], spoof: list[float]
) -> None:
    assume(len(bonafide) > 1)
    far = np.array([1e9, *bonafide]), np.array([-1e9, *spoof])
    infinite = np.array([np.inf, *bonafide]), np.array([-np.inf, *spoof])
    for metric in (eer, auc, min_cllr, min_dcf):
        assert metric(*infinite) == pytest.approx(metric(*far))
