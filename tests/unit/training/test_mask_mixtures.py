"""Mixtures for the mask net: repeatable, finite, labelled, and made from any pool."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.vocabulary import FloatArray
from training.mask_pools import HOP_LENGTH, SAMPLE_RATE, Pool
from training.mixtures import MixtureConfig, make_batch, speech_activity
from training.synthetic_music import Note, Piece, compose, play, write_midi
from training.synthetic_noise import NOISES, TONES, Maker

N_SAMPLES = 65_792


def pool_of(name: str, clips: list[FloatArray]) -> Pool:
    lengths = np.array([len(clip) for clip in clips])
    row = (np.concatenate(clips) * 32767).astype(np.int16)
    return Pool(name, (row, row), np.cumsum(lengths) - lengths, lengths)


def bursts(seed: int) -> FloatArray:
    """Three seconds of hiss, loud from 0.5 to 1.5 s and from 2.5 s on."""
    samples = np.random.default_rng(seed).normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32)
    samples[: SAMPLE_RATE // 2] *= 0.001
    samples[3 * SAMPLE_RATE // 2 : 5 * SAMPLE_RATE // 2] *= 0.001
    return samples


@pytest.fixture(scope="module")
def speech() -> Pool:
    return pool_of("speech", [bursts(seed) for seed in range(4)])


@pytest.fixture(scope="module")
def music() -> tuple[Pool, ...]:
    rng = np.random.default_rng(1)
    return (pool_of("music", [play(compose(rng, 6.0), rng, SAMPLE_RATE) for _ in range(3)]),)


def test_the_same_seed_gives_the_same_mixtures(speech: Pool, music: tuple[Pool, ...]) -> None:
    config = MixtureConfig(n_samples=N_SAMPLES)

    first = make_batch(np.random.default_rng(5), speech, music, config, 4)
    second = make_batch(np.random.default_rng(5), speech, music, config, 4)

    np.testing.assert_array_equal(first.recorded, second.recorded)
    np.testing.assert_array_equal(first.voice, second.voice)


def test_mixtures_are_finite_float32_with_one_label_a_cell(
    speech: Pool, music: tuple[Pool, ...]
) -> None:
    batch = make_batch(
        np.random.default_rng(6), speech, music, MixtureConfig(n_samples=N_SAMPLES), 48
    )

    assert batch.recorded.shape == batch.voice.shape == (48, N_SAMPLES)
    assert batch.recorded.dtype == batch.voice.dtype == np.float32
    assert batch.is_voiced.shape == (48, N_SAMPLES // HOP_LENGTH)
    assert np.isfinite(batch.recorded).all()
    assert np.isfinite(batch.voice).all()


def test_without_a_voice_nothing_is_labelled_voice(speech: Pool, music: tuple[Pool, ...]) -> None:
    config = MixtureConfig(n_samples=N_SAMPLES, voice_share=0.0)

    batch = make_batch(np.random.default_rng(7), speech, music, config, 12)

    assert not batch.is_voiced.any()
    assert not batch.voice.any()
    assert batch.recorded.any(axis=1).mean() > 0.5


def test_most_of_the_level_range_is_used(speech: Pool, music: tuple[Pool, ...]) -> None:
    config = MixtureConfig(n_samples=N_SAMPLES, silence_share=0.0)
    batch = make_batch(np.random.default_rng(8), speech, music, config, 64)

    level_db = 20 * np.log10(np.sqrt(np.square(batch.recorded).mean(axis=1)) + 1e-9)

    assert level_db.min() < -45
    assert level_db.max() > -20


def test_activity_follows_the_voice_and_not_its_pauses() -> None:
    activity = speech_activity(bursts(0))

    seconds = (np.arange(len(activity)) + 0.5) * HOP_LENGTH / SAMPLE_RATE
    assert activity[(seconds > 0.6) & (seconds < 1.4)].all()
    assert activity[seconds > 2.6].all()
    assert not activity[seconds < 0.4].any()
    assert not activity[(seconds > 1.6) & (seconds < 2.4)].any()


def test_silence_holds_no_activity() -> None:
    assert not speech_activity(np.zeros(16_000, dtype=np.float32)).any()


@pytest.mark.parametrize("maker", dict.fromkeys((*NOISES, *TONES)))
def test_every_noise_is_finite_and_loud(maker: Maker) -> None:
    sounds = [maker(np.random.default_rng(seed), 40_000, SAMPLE_RATE) for seed in range(8)]

    assert all(sound.shape == (40_000,) and sound.dtype == np.float32 for sound in sounds)
    assert all(np.isfinite(sound).all() for sound in sounds)
    assert all(0.99 < np.abs(sound).max() < 1.01 for sound in sounds)


@pytest.mark.parametrize("seed", range(6))
def test_every_piece_of_music_is_finite_and_loud(seed: int) -> None:
    rng = np.random.default_rng(seed)

    sound = play(compose(rng, 5.0), rng, SAMPLE_RATE)

    assert sound.shape == (5 * SAMPLE_RATE,)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() == pytest.approx(1.0, abs=1e-3)


def test_a_piece_becomes_a_midi_file(tmp_path: Path) -> None:
    piece = Piece((Note(0.0, 0.5, 60, 1.0, 0), Note(1.0, 0.5, 36, 0.5, -1)), 1, 2.0)

    write_midi(piece, [24], tmp_path / "piece.mid")

    content = (tmp_path / "piece.mid").read_bytes()
    assert content[:4] == b"MThd"
    assert content[14:18] == b"MTrk"
    assert int.from_bytes(content[18:22], "big") == len(content) - 22
    assert bytes([0x90, 60, 127]) in content  # the first note begins
    assert bytes([0x99, 36, 63]) in content  # the drum, on MIDI's tenth channel
    assert content.endswith(b"\xff\x2f\x00")
