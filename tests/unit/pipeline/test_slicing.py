"""Where segments lie, whatever the length of the blocks that bring them."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.slicing import SliceConfig, slice_segments
from pipeline.vocabulary import FloatArray, Reason, SegmentBatch, SeparatedBlock, WaveformBlock
from tests.makers import noise

RATE = 16_000
CONFIG = SliceConfig(sample_rate=RATE, segment_samples=RATE, hop_s=1.0, voice_threshold=0.5)
FRAME_S = 0.016


def blocks_of(samples: FloatArray, block_s: float, activity: float = 1.0) -> list[SeparatedBlock]:
    step = round(block_s * RATE)
    blocks = []
    for first in range(0, len(samples), step):
        part = samples[first : first + step]
        n_frames = -(-len(part) // round(FRAME_S * RATE))
        block = WaveformBlock(part, RATE, first / RATE, 0, 0)
        blocks.append(SeparatedBlock(block, part, np.full(n_frames, activity, np.float32), FRAME_S))
    return blocks


def joined(batches: list[SegmentBatch]) -> tuple[list[float], list[float], FloatArray]:
    starts = np.concatenate([batch.facts.start_s for batch in batches])
    ends = np.concatenate([batch.facts.end_s for batch in batches])
    return starts.tolist(), ends.tolist(), np.concatenate([batch.samples for batch in batches])


@pytest.mark.parametrize("block_s", [0.512, 3.2, 30.4])
@pytest.mark.parametrize("hop_s", [0.25, 1.0])
def test_segments_do_not_depend_on_the_length_of_blocks(block_s: float, hop_s: float) -> None:
    samples = noise(1, 7.3)
    config = SliceConfig(RATE, RATE, hop_s, 0.5)
    starts, ends, cut = joined(list(slice_segments(blocks_of(samples, block_s), config)))
    reference = np.arange(0, 6.3 + 1e-9, hop_s).tolist()
    tail = [] if 7.3 - (reference[-1] + 1) <= 0.1 else [6.3]
    assert starts == pytest.approx(reference + tail)
    assert ends == pytest.approx([start + 1 for start in starts])
    for start, segment in zip(starts, cut, strict=True):
        first = round(start * RATE)
        np.testing.assert_array_equal(segment, samples[first : first + RATE])


def test_the_last_segment_is_aligned_to_the_end() -> None:
    starts, ends, _ = joined(list(slice_segments(blocks_of(noise(2, 2.6), 1.6), CONFIG)))
    assert starts == pytest.approx([0, 1, 1.6])
    assert ends[-1] == pytest.approx(2.6)


def test_a_tail_of_a_tenth_of_a_second_is_left_out() -> None:
    starts, _, _ = joined(list(slice_segments(blocks_of(noise(2, 2.08), 1.6), CONFIG)))
    assert starts == [0, 1]


def test_a_sound_shorter_than_a_segment_is_repeated_and_flagged() -> None:
    samples = noise(3, 0.7)
    (batch,) = slice_segments(blocks_of(samples, 1.6), CONFIG)
    assert batch.facts.end_s[0] == pytest.approx(0.7)
    assert batch.facts.reason[0] == Reason.NONE
    np.testing.assert_array_equal(batch.samples[0, len(samples) :], samples[: RATE - len(samples)])


def test_under_half_a_second_is_too_short() -> None:
    (batch,) = slice_segments(blocks_of(noise(3, 0.3), 1.6), CONFIG)
    assert batch.facts.reason[0] == Reason.TOO_SHORT


def test_no_sound_gives_no_segment() -> None:
    assert list(slice_segments([], CONFIG)) == []


def test_segments_without_voice_get_a_reason() -> None:
    (batch,) = slice_segments(blocks_of(noise(4, 2.0), 2.0, activity=0.1), CONFIG)
    assert set(batch.facts.reason) == {str(Reason.NOISE)}


def test_the_removed_share_is_what_the_mask_took_away() -> None:
    (block,) = blocks_of(noise(5, 2.0), 2.0)
    halved = SeparatedBlock(
        block.recorded, block.voice * np.float32(0.5), block.voice_activity, FRAME_S
    )
    (batch,) = slice_segments([halved], CONFIG)
    np.testing.assert_allclose(batch.facts.removed_share, 0.75, atol=1e-4)


def test_the_separated_voice_is_cut_only_where_much_was_removed_and_only_when_asked_for() -> None:
    samples = noise(4, 3.0)
    blocks = [
        replace(block, voice=block.voice * np.float32(0.9 if block.recorded.start_s >= 1 else 1.0))
        for block in blocks_of(samples, 1.0)
    ]
    again = SliceConfig(RATE, RATE, 1.0, 0.5, hears_again=True)

    starts, _, cut = joined(list(slice_segments(blocks, again)))
    variants = [str(v) for batch in slice_segments(blocks, again) for v in batch.facts.variant]

    assert joined(list(slice_segments(blocks, CONFIG)))[0] == [0, 1, 2]
    assert sorted(zip(starts, variants, strict=True)) == [
        (0, "recorded"),
        (1, "recorded"),
        (1, "separated"),
        (2, "recorded"),
        (2, "separated"),
    ]
    row = variants.index("separated")
    np.testing.assert_allclose(cut[row], samples[RATE : 2 * RATE] * np.float32(0.9), rtol=1e-6)


def test_what_is_no_voice_is_not_heard_again() -> None:
    blocks = [
        replace(block, voice=block.voice * np.float32(0.1))
        for block in blocks_of(noise(4, 3.0), 1.0, activity=0.0)
    ]
    batches = list(slice_segments(blocks, SliceConfig(RATE, RATE, 1.0, 0.5, hears_again=True)))

    assert joined(batches)[0] == [0, 1, 2]
