"""The shipped net for overlapped speech: what it flags, what it leaves alone, what it refuses."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelMismatchError
from pipeline.overlapped_speech import OverlapDetector, flag_overlapped_speech
from pipeline.vocabulary import FloatArray, Quality, Reason, SegmentBatch, Variant
from storage.model_store import resolve
from tests.cards import make_scores
from tests.makers import SAMPLE_RATE, music, noise, synthetic_sample

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def detector() -> OverlapDetector:
    return OverlapDetector(*resolve("", "overlap"))


def voice(system: str, n_seconds: int = 8) -> FloatArray:
    """Return one voice at a fixed level."""
    samples = np.resize(synthetic_sample(system=system), n_seconds * SAMPLE_RATE)
    return np.asarray(samples * (0.05 / np.sqrt(np.square(samples).mean())), np.float32)


def flagged_share(samples: FloatArray, detector: OverlapDetector) -> float:
    seconds = samples[: len(samples) // SAMPLE_RATE * SAMPLE_RATE].reshape(-1, SAMPLE_RATE)
    return float((detector.overlap(seconds) >= detector.card.flagged_from).mean())


@pytest.mark.parametrize("gain_db", [-4, 0, 4])
def test_two_voices_at_once_are_flagged_in_most_seconds(
    gain_db: float, detector: OverlapDetector
) -> None:
    together = voice("piper") + voice("hibari") * np.float32(10 ** (gain_db / 20))
    assert flagged_share(together, detector) > 0.5


@pytest.mark.parametrize("system", ["piper", "hibari"])
def test_one_voice_is_not_flagged(system: str, detector: OverlapDetector) -> None:
    assert flagged_share(voice(system), detector) <= 1 / 8


def test_two_voices_in_turn_are_not_flagged(detector: OverlapDetector) -> None:
    turns = np.concatenate([voice("piper", 4), voice("hibari", 4)])
    assert flagged_share(turns, detector) <= 1 / 8


def test_other_sound_beside_one_voice_is_no_second_voice(detector: OverlapDetector) -> None:
    for beside in (noise(1, 8.0, level=0.02), music(2, 8.0) * np.float32(0.02)):
        assert flagged_share(voice("piper") + beside, detector) <= 2 / 8


def test_odd_sound_gives_numbers(detector: OverlapDetector) -> None:
    odd = np.zeros((4, SAMPLE_RATE), np.float32)
    odd[1], odd[2], odd[3, 0] = 1.0, 1e-30, 1.0
    found = detector.overlap(odd)
    assert np.isfinite(found).all()
    assert (found < detector.card.flagged_from).all()
    assert detector.overlap(odd[:0]).shape == (0,)


def test_a_second_has_the_same_number_whatever_stands_beside_it(detector: OverlapDetector) -> None:
    seconds = (voice("piper") + voice("hibari")).reshape(-1, SAMPLE_RATE)
    alone = np.concatenate([detector.overlap(second[None]) for second in seconds])
    assert (detector.overlap(seconds) == alone).all()


def test_every_variant_of_a_flagged_second_is_flagged_and_no_second_without_a_voice(
    detector: OverlapDetector,
) -> None:
    together = (voice("piper") + voice("hibari")).reshape(-1, SAMPLE_RATE)
    loudest = together[int(detector.overlap(together).argmax())]
    facts = make_scores([1.0, None, 1.0]).facts
    facts.start_s[2], facts.variant[2] = facts.start_s[0], str(Variant.SEPARATED)
    assert facts.reason[1] != Reason.NONE
    flag_overlapped_speech(SegmentBatch(facts, np.stack([loudest] * 3)), detector)
    assert ((facts.quality & Quality.OVERLAPPED_SPEECH) != 0).tolist() == [True, False, True]


@pytest.mark.parametrize("at_s", [0.0, 1.0])
def test_a_longer_segment_is_flagged_wherever_in_it_both_speak(
    at_s: float, detector: OverlapDetector
) -> None:
    together = (voice("piper") + voice("hibari")).reshape(-1, SAMPLE_RATE)
    loudest = together[int(detector.overlap(together).argmax())]
    samples = np.zeros((2, 2 * SAMPLE_RATE), np.float32)
    begin = round(at_s * SAMPLE_RATE)
    samples[0, begin : begin + SAMPLE_RATE] = loudest
    facts = make_scores([1.0, 1.0]).facts
    flag_overlapped_speech(SegmentBatch(facts, samples), detector)
    assert facts.quality[0] & Quality.OVERLAPPED_SPEECH
    assert not facts.quality[1] & Quality.OVERLAPPED_SPEECH


def test_segments_shorter_than_the_net_s_are_refused(detector: OverlapDetector) -> None:
    batch = SegmentBatch(make_scores([1.0]).facts, np.zeros((1, 8000), np.float32))
    with pytest.raises(ModelMismatchError, match="8000"):
        flag_overlapped_speech(batch, detector)


@pytest.mark.parametrize("name", ["tiny_separator.onnx", "tiny_detector.onnx"])
def test_another_kind_of_model_is_refused(name: str) -> None:
    with pytest.raises(ModelMismatchError, match=name):
        OverlapDetector(DATA / name, "")
