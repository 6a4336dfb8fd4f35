"""Localisation by hand: marked seconds against synthetic ones, edges, false spans, range EER."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.cards import make_card, make_scores
from training.feature_cache import SAMPLE_RATE
from training.localisation import (
    ScoredItem,
    at_hop,
    llr_on_grid,
    measure_false_spans,
    measure_spans,
    on_grid,
)
from training.spliced_items import Seconds, SplicedItem

CARDS = {"0" * 64: make_card()}
CLEARLY_GENUINE, CLEARLY_SYNTHETIC = 4.0, -4.0


def item(scores: Sequence[float], synthetic_s: tuple[Seconds, ...]) -> ScoredItem:
    """Return an item with one segment a second."""
    sound = np.zeros(len(scores) * SAMPLE_RATE, np.float32)
    return ScoredItem(SplicedItem(sound, synthetic_s, "room", ""), make_scores(list(scores)))


def spliced() -> ScoredItem:
    scores = [CLEARLY_GENUINE] * 10 + [CLEARLY_SYNTHETIC] * 5 + [CLEARLY_GENUINE] * 10
    return item(scores, ((10.0, 15.0),))


def test_a_splice_that_is_marked_to_the_second_is_right_in_every_figure() -> None:
    figures = measure_spans([spliced()], CARDS)
    assert figures.found_share == 1.0
    assert figures.precision == pytest.approx(1.0)
    assert figures.recall == pytest.approx(1.0)
    assert figures.f1 == pytest.approx(1.0)
    assert figures.boundary_error_s == pytest.approx(0.0, abs=1e-9)
    assert figures.range_eer == pytest.approx(0.0, abs=1e-9)
    assert figures.segment_eer == pytest.approx(0.0, abs=1e-9)


def test_a_truth_that_is_longer_than_the_mark_costs_recall_and_an_edge() -> None:
    longer = ScoredItem(
        SplicedItem(spliced().item.samples, ((10.0, 17.0),), "room", ""), spliced().scores
    )
    figures = measure_spans([longer], CARDS)
    assert figures.precision == pytest.approx(1.0)
    assert figures.recall == pytest.approx(5 / 7)
    assert figures.boundary_error_s == pytest.approx(1.0)  # median of 0 and 2 s


def test_a_splice_that_nobody_marks_is_not_found() -> None:
    figures = measure_spans([item([CLEARLY_GENUINE] * 20, ((5.0, 9.0),))], CARDS)
    assert figures.found_share == 0.0
    assert figures.recall == 0.0
    assert np.isnan(figures.precision)


def test_genuine_items_without_a_low_window_have_no_false_span() -> None:
    figures = measure_false_spans([item([CLEARLY_GENUINE] * 60, ())], CARDS)
    assert (figures.item_share, figures.second_share) == (0.0, 0.0)


def test_a_false_span_counts_by_item_and_by_second() -> None:
    accused = item([CLEARLY_GENUINE] * 27 + [CLEARLY_SYNTHETIC] * 6 + [CLEARLY_GENUINE] * 27, ())
    clean = item([CLEARLY_GENUINE] * 60, ())
    figures = measure_false_spans([accused, clean], CARDS)
    assert figures.item_share == 0.5
    assert figures.second_share == pytest.approx(6 / 120, abs=0.02)


def test_a_coarser_hop_keeps_its_own_segments_and_the_last_one() -> None:
    dense = make_scores([0.0] * 8, hop_s=0.5)
    coarse = at_hop(dense, 1.0)
    assert coarse.facts.start_s.tolist() == [0.0, 1.0, 2.0, 3.0, 3.5]


def test_the_grid_counts_cells_by_their_middle() -> None:
    assert on_grid(((0.5, 1.0),), 2.0).sum() == 50
    llr, known = llr_on_grid(make_scores([1.0, None, 3.0]), 3.0)
    assert known.sum() == 200
    assert llr[250] == 3.0
