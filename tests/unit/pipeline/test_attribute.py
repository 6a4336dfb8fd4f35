"""What synthetic speech is likened to: a known system, or unknown; never more than the verdict."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from pipeline.attribute import liken
from pipeline.decide import decide
from pipeline.model_card import AttributionCard, KnownSystem, ModelCard
from pipeline.vocabulary import (
    Reason,
    SegmentScores,
    Span,
    Verdict,
    VerdictKind,
)
from tests.cards import make_card, make_scores

FIRST, SECOND, OUTSIDE = (0.5, -1.0, -0.5), (-1.0, 0.5, -0.5), (-0.5, -1.0, 0.5)
N_SEGMENTS = 6


def naming_card() -> ModelCard:
    """Return a card that knows two systems and names them from a margin of 0.5."""
    part = AttributionCard(
        systems=(
            KnownSystem(name="first", family="gan vocoder"),
            KnownSystem(name="second", family=""),
        ),
        n_outside=1,
        named_above=0.5,
        min_voiced_s=2.0,
        known_named_rate=0.7,
        unknown_named_rate=0.05,
        figures=(),
    )
    return make_card().model_copy(update={"attribution": part})


def scored(columns: Sequence[tuple[float, float, float]]) -> SegmentScores:
    """Return one synthetic-looking segment a second for each row of columns."""
    scores = make_scores([-4.0] * len(columns))
    return replace(scores, attribution=np.array(columns, np.float32))


def verdict_of(kind: VerdictKind, spans: tuple[Span, ...] = ()) -> Verdict:
    return Verdict(kind, Reason.NONE, -3.0, 5.0, float(N_SEGMENTS), spans)


def test_the_system_with_the_highest_mean_column_is_named_with_its_family() -> None:
    likeness = liken(scored([FIRST] * N_SEGMENTS), verdict_of(VerdictKind.SYNTHETIC), naming_card())
    assert likeness is not None
    assert (likeness.system, likeness.family) == ("first", "gan vocoder")
    assert likeness.margin == pytest.approx(1.0)


def test_speech_that_is_more_like_none_of_the_systems_is_unknown() -> None:
    likeness = liken(
        scored([OUTSIDE] * N_SEGMENTS), verdict_of(VerdictKind.SYNTHETIC), naming_card()
    )
    assert likeness is not None
    assert (likeness.system, likeness.family) == ("", "")


def test_segments_that_disagree_are_averaged_and_leave_the_system_unknown() -> None:
    rows = [FIRST, SECOND] * (N_SEGMENTS // 2)
    likeness = liken(scored(rows), verdict_of(VerdictKind.SYNTHETIC), naming_card())
    assert likeness is not None
    assert likeness.system == ""


@pytest.mark.parametrize(
    "kind", [VerdictKind.NO_EVIDENCE, VerdictKind.INCONCLUSIVE, VerdictKind.NOT_APPLICABLE]
)
def test_what_is_not_called_synthetic_is_likened_to_nothing(kind: VerdictKind) -> None:
    assert liken(scored([FIRST] * N_SEGMENTS), verdict_of(kind), naming_card()) is None


def test_only_the_spans_of_a_partly_synthetic_item_are_likened() -> None:
    rows = [OUTSIDE, OUTSIDE, OUTSIDE, SECOND, SECOND, SECOND]
    verdict = verdict_of(VerdictKind.PARTLY_SYNTHETIC, (Span(3.0, 6.0, 0, 0, -3.0),))
    likeness = liken(scored(rows), verdict, naming_card())
    assert likeness is not None
    assert likeness.system == "second"


def test_a_span_with_less_voice_than_the_card_asks_for_is_not_named() -> None:
    verdict = verdict_of(VerdictKind.PARTLY_SYNTHETIC, (Span(0.0, 1.0, 0, 0, -3.0),))
    likeness = liken(scored([FIRST] * N_SEGMENTS), verdict, naming_card())
    assert likeness is not None
    assert likeness.system == ""


def test_a_model_that_cannot_tell_systems_apart_likens_nothing() -> None:
    verdict = verdict_of(VerdictKind.SYNTHETIC)
    assert liken(scored([FIRST] * N_SEGMENTS), verdict, make_card()) is None
    assert liken(make_scores([-4.0] * N_SEGMENTS), verdict, naming_card()) is None


def test_the_decision_is_the_same_with_and_without_attribution() -> None:
    scores = scored([FIRST] * N_SEGMENTS)
    assert decide(scores, naming_card()) == decide(replace(scores, attribution=None), make_card())
