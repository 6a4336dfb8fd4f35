"""The shipped separator's net: two nets as one, its level, its export, foreign weights."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.overlap_add import ComplexArray, analyse_frames
from pipeline.separate import Separator

pytest.importorskip("torch", reason="training needs the extra `torch`")

import torch

from training.fit_mask import write_card
from training.mask_export import export
from training.models.dual_path_mask import DualPathMask
from training.models.published_mask import read_published
from training.models.separator_net import PartingConfig, SeparatorNet
from training.models.vocal_mask import VocalMask, VocalMaskConfig
from training.recipes.vocal_mask import RECIPE, WINDOW_FRAMES

DATA = Path(__file__).parents[2] / "data"
TINY = VocalMaskConfig(channels=(4, 4, 8, 8), hidden=16, dilations=(1, 2))


@pytest.fixture(scope="module")
def net() -> SeparatorNet:
    torch.manual_seed(3)
    return SeparatorNet(VocalMask(TINY), DualPathMask(), PartingConfig()).eval()


def spectra(n: int, level: float = 0.05) -> ComplexArray:
    rng = np.random.default_rng(0)
    n_samples = (WINDOW_FRAMES - 1) * 256 + 512
    sounds = rng.normal(0, level, (n, n_samples)).astype(np.float32)
    return np.stack([analyse_frames(sound, 512, 256) for sound in sounds])


def answer(net: SeparatorNet, heard: ComplexArray) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.no_grad():
        mask, activity = net(torch.view_as_real(torch.from_numpy(heard)))
    return mask, activity


def test_mask_and_activity_are_shares_of_the_right_shape(net: SeparatorNet) -> None:
    mask, activity = answer(net, spectra(2))

    assert mask.shape == (2, WINDOW_FRAMES, 257)
    assert activity.shape == (2, WINDOW_FRAMES)
    assert 0 <= float(mask.min()) <= float(mask.max()) <= 1
    assert 0 <= float(activity.min()) <= float(activity.max()) <= 1


def test_loudness_changes_neither(net: SeparatorNet) -> None:
    loud, quiet = answer(net, spectra(1, 0.1)), answer(net, spectra(1, 0.001))

    torch.testing.assert_close(loud, quiet, atol=1e-3, rtol=0)


def test_digital_silence_is_no_voice_and_finite(net: SeparatorNet) -> None:
    mask, activity = answer(net, np.zeros((1, WINDOW_FRAMES, 257), np.complex64))

    assert torch.isfinite(mask).all()
    assert not activity.any()


def test_the_mask_hears_no_later_frames(net: SeparatorNet) -> None:
    heard = torch.view_as_real(torch.from_numpy(spectra(1)))
    changed = heard.clone()
    changed[:, 200:] *= -2.0

    with torch.no_grad():
        before, after = net.parting(heard)[:, :200], net.parting(changed)[:, :200]

    torch.testing.assert_close(before, after)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.filterwarnings("ignore:Exporting a model to ONNX with a batch_size:UserWarning")
@pytest.mark.filterwarnings("ignore:Constant folding:UserWarning")
def test_the_exported_net_equals_the_joined_one(net: SeparatorNet, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    export(net, write_card(RECIPE, "none", ()), path)
    expected_mask, expected_activity = answer(net, spectra(3))

    mask, activity = Separator(path).predict(spectra(3))

    np.testing.assert_allclose(mask, expected_mask.numpy(), atol=1e-4)
    np.testing.assert_allclose(activity, expected_activity.numpy(), atol=1e-4)


def test_nets_of_different_frames_are_not_joined() -> None:
    with pytest.raises(ValueError, match="1024"):
        SeparatorNet(VocalMask(VocalMaskConfig(n_fft=1024)), DualPathMask(), PartingConfig())


def test_another_graph_is_not_taken_for_the_published_one() -> None:
    with pytest.raises(ValueError, match=r"tiny_separator\.onnx is not the published graph"):
        read_published(DATA / "tiny_separator.onnx")
