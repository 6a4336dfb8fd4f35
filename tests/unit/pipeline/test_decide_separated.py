"""Two ways to listen: where there is much else beside the voice, both must say the same.

Numbers follow `tests.cards`: pooled LLR = 2 x mean score from 4 s, as recorded; 4 x for the separated
voice here.
"""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.calibrate import joint_llr
from pipeline.decide import decide
from pipeline.model_card import Calibration, ModelCard, PooledRow
from pipeline.vocabulary import Reason, SegmentFacts, SegmentScores, Variant, VerdictKind
from tests.cards import LLR_LIMIT, make_card, make_scores


def two_way_card() -> ModelCard:
    card = make_card()
    separated = Calibration(
        segment_scale=4,
        segment_offset=0,
        pooled=(PooledRow(min_voiced_s=0, scale=4, offset=0),),
        llr_limit=LLR_LIMIT,
    )
    return card.model_copy(update={"calibration": {**card.calibration, "separated": separated}})


def heard_twice(recorded: list[float], separated: dict[int, float]) -> SegmentScores:
    """Return 1-s segments, of which some (by their second) were heard again without the rest."""
    scores = make_scores(recorded)
    seconds = np.array(list(separated))
    rows = np.concatenate([np.arange(len(recorded)), seconds])
    facts = scores.facts
    variant = facts.variant[rows]
    variant[len(recorded) :] = str(Variant.SEPARATED)
    cm_score = np.concatenate([scores.cm_score, np.array([*separated.values()], np.float32)])
    chosen = SegmentFacts(
        facts.start_s[rows],
        facts.end_s[rows],
        facts.track[rows],
        facts.channel[rows],
        variant,
        facts.voiced_share[rows],
        facts.removed_share[rows],
        facts.quality[rows],
        facts.reason[rows],
    )
    return replace(scores, facts=chosen, cm_score=cm_score, llr=cm_score)


@pytest.mark.parametrize(
    ("recorded", "separated", "kind"),
    [(-1.5, -0.6, VerdictKind.SYNTHETIC), (1.5, 0.6, VerdictKind.NO_EVIDENCE)],
)
def test_both_ways_together_decide(recorded: float, separated: float, kind: VerdictKind) -> None:
    scores = heard_twice([recorded] * 6, dict.fromkeys(range(6), separated))

    verdict = decide(scores, two_way_card())

    assert verdict.kind is kind
    assert verdict.llr == pytest.approx(2 * recorded)
    assert verdict.separated_llr == pytest.approx(4 * separated)
    assert verdict.voiced_s == 6.0


@pytest.mark.parametrize(("recorded", "separated"), [(1.5, 0.1), (-0.1, -0.6), (2.0, -0.6)])
def test_one_way_alone_decides_nothing(recorded: float, separated: float) -> None:
    scores = heard_twice([recorded] * 6, dict.fromkeys(range(6), separated))

    verdict = decide(scores, two_way_card())

    assert (verdict.kind, verdict.reason) == (VerdictKind.INCONCLUSIVE, Reason.VARIANTS_DISAGREE)


def test_where_neither_way_says_enough_the_evidence_is_weak() -> None:
    verdict = decide(heard_twice([0.2] * 6, dict.fromkeys(range(6), 0.1)), two_way_card())

    assert (verdict.kind, verdict.reason) == (VerdictKind.INCONCLUSIVE, Reason.WEAK_EVIDENCE)


def test_a_few_seconds_of_music_do_not_undo_what_a_long_talk_says() -> None:
    scores = heard_twice([1.5] * 30, {3: 0.1, 4: 0.1})

    verdict = decide(scores, two_way_card())

    assert verdict.kind is VerdictKind.NO_EVIDENCE
    assert verdict.separated_llr == pytest.approx(0.4)


def test_an_item_with_little_else_has_no_second_number() -> None:
    verdict = decide(make_scores([2.0] * 6), two_way_card())

    assert (verdict.llr, verdict.separated_llr) == (4.0, None)


def test_the_joint_llr_stops_at_the_smaller_limit() -> None:
    card = two_way_card()
    recorded, separated = card.calibration["recorded"], card.calibration["separated"]
    tight = separated.model_copy(update={"llr_limit": 3.0})
    nothing, strong = np.zeros(0, np.float32), np.full(5, 9.0, np.float32)

    assert joint_llr([(strong, recorded), (strong, tight)], 10.0) == 3.0
    assert joint_llr([(nothing, tight), (strong, recorded)], 5.0) == LLR_LIMIT
