"""Separation: exact tiling, no trace of block edges, odd lengths, levels, wrong files."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelMismatchError
from pipeline.overlap_add import analyse_frames, overlap_add
from pipeline.separate import Separator, separate
from pipeline.vocabulary import FloatArray, SeparatedBlock, WaveformBlock

RATE = 16_000
DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def separator() -> Separator:
    return Separator(DATA / "tiny_separator.onnx")


def noise(n_samples: int, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(0.0, 0.1, n_samples).astype(np.float32)


def blocks_of(samples: FloatArray, n_block: int) -> Iterator[WaveformBlock]:
    for start in range(0, max(len(samples), 1), n_block):
        yield WaveformBlock(samples[start : start + n_block], RATE, start / RATE, 1, 2)


def run(samples: FloatArray, separator: Separator, n_block: int = 480_000) -> list[SeparatedBlock]:
    return list(separate(blocks_of(samples, n_block), separator))


def voice_of(blocks: list[SeparatedBlock]) -> FloatArray:
    return np.concatenate([block.voice for block in blocks])


def activity_of(blocks: list[SeparatedBlock]) -> FloatArray:
    return np.concatenate([block.voice_activity for block in blocks])


@pytest.mark.parametrize("n_samples", [1, 255, 256, 257, 16_000, 524_288, 524_289, 1_100_003])
def test_output_covers_the_input_sample_for_sample(separator: Separator, n_samples: int) -> None:
    samples = noise(n_samples)

    blocks = run(samples, separator)

    np.testing.assert_array_equal(np.concatenate([b.recorded.samples for b in blocks]), samples)
    assert all(len(b.voice) == len(b.recorded.samples) for b in blocks)
    assert all(len(b.voice_activity) == -(-len(b.voice) // 256) for b in blocks)
    assert all(len(b.voice) % 256 == 0 for b in blocks[:-1])


def test_blocks_follow_each_other_and_keep_track_and_channel(separator: Separator) -> None:
    blocks = run(noise(1_200_000), separator)

    ends = [b.recorded.start_s + len(b.recorded.samples) / RATE for b in blocks]
    assert blocks[0].recorded.start_s == 0.0
    np.testing.assert_allclose([b.recorded.start_s for b in blocks[1:]], ends[:-1])
    assert {(b.recorded.track, b.recorded.channel) for b in blocks} == {(1, 2)}


@pytest.mark.parametrize("n_block", [160_000, 4_800_000, 4_097, 1_600])
def test_numbers_do_not_depend_on_the_block_length(separator: Separator, n_block: int) -> None:
    samples = noise(1_300_077)
    expected = run(samples, separator)

    blocks = run(samples, separator, n_block)

    np.testing.assert_allclose(voice_of(blocks), voice_of(expected), atol=1e-6)
    np.testing.assert_allclose(activity_of(blocks), activity_of(expected), atol=1e-6)


def test_no_sound_gives_no_blocks(separator: Separator) -> None:
    assert list(separate([], separator)) == []
    assert run(np.zeros(0, dtype=np.float32), separator) == []


def test_digital_silence_stays_silent_and_is_not_voiced(separator: Separator) -> None:
    blocks = run(np.zeros(100_000, dtype=np.float32), separator)

    assert not voice_of(blocks).any()
    assert not activity_of(blocks).any()


def test_a_change_of_level_scales_the_voice_and_leaves_the_activity(separator: Separator) -> None:
    samples = noise(200_000)
    loud = run(samples, separator)

    quiet = run(samples * np.float32(0.01), separator)

    np.testing.assert_allclose(voice_of(quiet) * 100.0, voice_of(loud), atol=1e-4)
    np.testing.assert_allclose(activity_of(quiet), activity_of(loud), atol=1e-4)


def test_a_sample_shapes_nothing_beyond_its_window(separator: Separator) -> None:
    samples = noise(480_000)
    changed = samples.copy()
    changed[-16_000:] = 0.0

    before, after = run(samples, separator), run(changed, separator)

    np.testing.assert_array_equal(voice_of(before)[:300_000], voice_of(after)[:300_000])


def test_it_is_lazy(separator: Separator) -> None:
    def endless() -> Iterator[WaveformBlock]:
        for index in range(1_000_000):
            yield WaveformBlock(noise(480_000, index), RATE, index * 30.0, 0, 0)

    first = next(separate(endless(), separator))

    assert len(first.voice) <= 600_000


@pytest.mark.parametrize("hop_length", [256, 128])
def test_frames_add_up_to_the_samples_again(hop_length: int) -> None:
    samples = noise(512 + 99 * hop_length)

    again = overlap_add(analyse_frames(samples, 512, hop_length), 512, hop_length)

    np.testing.assert_allclose(again[512:-512], samples[512:-512], atol=1e-6)


def test_another_sample_rate_is_refused(separator: Separator) -> None:
    block = WaveformBlock(noise(1000), 8000, 0.0, 0, 0)

    with pytest.raises(ModelMismatchError, match="16000 Hz"):
        list(separate([block], separator))


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no model")

    with pytest.raises(ModelMismatchError, match=r"model\.onnx"):
        Separator(path)


def test_a_model_without_a_card_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    data = (DATA / "tiny_separator.onnx").read_bytes()
    path.write_bytes(data.replace(b"verity_card", b"verity_cart"))

    with pytest.raises(ModelMismatchError, match=r"model\.onnx"):
        Separator(path)
