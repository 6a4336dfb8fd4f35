"""Confusion, t-DCF and cluster intervals against hand-worked tables and scikit-learn."""

import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    precision_score,
    recall_score,
)

from pipeline.errors import InputError
from training.metrics import (
    AsvErrors,
    AsvScores,
    Clustered,
    TandemCosts,
    TandemForm,
    act_dcf,
    cllr,
    cluster_bootstrap,
    confusion_at,
    confusion_with_zone,
    det_points,
    eer,
    hter,
    min_tdcf,
    read_asv_scores,
    reliability,
    tandem_weights,
)


def test_the_confusion_matrix_counts_each_answer() -> None:
    counts = confusion_with_zone([-3.0, -1.0, 0.0, 1.0, 2.0], [-2.0, -1.0, 1.5], -1.0, 1.0)
    assert (counts.bonafide_kept, counts.bonafide_rejected, counts.bonafide_undecided) == (2, 2, 1)
    assert (counts.spoof_caught, counts.spoof_accepted, counts.spoof_undecided) == (2, 1, 0)
    assert counts.decided_share == pytest.approx(7 / 8)
    assert counts.accuracy == pytest.approx(4 / 7)
    assert counts.balanced_accuracy == pytest.approx((2 / 4 + 2 / 3) / 2)
    assert counts.precision == pytest.approx(2 / 4)
    assert counts.recall == pytest.approx(2 / 3)
    assert counts.f1 == pytest.approx(4 / 7)


def test_without_a_zone_the_figures_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(4)
    bonafide = np.round(random.normal(1, 1.5, 90), 1)
    spoof = np.round(random.normal(-1, 1.5, 40), 1)
    is_spoof = np.arange(130) >= 90
    called = np.r_[bonafide, spoof] < 0.3
    counts = confusion_at(bonafide, spoof, 0.3)
    assert counts.accuracy == pytest.approx(accuracy_score(is_spoof, called))
    assert counts.balanced_accuracy == pytest.approx(balanced_accuracy_score(is_spoof, called))
    assert counts.precision == pytest.approx(precision_score(is_spoof, called))
    assert counts.recall == pytest.approx(recall_score(is_spoof, called))
    assert counts.f1 == pytest.approx(f1_score(is_spoof, called))
    assert counts.balanced_accuracy == pytest.approx(1 - hter(bonafide, spoof, 0.3))


def test_a_score_at_the_threshold_is_called_genuine() -> None:
    assert confusion_at([0.0], [0.0], 0.0).bonafide_kept == 1
    assert confusion_at([0.0], [0.0], 0.0).spoof_accepted == 1


def test_shares_of_nothing_are_not_known() -> None:
    empty = confusion_at([], [1.0], 0.0)
    assert math.isnan(empty.balanced_accuracy)
    assert math.isnan(empty.precision)
    assert empty.recall == 0.0
    assert math.isnan(confusion_with_zone([0.0], [0.0], -1.0, 1.0).accuracy)
    assert confusion_with_zone([], [], -1.0, 1.0).n_decided == 0
    assert math.isnan(act_dcf([], [1.0]))
    assert math.isnan(hter([1.0], [], 0.0))
    assert reliability([], [1.0]) == ()
    assert len(det_points([1.0], [])[0]) == 0
    assert math.isnan(min_tdcf([], [1.0], ASV))


# A verification system that rejects 5 % of its speakers, lets 2 % of others and 40 % of spoof in.
ASV = AsvErrors(miss_rate=0.05, false_alarm_rate=0.02, spoof_let_through_rate=0.4)


def test_tandem_weights_of_a_hand_worked_example() -> None:
    # 0.9405 target, 0.0095 nontarget, 0.05 spoof; costs 1, 10, 10.
    # others = 0.0095 * 10 * 0.02 = 0.0019; C2 = 0.05 * 10 * 0.4 = 0.2
    # 2019: C1 = 0.9405 * (1 - 0.05) - 0.0019 = 0.891575
    # 2021: C0 = 0.9405 * 0.05 + 0.0019 = 0.048925; C1 = 0.9405 - 0.048925 = 0.891575
    costs = TandemCosts()
    expected = (0.0, 0.891575, 0.2)
    assert tandem_weights(ASV, TandemForm.ASVSPOOF_2019, costs) == pytest.approx(expected)
    expected = (0.048925, 0.891575, 0.2)
    assert tandem_weights(ASV, TandemForm.ASVSPOOF_2021, costs) == pytest.approx(expected)


def test_min_tdcf_of_a_hand_worked_example() -> None:
    # Thresholds of [0.5, 2] against [-1, 0.7]: (miss, false alarm) = (0, 1), (0, .5), (.5, .5),
    # (.5, 0), (1, 0). Cheapest is (0, .5): 0.2 * 0.5 = 0.1.
    # 2019: 0.1 / 0.2 = 0.5. 2021: (0.048925 + 0.1) / (0.048925 + 0.2) = 0.59827.
    scores = ([0.5, 2.0], [-1.0, 0.7])
    assert min_tdcf(*scores, ASV, TandemForm.ASVSPOOF_2019) == pytest.approx(0.5)
    assert min_tdcf(*scores, ASV) == pytest.approx(0.148925 / 0.248925)


def test_a_perfect_countermeasure_leaves_the_cost_of_verification() -> None:
    assert min_tdcf([1.0], [0.0], ASV, TandemForm.ASVSPOOF_2019) == 0.0
    assert min_tdcf([1.0], [0.0], ASV) == pytest.approx(0.048925 / 0.248925)


def test_a_useless_countermeasure_costs_one() -> None:
    for form in TandemForm:
        assert min_tdcf([0.0, 0.0], [0.0], ASV, form) == pytest.approx(1.0)


def test_tdcf_behind_a_useless_verification_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to save"):
        min_tdcf([1.0], [0.0], AsvErrors(1.0, 0.9, 0.4))
    with pytest.raises(InputError, match="nothing to save"):
        min_tdcf([1.0], [0.0], AsvErrors(0.0, 0.0, 0.0), TandemForm.ASVSPOOF_2019)


def test_verification_errors_are_taken_at_equal_errors() -> None:
    # one of four targets lies under one of four others: 25 % at a threshold of 3
    scores = AsvScores(
        np.array([2.5, 3.0, 4.0, 5.0]), np.array([0.0, 1.0, 2.0, 3.5]), np.array([1.0, 3.2])
    )
    errors = AsvErrors.at_eer(scores)
    assert errors == AsvErrors(0.25, 0.25, 0.5)
    with pytest.raises(InputError, match="no spoof trial"):
        AsvErrors.at_eer(AsvScores(scores.target, scores.nontarget, np.array([])))


def test_verification_scores_of_2019_are_read(tmp_path: Path) -> None:
    file = tmp_path / "asv.txt"
    file.write_text("LA_0001 target 2.5\nLA_0002 nontarget -1\nA07 spoof 0.5\n\n")
    scores = read_asv_scores(file)
    assert (scores.target.tolist(), scores.nontarget.tolist()) == ([2.5], [-1.0])
    assert scores.spoof.tolist() == [0.5]


def test_verification_scores_of_2021_are_read_with_their_trials(tmp_path: Path) -> None:
    trials, file = tmp_path / "trial_metadata.txt", tmp_path / "score.txt"
    trials.write_text(
        "LA_0009 LA_E_1 alaw ita_tx A07 spoof notrim eval\n"
        "LA_0009 LA_E_2 alaw ita_tx - target notrim eval\n"
    )
    file.write_text("LA_0009 LA_E_2 3.25\nLA_0009 LA_E_1 1.5\n")
    scores = read_asv_scores(file, trials)
    assert (scores.target.tolist(), scores.spoof.tolist()) == ([3.25], [1.5])


@pytest.mark.parametrize("line", ["LA_0001 target", "LA_0001 bonafide 1.0", "A07 spoof high"])
def test_a_line_that_is_no_score_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "asv.txt"
    file.write_text(f"LA_0001 target 2.5\n{line}\n")
    with pytest.raises(InputError, match="line 2"):
        read_asv_scores(file)


def test_a_trial_without_a_key_is_named(tmp_path: Path) -> None:
    trials, file = tmp_path / "trial_metadata.txt", tmp_path / "score.txt"
    trials.write_text("LA_0009 LA_E_1 alaw ita_tx A07 bonafide notrim eval\n")
    file.write_text("LA_0009 LA_E_1 1.5\n")
    with pytest.raises(InputError, match="does not say target"):
        read_asv_scores(file, trials)


def test_drawing_whole_speakers_gives_a_wider_interval_than_drawing_utterances() -> None:
    random = np.random.default_rng(2)
    speaker = np.repeat(np.arange(20), 15)
    # utterances of one speaker err together
    bonafide = 1 + random.normal(0, 1.5, 20)[speaker] + random.normal(0, 0.3, 300)
    spoof = -1 + random.normal(0, 1.5, 20)[speaker] + random.normal(0, 0.3, 300)
    alone = np.arange(300).astype(np.str_)

    def interval(cluster: np.ndarray) -> float:
        found = cluster_bootstrap(
            eer, Clustered(bonafide, cluster), Clustered(spoof, cluster),
            np.random.default_rng(0), 200,
        )  # fmt: skip
        assert found.low <= found.value <= found.high
        return found.high - found.low

    assert interval(speaker.astype(np.str_)) > 2 * interval(alone)


def test_one_cluster_has_no_spread() -> None:
    one = np.full(4, "x")
    found = cluster_bootstrap(
        eer,
        Clustered(np.array([0.0, 1, 2, 3]), one),
        Clustered(np.array([-1.0, 0, 1, 2]), one),
        np.random.default_rng(0),
        20,
    )
    assert found.low == found.value == found.high


def test_an_interval_may_reach_infinity() -> None:
    spoof = np.array([-1.0, -2.0])
    found = cluster_bootstrap(
        cllr,
        Clustered(np.array([-np.inf, 1.0]), np.array(["a", "b"])),
        Clustered(spoof, np.array(["c", "d"])),
        np.random.default_rng(0),
        50,
    )
    assert found.high == math.inf
    assert math.isfinite(found.low)


def test_an_empty_class_has_no_interval() -> None:
    empty = Clustered(np.array([]), np.array([], dtype=np.str_))
    found = cluster_bootstrap(
        eer, empty, Clustered(np.array([1.0]), np.array(["a"])), np.random.default_rng(0)
    )
    assert all(math.isnan(value) for value in (found.value, found.low, found.high))
