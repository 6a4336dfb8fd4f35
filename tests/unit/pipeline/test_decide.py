"""From segment scores to a verdict; numbers follow `tests.cards`: pooled LLR = 2 x mean score from 4 s."""

import numpy as np
import pytest

from pipeline.decide import decide, error_rates, no_audio
from pipeline.vocabulary import Quality, Reason, VerdictKind
from tests.cards import LLR_LIMIT, make_card, make_scores


def test_strong_bona_fide_evidence_is_no_evidence_of_synthesis() -> None:
    verdict = decide(make_scores([2.0] * 6), make_card())
    assert (verdict.kind, verdict.llr, verdict.voiced_s) == (VerdictKind.NO_EVIDENCE, 4.0, 6.0)


def test_strong_spoof_evidence_is_synthetic_and_the_llr_stops_at_the_limit() -> None:
    verdict = decide(make_scores([-8.0] * 6), make_card())
    assert (verdict.kind, verdict.llr) == (VerdictKind.SYNTHETIC, -LLR_LIMIT)


def test_weak_evidence_is_inconclusive() -> None:
    verdict = decide(make_scores([0.3] * 6), make_card())
    assert (verdict.kind, verdict.reason) == (VerdictKind.INCONCLUSIVE, Reason.WEAK_EVIDENCE)


@pytest.mark.parametrize(
    ("n_seconds", "kind"), [(3, VerdictKind.INCONCLUSIVE), (4, VerdictKind.SYNTHETIC)]
)
def test_nothing_is_decided_on_less_than_four_seconds(n_seconds: int, kind: VerdictKind) -> None:
    verdict = decide(make_scores([-4.0] * n_seconds), make_card())
    assert verdict.kind == kind
    assert verdict.llr is not None


def test_overlapping_segments_are_counted_once() -> None:
    verdict = decide(make_scores([-4.0] * 5, hop_s=0.5), make_card())
    assert verdict.voiced_s == pytest.approx(3.0)


def test_a_synthetic_stretch_in_genuine_speech_is_partly_synthetic_with_its_span() -> None:
    verdict = decide(make_scores([3.0] * 10 + [-4.0] * 4 + [3.0] * 10), make_card())
    assert verdict.kind is VerdictKind.PARTLY_SYNTHETIC
    (span,) = verdict.spans
    assert (span.start_s, span.end_s) == (10.0, 14.0)
    assert span.llr < 0


def test_a_gap_without_voice_ends_a_span() -> None:
    scores = make_scores([3.0] * 6 + [-4.0] * 3 + [None] + [-4.0] * 3 + [3.0] * 6)
    assert [(span.start_s, span.end_s) for span in decide(scores, make_card()).spans] == [
        (6, 9),
        (10, 13),
    ]


def test_a_longer_item_asks_for_more_evidence_of_a_span() -> None:
    stretch = [-1.2] * 4  # a window's LLR is -2.4 with the scale of `tests.cards` from 4 s on
    card = make_card().model_copy(
        update={"thresholds": make_card().thresholds.model_copy(update={"span_window_s": 4.0})}
    )
    short, long = [3.0] * 26 + stretch + [3.0] * 20, [3.0] * 576 + stretch + [3.0] * 20
    assert decide(make_scores(short), card).kind is VerdictKind.PARTLY_SYNTHETIC
    assert decide(make_scores(long), card).kind is VerdictKind.NO_EVIDENCE


def test_one_bad_second_is_no_span() -> None:
    verdict = decide(make_scores([3.0] * 10 + [-4.0] + [3.0] * 10), make_card())
    assert verdict.kind is VerdictKind.NO_EVIDENCE


def test_a_few_doubtful_seconds_take_the_word_unsuspicious_away() -> None:
    card = make_card()
    doubting = card.model_copy(
        update={"thresholds": card.thresholds.model_copy(update={"doubt_below": -1.0})}
    )
    scores = make_scores([3.0] * 26 + [-0.8] * 4 + [3.0] * 26)
    assert decide(scores, card).kind is VerdictKind.NO_EVIDENCE
    verdict = decide(scores, doubting)
    assert (verdict.kind, verdict.reason) == (VerdictKind.INCONCLUSIVE, Reason.WEAK_EVIDENCE)
    assert decide(make_scores([3.0] * 26 + [-0.8] * 3 + [3.0] * 26), doubting).kind is (
        VerdictKind.NO_EVIDENCE
    )


def test_an_item_without_scored_segments_has_the_reason_of_most_of_its_sound() -> None:
    verdict = decide(make_scores([None] * 5), make_card())
    assert (verdict.kind, verdict.reason, verdict.llr) == (
        VerdictKind.NOT_APPLICABLE,
        Reason.MUSIC,
        None,
    )


def test_the_sign_is_one_from_score_to_verdict() -> None:
    llrs = [decide(make_scores([score] * 5), make_card()).llr for score in (-8, -1, 0, 1, 8)]
    assert llrs == sorted(llrs, key=lambda llr: llr if llr is not None else np.nan)
    assert llrs[2] == 0


def test_error_rates_are_those_of_the_worst_condition_with_as_much_voice() -> None:
    rates = error_rates(make_card().error_rates, 5.0)
    assert rates is not None
    assert rates.bonafide_rejected_rate == pytest.approx(0.1)
    assert "degraded" in rates.condition


def test_an_item_without_audio_says_so() -> None:
    assert no_audio(make_card()).reason is Reason.NO_AUDIO


def test_nothing_is_decided_where_several_voices_speak_at_once_in_most_seconds() -> None:
    for score, kind in ((-4.0, VerdictKind.SYNTHETIC), (3.0, VerdictKind.NO_EVIDENCE)):
        scores = make_scores([score] * 8)
        scores.facts.quality[:4] = int(Quality.OVERLAPPED_SPEECH | Quality.CLIPPING)
        assert decide(scores, make_card()).kind is kind
        scores.facts.quality[4] = int(Quality.OVERLAPPED_SPEECH)
        verdict = decide(scores, make_card())
        assert (verdict.kind, verdict.reason) == (
            VerdictKind.INCONCLUSIVE,
            Reason.OVERLAPPED_SPEECH,
        )
        assert verdict.llr is not None
