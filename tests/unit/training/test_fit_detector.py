"""A tiny run of the whole recipe: cache, fit, resume, fuse, export, the same numbers in ONNX."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import soundfile
import torch

from pipeline.errors import InputError
from pipeline.frontends import compute
from pipeline.model_card import METADATA_KEY, FrontEndSpec, ModelCard, read_card
from pipeline.vocabulary import Label
from training.detector_card import FRONT_END_NAMES, example_inputs
from training.export_onnx import export_detector
from training.feature_cache import CLEAN, degraded_copy, join_copies, make_copy, open_copy
from training.fit import CropSampler, FitConfig, fit_vit
from training.manifests import Utterance, read_manifest
from training.models.camplusplus import N_STATISTICS, SpeakerEncoder
from training.models.encoding_net import EncodingNetConfig
from training.models.fusion import FusionDetector, FusionWeights
from training.models.kernel_machine import KernelConfig, SegmentStatistics
from training.models.vit import Vit, VitConfig
from training.recipes.phase_fusion import Recipe
from training.recipes.tiny import tiny_card
from training.release import check_origin, fit_members
from training.segment_scores import cut_segments, training_statistics
from training.speaker_encodings import open_encodings
from training.splits import Split

SMALL_VIT = VitConfig(width=32, depth=2, n_heads=2, mlp_width=32, embedding_size=16)
SMALL_FIT = FitConfig(n_steps=20, batch_size=16, warmup_steps=3, copies=(("clean", 1.0, 1.0),))


def write_corpus(folder: Path) -> tuple[Utterance, ...]:
    """Write pulses of uneven period (genuine) and of even period (spoof) with a manifest."""
    random = np.random.default_rng(0)
    rows = []
    for i in range(12):
        genuine = i % 2 == 0
        periods = 110 + (random.integers(-12, 12, size=400) if genuine else np.zeros(400, int))
        pulses = np.zeros(32_000)
        pulses[np.cumsum(periods)[np.cumsum(periods) < 32_000]] = 0.5
        sound = np.convolve(pulses, np.exp(-np.arange(300) / 40))[:32_000]
        sound += 0.003 * random.standard_normal(32_000)
        soundfile.write(folder / f"{i}.wav", sound, 16_000)
        label = "bonafide" if genuine else "spoof"
        paired = "" if genuine else f"{i - 1}"
        rows.append((f"{i}.wav", label, "room", f"s{i}", "" if genuine else "even", f"{i}", paired))
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "label", "source", "speaker", "system", "clip_id", "paired_with"))
        writer.writerows(rows)
    return read_manifest(folder / "manifest.csv")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Utterance, ...], Path]:
    folder = tmp_path_factory.mktemp("corpus")
    utterances = write_corpus(folder)
    torch.manual_seed(0)
    make_copy(utterances, CLEAN, folder, encoder=SpeakerEncoder().eval())
    return utterances, folder


def small_sampler(utterances: tuple[Utterance, ...], folder: Path) -> CropSampler:
    return CropSampler(utterances, np.arange(len(utterances)), folder, SMALL_FIT, 112)


def test_cached_segments_are_those_of_the_front_end(
    corpus: tuple[tuple[Utterance, ...], Path],
) -> None:
    utterances, folder = corpus
    samples, _ = soundfile.read(utterances[0].path, dtype="float32")
    cached = cut_segments(open_copy(folder, "clean"), 0).numpy()
    expected = compute("phase", {}, samples[None, :16_000])[0]
    # float16, and the level of the utterance for that of the segment: close, not equal
    assert np.abs(cached[0] - expected).mean() < 0.05


def test_a_degraded_copy_has_every_utterance(corpus: tuple[tuple[Utterance, ...], Path]) -> None:
    utterances, folder = corpus
    make_copy(utterances, degraded_copy(9), folder)
    assert len(open_copy(folder, "degraded9").start) == len(utterances)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_small_detector_learns_fuses_and_exports_the_same_numbers(
    corpus: tuple[tuple[Utterance, ...], Path], tmp_path: Path
) -> None:
    utterances, folder = corpus
    recipe = replace(
        Recipe(),
        vit=replace(SMALL_VIT, encoding_size=N_STATISTICS),
        fit=replace(SMALL_FIT, with_encoding=True),
        kernel=KernelConfig(n_centres=20),
        kernel_copies=(("clean", 1.0),),
        kernel_pseudo=(),
        encoding=EncodingNetConfig(n_nets=2, width=16, narrow_width=8, n_steps=30, batch_size=16),
    )
    everything = Split(train=utterances, test=())
    members = fit_members(utterances, everything, folder, recipe, "all")
    torch.manual_seed(0)  # the encoder that made the copy's encodings
    encoder = SpeakerEncoder().eval()
    detector = FusionDetector(members, encoder, FusionWeights(0.5, 1.0, 0.5, 0.1)).eval()
    example = example_inputs(utterances[:6])

    path = tmp_path / "detector.onnx"
    front_ends = tuple(FrontEndSpec(input_name=n, front_end=n) for n in FRONT_END_NAMES)
    card = tiny_card().model_copy(update={"front_ends": front_ends})
    export_detector(detector, example, card, path)

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = {name: tensor.numpy() for name, tensor in zip(FRONT_END_NAMES, example, strict=True)}
    score, embedding, attention = session.run(["cm_score", "embedding", "attention"], given)
    with torch.inference_mode():
        expected = detector(*example).numpy()
    np.testing.assert_allclose(score, expected, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(attention.sum(axis=1), 1.0, atol=1e-5)
    written = read_card(session.get_modelmeta().custom_metadata_map[METADATA_KEY])
    assert isinstance(written, ModelCard)
    genuine = np.array([row.label is Label.BONAFIDE for row in utterances[:6]])
    assert score[genuine].mean() > score[~genuine].mean()


def test_nets_of_other_clips_or_another_recipe_are_not_taken(
    corpus: tuple[tuple[Utterance, ...], Path], tmp_path: Path
) -> None:
    utterances, _ = corpus
    check_origin(utterances, tmp_path, Recipe())
    check_origin(utterances, tmp_path, replace(Recipe(), wanted_error=0.01))  # trains nothing
    with pytest.raises(InputError, match="other clips"):
        check_origin(utterances[:-1], tmp_path, Recipe())
    with pytest.raises(InputError, match="another recipe"):
        check_origin(utterances, tmp_path, replace(Recipe(), kernel_hop_frames=28))


def test_copies_joined_anew_forget_the_statistics_of_before(
    corpus: tuple[tuple[Utterance, ...], Path], tmp_path: Path
) -> None:
    utterances, folder = corpus
    join_copies([folder], ["clean"], tmp_path)
    first, owner = training_statistics(np.arange(len(utterances)), tmp_path, "clean", 0)
    join_copies([folder, folder], ["clean"], tmp_path)
    twice, owners = training_statistics(np.arange(2 * len(utterances)), tmp_path, "clean", 0)
    assert len(twice) == 2 * len(first)
    np.testing.assert_array_equal(twice[len(first) :], first)
    np.testing.assert_array_equal(owners[len(first) :], owner + len(utterances))
    encodings = open_encodings(tmp_path, "clean")
    assert encodings.owner[-1] == 2 * len(utterances) - 1


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_run_that_was_cut_off_ends_with_the_same_weights(
    corpus: tuple[tuple[Utterance, ...], Path], tmp_path: Path
) -> None:
    utterances, folder = corpus
    sampler = small_sampler(utterances, folder)
    fit_vit(sampler, SMALL_VIT, replace(SMALL_FIT, n_steps=10), tmp_path / "a.pt")
    resumed = fit_vit(sampler, SMALL_VIT, replace(SMALL_FIT, n_steps=12), tmp_path / "a.pt")
    again = fit_vit(sampler, SMALL_VIT, replace(SMALL_FIT, n_steps=12), tmp_path / "a.pt")
    for one, other in zip(resumed.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_neighbours_in_a_batch_do_not_change_a_score() -> None:
    torch.manual_seed(0)
    net = Vit(SMALL_VIT).eval()
    frames = torch.randn(5, 112, 238)
    with torch.inference_mode():
        together = net(frames)[0]
        alone = torch.cat([net(frames[i : i + 1])[0] for i in range(5)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_statistics_forget_the_channel_of_the_spectrum() -> None:
    torch.manual_seed(0)
    frames = torch.randn(3, 112, 238)
    tilted = frames.clone()
    tilted[:, :, 168:] += torch.linspace(-3, 3, 70)
    compute_statistics = SegmentStatistics()
    torch.testing.assert_close(
        compute_statistics(frames), compute_statistics(tilted), atol=1e-3, rtol=1e-3
    )
