"""The net for overlapped speech in training: who is heard, what is labelled, a run of two steps."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.overlapped_speech import OverlapDetector
from pipeline.vocabulary import FloatArray, Label
from tests.makers import SAMPLE_RATE, speech_like
from training.mask_pools import Pool

pytest.importorskip("torch", reason="training needs the extra `torch`")

from training.fit_overlap import export, fit, make_banks, write_card
from training.models.overlap_net import OverlapNetConfig
from training.overlap_mixtures import HOP_LENGTH, N_SAMPLES, Voice, Voices, activity, make_mixture
from training.overlap_voices import rows_of
from training.recipes.overlapped_speech import RECIPE, OverlapRecipe

N_MIXTURES = 60
TINY = OverlapNetConfig(channels=(4, 4, 8, 8), hidden=16, dilations=(1, 2))


@pytest.fixture(scope="module")
def voices() -> Voices:
    """Give two voices of each class."""
    clips: dict[Voice, list[FloatArray]] = {
        (label, f"{label} {number}"): [speech_like(10 * number + len(label), 2.0)]
        for label in Label
        for number in range(2)
    }
    return Voices(clips, {label: tuple(it for it in clips if it[0] is label) for label in Label})


@pytest.fixture(scope="module")
def music() -> Pool:
    row = np.random.default_rng(0).integers(-3000, 3000, N_SAMPLES).astype(np.int16)
    return Pool("noise", (row,), np.array([0]), np.array([N_SAMPLES]))


@pytest.fixture(scope="module")
def tiny_recipe() -> OverlapRecipe:
    return replace(
        *(RECIPE,), net=TINY, n_banks=1, bank_size=8, n_coded=2, n_codecs=2, n_steps=2, batch_size=4
    )


def test_labels_tell_several_voices_only_where_there_is_one_and_not_in_every_mixture(
    voices: Voices, music: Pool
) -> None:
    rng = np.random.default_rng(1)
    mixtures = [make_mixture(rng, voices, [music]) for _ in range(N_MIXTURES)]
    for sound, labels in mixtures:
        assert sound.shape == (N_SAMPLES,)
        assert np.isfinite(sound).all()
        assert labels.shape == (2, N_SAMPLES // HOP_LENGTH)
        several, anybody = labels
        assert not (several & ~anybody).any()
    shares = np.array([labels[0].mean() for _, labels in mixtures])
    assert 0.3 < np.mean(shares == 0.0) < 0.8  # one voice alone, or in turn with another
    assert np.mean(shares > 0.2) > 0.1


def test_speech_is_active_where_it_is_and_not_in_the_silence_around_it() -> None:
    silence = np.zeros(SAMPLE_RATE, np.float32)
    active = activity(np.concatenate([silence, speech_like(1, 2.0), silence]))
    second = SAMPLE_RATE // HOP_LENGTH
    assert active[: second - 5].mean() == 0.0
    assert active[second : 3 * second].mean() > 0.5
    assert active[3 * second + 5 :].mean() == 0.0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_a_run_makes_banks_once_and_a_file_that_the_pipeline_loads(
    voices: Voices, music: Pool, tiny_recipe: OverlapRecipe, tmp_path: Path
) -> None:
    [bank] = make_banks(tiny_recipe, voices, [music], tmp_path)
    made_at = bank.stat().st_mtime_ns
    assert make_banks(tiny_recipe, voices, [music], tmp_path) == [bank]
    assert bank.stat().st_mtime_ns == made_at
    with np.load(bank) as kept:
        assert kept["x"].shape == (8, N_SAMPLES // HOP_LENGTH, TINY.n_mels)
        assert kept["y"].shape == (8, 2, N_SAMPLES // HOP_LENGTH // 2)

    net = fit(tiny_recipe, [bank])
    export(net, write_card(tiny_recipe, voices, ()), tmp_path / "net.onnx")
    detector = OverlapDetector(tmp_path / "net.onnx", "")
    found = detector.overlap(speech_like(3, 3.0).reshape(-1, SAMPLE_RATE))
    assert found.shape == (3,)
    assert ((found >= 0) & (found <= 1)).all()
    assert detector.card.segment_samples == SAMPLE_RATE


ROWS: Mapping[str, tuple[str, str, str, int, str]] = {
    # clip: label, source, speaker, fold, paired with
    "a": ("bonafide", "libri", "ann", 0, ""),  # not in training: the check hears a copy
    "copy of a": ("spoof", "made", "", 3, "a"),
    "b": ("bonafide", "libri", "bob", 3, ""),
    "copy of b": ("spoof", "made", "", 1, "b"),  # nor this one: the check hears who speaks
    "c": ("bonafide", "emodb", "cid", 1, ""),
    "copy of c": ("spoof", "made", "", 1, "c"),
    "d": ("bonafide", "libri", "dan", 4, ""),
    "e": ("spoof", "made", "eve", 2, ""),
}


def test_nobody_is_heard_in_training_and_in_the_figures_and_the_last_fold_is_not_opened(
    tmp_path: Path,
) -> None:
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        names = ("clip_id", "path", "label", "source", "speaker", "fold", "paired_with")
        writer.writerow(names)
        for clip, (label, source, speaker, fold, pair) in ROWS.items():
            writer.writerow((clip, f"{clip}.flac", label, source, speaker, fold, pair))
    rows = rows_of(tmp_path, RECIPE)
    clips = {part: {row.clip_id for row, _ in found} for part, found in rows.items()}
    assert clips == {"train": {"e"}, "speakers": {"b", "copy of a"}, "sources": {"c"}}
