"""The long echoes of a room are told from dry speech, however the sound comes, and never guessed."""

import numpy as np
import pytest
import scipy.signal

from pipeline.room_echo import SLOW_DB_S, EchoMeter, steepest_decay
from pipeline.vocabulary import FloatArray
from tests.makers import SAMPLE_RATE, noise, silence, speech_like, tone

SECONDS = 10.0


def in_a_room(samples: FloatArray, rt60_s: float, direct_db: float, seed: int = 1) -> FloatArray:
    """Return the sound as a microphone in a room takes it: direct sound, then a decaying tail."""
    random = np.random.default_rng(seed)
    seconds = np.arange(int(1.2 * rt60_s * SAMPLE_RATE)) / SAMPLE_RATE
    tail = random.standard_normal(len(seconds)) * 10 ** (-3 * seconds / rt60_s)
    response = tail / np.sqrt(np.square(tail).sum())
    response[0] = 10 ** (direct_db / 20)
    wet: FloatArray = scipy.signal.fftconvolve(samples, response)[: len(samples)].astype(np.float32)
    return np.asarray(0.5 * wet / np.abs(wet).max(), np.float32)


def is_echoing(samples: FloatArray, piece: int = 7_001) -> bool:
    """Ask the meter, with samples in odd pieces; one or several channels."""
    frames = samples[:, None] if samples.ndim == 1 else samples
    meter = EchoMeter(frames.shape[1], SAMPLE_RATE)
    for first in range(0, len(frames), piece):
        meter.add(frames[first : first + piece])
    return meter.is_echoing()


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_bare_room_is_heard_and_dry_speech_is_not_one(seed: int) -> None:
    dry = speech_like(seed, SECONDS)
    assert not is_echoing(dry)
    assert is_echoing(in_a_room(dry, 0.9, -3.0, seed))


def test_the_longer_a_room_echoes_the_slower_is_the_decay() -> None:
    dry = speech_like(2, 4.0)
    found = [steepest_decay(dry, SAMPLE_RATE)]
    found += [steepest_decay(in_a_room(dry, rt60, -6.0), SAMPLE_RATE) for rt60 in (0.3, 0.6, 1.2)]
    slopes = [slope for slope in found if slope is not None]
    assert len(slopes) == 4
    assert slopes == sorted(slopes, reverse=True)
    assert slopes[0] > 1.5 * SLOW_DB_S


@pytest.mark.parametrize(
    "sound",
    [silence(6.0), noise(1, 6.0), tone(440.0, 6.0), np.zeros(0, np.float32), speech_like(1, 2.0)],
    ids=["silence", "noise", "tone", "nothing", "too short"],
)
def test_where_nothing_tells_nothing_is_said(sound: FloatArray) -> None:
    assert not is_echoing(sound)


def test_pieces_and_other_channels_change_no_answer() -> None:
    dry = speech_like(4, SECONDS)
    wet = in_a_room(dry, 0.9, -3.0)
    for sound, expected in ((dry, False), (wet, True)):
        beside = np.stack([0.01 * noise(2, SECONDS), sound, silence(SECONDS)], axis=1)
        answers = {is_echoing(sound, piece) for piece in (160, 16_000, 200_000)}
        assert answers | {is_echoing(beside.astype(np.float32))} == {expected}


def test_one_echoing_part_of_a_long_recording_is_not_the_recording() -> None:
    dry = speech_like(5, 16.0)
    part = in_a_room(speech_like(6, 4.0), 1.0, -6.0)
    assert not is_echoing(np.concatenate([dry, part]))
