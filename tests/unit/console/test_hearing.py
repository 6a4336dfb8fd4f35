"""A recording that goes on: rows of its pieces join, and the rule that decides an item decides them."""

import numpy as np
import pytest
from pydantic import ValidationError

from console.hearing import HeardRow, cells_of, decide_so_far
from pipeline.decide import decide
from pipeline.model_card import ModelCard
from pipeline.vocabulary import Reason, Variant, VerdictKind
from tests.cards import make_card, make_scores


@pytest.fixture
def card() -> ModelCard:
    return make_card()


def rows(scores: list[float | None], start_s: float = 0.0) -> list[HeardRow]:
    return [
        HeardRow(
            start_s=start_s + number,
            end_s=start_s + number + 1,
            variant=Variant.RECORDED,
            cm_score=score,
            reason=Reason.NONE if score is not None else Reason.MUSIC,
        )
        for number, score in enumerate(scores)
    ]


@pytest.mark.parametrize(
    "scores",
    [[-3.0] * 8, [3.0] * 8, [0.0] * 8, [-3.0] * 2, [None] * 3, [-3.0, None, 3.0, 3.0, 3.0]],
)
def test_pieces_are_decided_as_an_item_of_the_same_segments_is(
    card: ModelCard, scores: list[float | None]
) -> None:
    pieces = [*rows(scores[:2]), *rows(scores[2:], start_s=2.0)]
    found, wanted = decide_so_far(pieces, card), decide(make_scores(scores), card)
    assert (found.kind, found.reason, found.voiced_s) == (
        wanted.kind,
        wanted.reason,
        wanted.voiced_s,
    )
    assert found.llr == pytest.approx(wanted.llr)


def test_a_row_without_a_score_is_not_scored_whatever_it_says(card: ModelCard) -> None:
    lie = rows([None])[0].model_copy(update={"reason": Reason.NONE})
    found = decide_so_far([lie], card)
    assert (found.kind, found.llr) == (VerdictKind.NOT_APPLICABLE, None)


def test_a_cell_is_shown_for_each_second_as_it_was_recorded(card: ModelCard) -> None:
    again = rows([1.0])[0].model_copy(update={"variant": Variant.SEPARATED})
    cells = cells_of([*rows([-1.0, None, 2.0]), again], card)
    assert [cell.start_s for cell in cells] == [0.0, 1.0, 2.0]
    assert [cell.llr is None for cell in cells] == [False, True, False]
    assert np.sign(cells[0].llr or 0.0) == -1


@pytest.mark.parametrize(
    "wrong",
    [{"cm_score": float("nan")}, {"cm_score": 1e9}, {"start_s": -1}, {"start_s": 1e9}, {"more": 1}],
)
def test_rows_that_no_answer_held_are_refused(wrong: dict[str, float]) -> None:
    good = rows([1.0])[0].model_dump()
    with pytest.raises(ValidationError):
        HeardRow.model_validate(good | wrong)
