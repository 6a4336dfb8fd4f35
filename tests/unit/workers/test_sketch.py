"""What is shown of an item meanwhile: the LLRs of its recorded segments, in a bounded number of cells."""

import itertools

import numpy as np
import pytest

from jobs.provisional import MOST_CELLS
from pipeline.calibrate import segment_llr
from pipeline.model_card import ModelCard
from pipeline.vocabulary import Reason, SegmentFacts, Variant
from tests.cards import make_card
from workers.sketch import Sketch


def facts(n: int, start_s: float = 0.0, channel: int = 0, n_separated: int = 0) -> SegmentFacts:
    """Return facts of n recorded seconds, and of the first of them again, separated."""
    start = np.concatenate([np.arange(n), np.arange(n_separated)]) + start_s
    total = len(start)
    return SegmentFacts(
        start_s=start.astype(np.float64),
        end_s=start + 1.0,
        track=np.zeros(total, np.int64),
        channel=np.full(total, channel, np.int64),
        variant=np.array([Variant.RECORDED.value] * n + [Variant.SEPARATED.value] * n_separated),
        voiced_share=np.ones(total, np.float32),
        removed_share=np.zeros(total, np.float32),
        quality=np.zeros(total, np.int64),
        reason=np.full(total, Reason.NONE.value, dtype="U16"),
    )


@pytest.fixture
def card() -> ModelCard:
    return make_card()


def test_each_scored_second_is_shown_with_its_llr(card: ModelCard) -> None:
    sketch = Sketch(card)
    scores = np.array([-1.0, 0.5, 2.0], np.float32)
    assert sketch.add(facts(3), scores)
    shown = sketch.shown(10.0)
    llr = segment_llr(scores, card.calibration[Variant.RECORDED.value])
    assert [cell.llr for cell in shown.cells] == pytest.approx([round(float(x), 1) for x in llr])
    assert (shown.cells[0].start_s, shown.cells[-1].end_s, shown.total_s) == (0.0, 3.0, 10.0)


def test_seconds_without_a_score_are_left_out(card: ModelCard) -> None:
    sketch = Sketch(card)
    some = facts(3)
    some.reason[1] = Reason.NO_SPEECH.value
    sketch.add(some, np.array([1.0, 1.0], np.float32))
    assert [cell.start_s for cell in sketch.shown(3.0).cells] == [0.0, 2.0]


def test_what_was_heard_again_is_not_mixed_in(card: ModelCard) -> None:
    alone, both = Sketch(card), Sketch(card)
    alone.add(facts(2), np.array([1.0, 2.0], np.float32))
    both.add(facts(2, n_separated=2), np.array([1.0, 2.0, -9.0, -9.0], np.float32))
    assert both.shown(2.0) == alone.shown(2.0)


def test_silence_shows_nothing(card: ModelCard) -> None:
    sketch = Sketch(card)
    some = facts(2)
    some.reason[:] = Reason.NO_SPEECH.value
    assert not sketch.add(some, np.zeros(0, np.float32))
    assert sketch.shown(2.0).cells == ()


@pytest.mark.parametrize("hours", [1, 10])
def test_a_long_item_has_no_more_cells_than_a_short_one(card: ModelCard, hours: int) -> None:
    sketch = Sketch(card)
    for start_s in range(0, 3600 * hours, 30):
        sketch.add(facts(30, float(start_s)), np.zeros(30, np.float32))
    cells = sketch.shown(3600.0 * hours).cells
    assert MOST_CELLS // 2 <= len(cells) <= MOST_CELLS
    assert cells[-1].end_s == 3600.0 * hours
    assert all(a.end_s == b.start_s for a, b in itertools.pairwise(cells))


def test_many_channels_have_no_more_cells_either(card: ModelCard) -> None:
    sketch = Sketch(card)
    for channel in range(MOST_CELLS + 5):
        sketch.add(facts(4, channel=channel), np.zeros(4, np.float32))
    assert len(sketch.shown(4.0).cells) == MOST_CELLS
