"""The small spectrogram and the strongest seconds: where things land, and in how much memory."""

import numpy as np
import pytest

from pipeline.sound_picture import MAX_COLUMNS, N_BANDS, Painter
from pipeline.strongest import (
    N_EACH,
    SoundKeeper,
    heard_segments,
    strongest_segments,
    to_sound,
)
from pipeline.traces import SoundArray, SoundPicture
from pipeline.vocabulary import FloatArray, SegmentFacts, Variant

RATE = 16_000


def picture_of(samples: FloatArray, block: int = 30 * RATE) -> SoundPicture:
    painter = Painter(RATE, len(samples))
    for first in range(0, len(samples), block):
        painter.add(samples[first : first + block])
    return painter.finish(0, 0)


def tone(hz: float, seconds: float) -> FloatArray:
    t = np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * hz * t)).astype(np.float32)


@pytest.mark.parametrize("hz", [300.0, 1_000.0, 4_000.0, 7_500.0])
def test_a_tone_is_loudest_in_its_own_band(hz: float) -> None:
    levels = picture_of(tone(hz, 3.0)).levels
    band = int(hz / (RATE / 2) * N_BANDS)
    assert abs(int(levels[:, 100].argmax()) - band) <= 1


def test_sound_lies_in_the_columns_of_its_time() -> None:
    samples = np.zeros(60 * RATE, np.float32)
    samples[30 * RATE : 31 * RATE] = tone(1_000.0, 1.0)
    loud = picture_of(samples).levels.max(axis=0) > 200
    columns = np.flatnonzero(loud)
    assert columns[0] == MAX_COLUMNS // 2
    assert columns[-1] == round(31 / 60 * MAX_COLUMNS) - 1


def test_block_lengths_change_no_level() -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, 7 * RATE + 123).astype(np.float32)
    whole, parts = picture_of(samples), picture_of(samples, 1_001)
    assert np.array_equal(whole.levels, parts.levels)
    assert np.array_equal(whole.peaks, parts.peaks)


def test_the_waveform_is_the_largest_sample_of_each_column() -> None:
    samples = np.random.default_rng(3).normal(0, 0.2, 10_007).astype(np.float32)
    samples[5_000] = -1.5  # beyond full scale
    painter = Painter(RATE, len(samples))
    painter.add(samples)
    peaks = painter.finish(0, 0).peaks
    column = np.arange(len(samples)) * len(peaks) // len(samples)
    for number in range(len(peaks)):
        largest = min(1.0, float(np.abs(samples[column == number]).max()))
        assert int(peaks[number]) == int(np.ceil(255 * largest))


@pytest.mark.parametrize("seconds", [0.001, 0.02, 1.0, 5.0, 700.0])
def test_the_size_does_not_grow_with_the_sound_and_no_column_is_empty(seconds: float) -> None:
    noise = np.random.default_rng(2).normal(0, 0.1, max(1, int(seconds * RATE)))
    levels = picture_of(noise.astype(np.float32)).levels
    assert levels.shape[0] == N_BANDS
    assert 1 <= levels.shape[1] <= MAX_COLUMNS
    assert levels.dtype == np.uint8
    assert (levels.max(axis=0) > 0).all()


def test_silence_is_blank() -> None:
    assert not picture_of(np.zeros(RATE, np.float32)).levels.any()


def test_fewer_or_more_samples_than_counted_still_give_a_picture() -> None:
    for n_counted in (RATE // 2, 2 * RATE):
        painter = Painter(RATE, n_counted)
        painter.add(tone(500.0, 1.0))
        assert painter.finish(0, 0).levels.any()


def facts_of(n: int, start_s: float) -> SegmentFacts:
    return SegmentFacts(
        start_s=start_s + np.arange(n, dtype=np.float64),
        end_s=start_s + 1.0 + np.arange(n, dtype=np.float64),
        track=np.zeros(n, np.int64),
        channel=np.zeros(n, np.int64),
        variant=np.full(n, Variant.RECORDED.value),
        voiced_share=np.ones(n, np.float32),
        removed_share=np.zeros(n, np.float32),
        quality=np.zeros(n, np.int64),
        reason=np.full(n, ""),
    )


def test_the_strongest_seconds_of_a_long_item_are_found_in_the_memory_of_a_few_batches() -> None:
    rng = np.random.default_rng(3)
    scores = rng.normal(0, 1, (200, 30)).astype(np.float32)
    keeper = SoundKeeper[SoundArray]()
    facts = [facts_of(30, 30.0 * batch) for batch in range(200)]
    for batch in range(200):
        sound = np.full((30, 160), batch, np.int16) + np.arange(30, dtype=np.int16)[:, None]
        keeper.add(batch, facts[batch], scores[batch], sound)
        assert len(keeper.kept) <= 2 * N_EACH
    strongest = strongest_segments(facts, list(scores), keeper.kept)
    heard = heard_segments(facts, strongest, keeper.kept, RATE)
    order = np.argsort(scores.reshape(-1))
    assert [one.row for one in heard] == [*order[:N_EACH], *order[-N_EACH:]]
    assert all(one.samples[0] == one.row // 30 + one.row % 30 for one in heard)
    assert [one.start_s for one in heard] == [float(one.row) for one in heard]


def test_an_item_of_two_seconds_shows_each_once() -> None:
    facts, scores = facts_of(2, 0.0), np.array([0.5, -0.5], np.float32)
    sound = to_sound(np.zeros((2, RATE), np.float32))
    strongest = strongest_segments([facts], [scores], {0})
    heard = heard_segments([facts], strongest, {0: sound}, RATE)
    assert [one.row for one in heard] == [1, 0]
