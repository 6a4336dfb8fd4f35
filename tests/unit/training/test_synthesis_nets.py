"""Tests of the own vocoders: shapes, exact inversion, a loss that falls, resuming."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from pipeline.errors import InputError
from tests.makers import SAMPLE_RATE, speech_like
from training.manifests import Utterance, read_manifest
from training.synthesis.engines import NotInstalledError
from training.synthesis.made import COLUMNS, MANIFEST, MadeRun, draw_evenly, make_with
from training.synthesis.nets.critics import Critics, critic_loss, maker_loss
from training.synthesis.nets.fit_own import Crops, OwnFit, fit_own, spectral_loss
from training.synthesis.nets.frame_codec import FrameCodec, FrameCodecSetting
from training.synthesis.nets.frame_vocoder import inverse_stft
from training.synthesis.nets.mel import MelSetting, log_mel
from training.synthesis.nets.mel_changes import change_mel
from training.synthesis.nets.own import OWN_NETS
from training.synthesis.nets.upsampler import SMALL, Upsampler, folded
from training.synthesis.own_vocoders import checkpoints_of
from training.synthesis.registry import ENGINES

QUICK = OwnFit(n_items=1, crop_s=0.25, critics_from=2, checkpoint_s=1e9, max_steps=3)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Utterance, ...]:
    """Six open genuine utterances of two sources, one of the closed fold, one spoof."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = []
    for i, (label, source, fold) in enumerate(
        [("bonafide", "a", 0)] * 4
        + [("bonafide", "b", 1)] * 2
        + [("bonafide", "b", 4), ("spoof", "made", 0)]
    ):
        soundfile.write(folder / f"{i}.flac", speech_like(i, 1.0), SAMPLE_RATE)
        rows.append(
            {
                "path": f"{i}.flac",
                "label": label,
                "source": source,
                "fold": fold,
                "clip_id": f"c{i}",
            }
        )
    with (folder / MANIFEST).open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "label", "source", "fold", "clip_id"])
        writer.writeheader()
        writer.writerows(rows)
    return read_manifest(folder / MANIFEST)


@pytest.mark.parametrize("name", [name for name in OWN_NETS if name != "own-sourcefilter"])
def test_an_own_net_answers_with_as_many_samples(name: str) -> None:
    net = OWN_NETS[name]().eval()
    samples = torch.randn(1, 20 * net.hop_length) * 0.1
    with torch.inference_mode():
        made, _ = net.copy(samples, np.random.default_rng(0))
    assert made.shape == samples.shape
    assert torch.isfinite(made).all()


def test_the_inverse_transform_gives_back_what_was_transformed() -> None:
    n_fft, hop = 512, 128
    samples = torch.randn(1, 40 * hop)
    edge = (n_fft - hop) // 2
    padded = torch.nn.functional.pad(samples, (edge, edge))
    window = torch.hann_window(n_fft)
    spectrum = torch.stft(padded, n_fft, hop, window=window, center=False, return_complex=True)
    made = inverse_stft(spectrum, n_fft, hop)
    assert torch.allclose(made[:, edge:-edge], samples[:, edge:-edge], atol=1e-4)


def test_a_mel_has_a_frame_for_each_hop() -> None:
    setting = MelSetting(sample_rate=22_050, n_fft=1024, hop_length=256)
    assert log_mel(torch.randn(2, 256 * 30), setting).shape == (2, 80, 30)


def test_weight_normalisation_is_folded_into_the_weights() -> None:
    layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv1d(3, 4, 5))
    original = layer.parametrizations.weight
    state = {"conv.weight_g": original.original0, "conv.weight_v": original.original1}
    assert torch.allclose(folded(state)["conv.weight"], layer.weight, atol=1e-6)


def test_a_small_upsampler_is_a_fraction_of_the_published_net() -> None:
    assert sum(p.numel() for p in Upsampler(SMALL).parameters()) < 1_000_000


def test_more_stages_of_a_codec_come_nearer_to_what_they_code() -> None:
    torch.manual_seed(0)
    net = FrameCodec(FrameCodecSetting(n_stages=4, n_entries=64))
    samples = torch.randn(2, 320 * 40) * 0.1
    for _ in range(12):  # the codebooks find where the frames lie
        net(samples, 4)
    net.eval()
    with torch.inference_mode():
        distances = [float(net(samples, n)[1]) for n in (1, 4)]
    assert distances[1] < distances[0]


def test_critics_pull_in_opposite_directions() -> None:
    torch.manual_seed(0)
    genuine, made = torch.randn(1, 4096), torch.randn(1, 4096, requires_grad=True)
    critics = Critics()
    assert float(critic_loss(critics(genuine), critics(made)).detach()) > 0
    maker_loss(critics(genuine), critics(made)).backward()  # type: ignore[no-untyped-call]
    assert made.grad is not None
    assert float(made.grad.abs().sum()) > 0


def test_the_spectral_loss_of_the_same_sound_is_nothing() -> None:
    samples = torch.from_numpy(speech_like(1, 0.5))[None]
    assert float(spectral_loss(samples, samples)) == pytest.approx(0.0, abs=1e-6)


def test_training_goes_on_from_its_checkpoint(
    corpus: tuple[Utterance, ...], tmp_path: Path
) -> None:
    seen: list[int] = []
    for limit in (3, 5):
        fit = OwnFit(n_items=1, crop_s=0.25, critics_from=2, checkpoint_s=1e9, max_steps=limit)
        newest = fit_own("own-codec", corpus, tmp_path, fit, lambda step, _loss: seen.append(step))
    assert seen == [1, 2, 3, 4, 5]
    assert newest.name == "000005.pt"
    assert [path.name for path in checkpoints_of(tmp_path, "own-codec")] == [
        "000003.pt",
        "000005.pt",
    ]


def test_training_hears_open_genuine_speech_only(corpus: tuple[Utterance, ...]) -> None:
    crops = Crops(corpus, OWN_NETS["own-vocos-fine"](), QUICK, 0)
    assert crops.next_batch().shape == (1, 31 * 128)
    assert sum(len(paths) for paths in crops._sources) == 6


def test_an_unknown_net_is_named(corpus: tuple[Utterance, ...], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no own net"):
        fit_own("own-mellotron", corpus, tmp_path, QUICK, lambda _step, _loss: None)


def test_a_net_without_a_checkpoint_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(NotInstalledError, match="fit-vocoder own-vocos"):
        ENGINES["own-vocos"].load(tmp_path)


@pytest.mark.parametrize("seed", range(6))
def test_changed_mels_keep_their_shape_and_stay_near(seed: int) -> None:
    setting = MelSetting(sample_rate=16_000, n_fft=512, hop_length=128)
    mel = log_mel(torch.from_numpy(speech_like(2, 1.0))[None], setting)[0].numpy().astype(float)
    changed = change_mel(mel, np.random.default_rng(seed))
    assert changed.shape == mel.shape
    assert 0.0 < np.abs(changed - mel).mean() < 2.0


def test_utterances_are_drawn_evenly_over_sources_and_never_closed(
    corpus: tuple[Utterance, ...],
) -> None:
    drawn = draw_evenly(corpus, "griffinlim", 4, 0)
    assert sorted(row.source for row in drawn) == ["a", "a", "b", "b"]
    assert all(row.fold != 4 for row in draw_evenly(corpus, "griffinlim", None, 0))


def test_copies_name_their_halves_and_a_second_run_keeps_them(
    corpus: tuple[Utterance, ...], tmp_path: Path
) -> None:
    run = MadeRun(tmp_path, tmp_path / "nets", limit=3)
    n_made = make_with(ENGINES["griffinlim"], corpus, run, lambda: None)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.glob("griffinlim/*.flac")}
    make_with(ENGINES["griffinlim"], corpus, run, lambda: None)
    rows = read_manifest(tmp_path / MANIFEST)
    halves = {row.clip_id: row for row in corpus}
    assert n_made == len(rows) == len(times) == 3
    assert all(halves[row.paired_with].fold == row.fold for row in rows)
    assert all(path.stat().st_mtime_ns == at for path, at in times.items())
    assert (tmp_path / MANIFEST).read_text().splitlines()[0] == ",".join(COLUMNS)
