"""Items joined from scores: what is said to be synthetic is what was drawn from the systems."""

import numpy as np
import pytest

from tests.cards import make_card
from training.calibration import ScoredSegments
from training.joined_scores import MODEL_ID, join_genuine, join_spliced
from training.localisation import measure_false_spans, measure_spans

GENUINE_SCORE, SPOOF_SCORE = 4.0, -4.0
N_CLIPS, CLIP_S = 24, 3


def held_out() -> tuple[ScoredSegments, np.ndarray]:
    """Return clips of 3 s, half of them genuine, of one fold."""
    n = N_CLIPS * CLIP_S
    utterance = np.repeat(np.arange(N_CLIPS), CLIP_S)
    is_bonafide = utterance % 2 == 0
    segments = ScoredSegments(
        np.where(is_bonafide, GENUINE_SCORE, SPOOF_SCORE),
        utterance,
        is_bonafide,
        np.char.add("voice", (utterance % 4).astype(str)),
        np.where(is_bonafide, "bonafide:room", "spoof:copier"),
        np.full(n, "clean"),
    )
    return segments, np.zeros(n, np.int64)


def test_the_synthetic_stretch_has_the_systems_scores_and_nothing_else_has() -> None:
    segments, fold = held_out()
    for made in join_spliced(segments, fold, make_card(), 5, np.random.default_rng(0)):
        start, end = (round(at) for at in made.item.synthetic_s[0])
        assert (made.scores.cm_score[start:end] == SPOOF_SCORE).all()
        assert (np.delete(made.scores.cm_score, np.arange(start, end)) == GENUINE_SCORE).all()
        assert made.item.duration_s == len(made.scores.cm_score)


def test_what_is_scored_without_error_is_found_without_error() -> None:
    segments, fold = held_out()
    cards = {MODEL_ID: make_card()}
    spliced = list(join_spliced(segments, fold, make_card(), 6, np.random.default_rng(0)))
    genuine = list(join_genuine(segments, fold, make_card(), 3, np.random.default_rng(0)))
    assert measure_spans(spliced, cards).precision == pytest.approx(1.0, abs=0.2)
    assert measure_spans(spliced, cards).segment_eer == pytest.approx(0.0, abs=1e-9)
    assert measure_false_spans(genuine, cards).item_share == 0.0
    assert all(made.item.duration_s == 60 for made in genuine)
