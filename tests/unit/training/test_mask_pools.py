"""Pools of sound for the mask net, and the figures that are measured on them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.separate import Separator
from training.mask_figures import joined_speech, measure, si_sdr_db, voiced_segments
from training.mask_pools import CODECS, SAMPLE_RATE, Pool, recorded_pool, speech_pool

TINY = Path(__file__).parents[2] / "data" / "tiny_separator.onnx"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of four clips of noise, two of each class, in folds 0 to 3."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = ["path,label,fold"]
    for fold in range(4):
        samples = np.random.default_rng(fold).normal(0, 0.1, SAMPLE_RATE + fold * 100)
        soundfile.write(folder / f"{fold}.flac", samples, SAMPLE_RATE)
        rows.append(f"{fold}.flac,{'spoof' if fold % 2 else 'bonafide'},{fold}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def speech(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    return speech_pool(corpus, frozenset({0, 1, 2}), tmp_path_factory.mktemp("pools"), "speech")


def test_a_pool_holds_both_classes_of_its_folds_and_no_other(speech: Pool) -> None:
    assert speech.lengths.tolist() == [SAMPLE_RATE, SAMPLE_RATE + 100, SAMPLE_RATE + 200]


def test_every_codec_has_a_copy_of_the_same_length_that_differs(speech: Pool) -> None:
    plain = speech.copies[0].astype(np.float64)

    assert len(speech.copies) == 1 + len(CODECS)
    assert {len(copy) for copy in speech.copies} == {len(plain)}
    assert all(np.abs(copy - plain).mean() > 10 for copy in speech.copies[1:])


def test_a_pool_is_made_once(corpus: Path, tmp_path: Path) -> None:
    first = speech_pool(corpus, frozenset({0}), tmp_path, "pool")

    again = speech_pool(corpus, frozenset({0, 1, 2, 3}), tmp_path, "pool")

    np.testing.assert_array_equal(first.lengths, again.lengths)


def test_files_without_sound_and_silent_stretches_are_left_out(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * SAMPLE_RATE)
    soundfile.write(tmp_path / "noise.wav", noise, SAMPLE_RATE)
    soundfile.write(tmp_path / "silence.wav", noise * 0, SAMPLE_RATE)
    (tmp_path / "broken.wav").write_bytes(b"no sound")

    pool = recorded_pool(tmp_path / "pools", "music", sorted(tmp_path.glob("*.wav")))

    assert pool.lengths.tolist() == [3 * SAMPLE_RATE]


def test_joined_speech_is_level_and_as_long_in_every_copy(speech: Pool) -> None:
    copies = joined_speech(np.random.default_rng(0), speech, 40_000)

    assert [len(copy) for copy in copies] == [40_000] * len(speech.copies)
    assert np.sqrt(np.square(copies[0]).mean()) == pytest.approx(1.0, abs=0.05)


def test_si_sdr_ignores_scale_and_counts_what_was_added() -> None:
    rng = np.random.default_rng(0)
    voice, error = rng.normal(0, 1, 100_000), rng.normal(0, 0.1, 100_000)

    measured = si_sdr_db((5 * (voice + error)).astype("f4"), voice.astype("f4"))

    assert measured == pytest.approx(20.0, abs=0.1)


def test_seconds_are_cut_where_frames_begin_them() -> None:
    activity = np.zeros(188, dtype=np.float32)  # 3 s of 62.5 frames a second
    activity[63:125] = 1.0

    shares = voiced_segments(activity, Separator(TINY))

    np.testing.assert_allclose(shares, [0.0, 1.0, 0.0], atol=0.02)


def test_figures_name_every_test_once(speech: Pool) -> None:
    figures = measure(Separator(TINY), speech, {"sea": speech}, n_items=1)

    names = [(figure.test, figure.metric) for figure in figures]
    assert len(names) == len(set(names)) == 5 + 1 + 6 + 1 + 2
    assert all(np.isfinite(figure.value) for figure in figures)
