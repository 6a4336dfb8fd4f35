"""The mask net: its answer, its export, its training loop."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.model_card import SeparatorCard
from pipeline.overlap_add import analyse_frames
from pipeline.separate import Separator
from training.mask_pools import Pool

pytest.importorskip("torch", reason="training needs the extra `torch`")

import torch

from training.fit_mask import fit, register, write_card
from training.mask_export import export
from training.mask_loss import losses_of, spectrum_of
from training.models.vocal_mask import VocalMask, VocalMaskConfig
from training.recipes.vocal_mask import RECIPE, WINDOW_FRAMES, VocalMaskRecipe

TINY = VocalMaskConfig(channels=(4, 4, 8, 8), hidden=16, dilations=(1, 2))


def magnitudes(n: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, WINDOW_FRAMES, 257, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def net() -> VocalMask:
    torch.manual_seed(1)
    return VocalMask(TINY).eval()


@pytest.fixture(scope="module")
def tiny_recipe() -> VocalMaskRecipe:
    mixtures = replace(RECIPE.mixtures, voice_share=1.0)
    return replace(RECIPE, net=TINY, mixtures=mixtures, n_steps=4, batch_size=2, bfloat16=False)


@pytest.fixture(scope="module")
def pool() -> Pool:
    row = np.random.default_rng(0).integers(-3000, 3000, 200_000).astype(np.int16)
    starts, lengths = np.array([0, 100_000]), np.array([100_000, 100_000])
    return Pool("noise", (row,), starts, lengths)


def test_mask_and_activity_are_shares_of_the_right_shape(net: VocalMask) -> None:
    with torch.no_grad():
        mask, activity = net(magnitudes(3))

    assert mask.shape == (3, WINDOW_FRAMES, 257)
    assert activity.shape == (3, WINDOW_FRAMES)
    assert 0 <= float(mask.min()) <= float(mask.max()) <= 1
    assert 0 <= float(activity.min()) <= float(activity.max()) <= 1


def test_the_answer_does_not_depend_on_the_level(net: VocalMask) -> None:
    with torch.no_grad():
        loud, quiet = net(magnitudes(2)), net(magnitudes(2) * 0.01)

    torch.testing.assert_close(loud, quiet, atol=1e-4, rtol=0)


def test_digital_silence_is_no_voice_and_finite(net: VocalMask) -> None:
    with torch.no_grad():
        mask, activity = net(torch.zeros(1, WINDOW_FRAMES, 257))

    assert torch.isfinite(mask).all()
    assert not activity.any()


def test_the_activity_alone_is_that_beside_the_mask(net: VocalMask) -> None:
    with torch.no_grad():
        alone, beside = net.activity(magnitudes(2)), net(magnitudes(2))[1]

    torch.testing.assert_close(alone, beside)


def test_neighbours_in_a_batch_change_nothing(net: VocalMask) -> None:
    with torch.no_grad():
        alone, beside = net(magnitudes(3)[:1]), net(magnitudes(3))

    torch.testing.assert_close(alone[0], beside[0][:1], atol=1e-5, rtol=0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_the_exported_net_equals_the_trained_one(net: VocalMask, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    export(net, write_card(replace(RECIPE, net=TINY), "none", ()), path)
    expected_mask, expected_activity = net(magnitudes(3))

    mask, activity = Separator(path).predict(magnitudes(3).numpy().astype(np.complex64))

    np.testing.assert_allclose(mask, expected_mask.detach().numpy(), atol=1e-4)
    np.testing.assert_allclose(activity, expected_activity.detach().numpy(), atol=1e-4)


def test_a_card_of_another_net_is_not_written(net: VocalMask, tmp_path: Path) -> None:
    card: SeparatorCard = write_card(RECIPE, "none", ()).model_copy(update={"n_fft": 1024})

    with pytest.raises(ValueError, match="1024"):
        export(net, card, tmp_path / "net.onnx")


def test_training_hears_the_same_spectrum_as_inference() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 65_792).astype(np.float32)

    trained = spectrum_of(torch.from_numpy(samples[None]), 512)[0].numpy()

    np.testing.assert_allclose(trained, analyse_frames(samples, 512, 256), atol=1e-4)


def test_the_loss_falls_when_the_mask_gets_better() -> None:
    class Wide(torch.nn.Module):
        def __init__(self, logit: float) -> None:
            super().__init__()
            self.logit = logit

        def forward(self, magnitude: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return torch.full_like(magnitude, self.logit), torch.zeros(magnitude.shape[:2])

    voice = torch.randn(2, 65_792, generator=torch.Generator().manual_seed(0))
    is_voiced = torch.ones(2, WINDOW_FRAMES)

    open_mask = losses_of(Wide(4.0), voice, voice, is_voiced, RECIPE).total(0.1)
    shut_mask = losses_of(Wide(-4.0), voice, voice, is_voiced, RECIPE).total(0.1)

    assert open_mask < shut_mask


def test_the_same_seed_gives_the_same_net(
    tiny_recipe: VocalMaskRecipe, pool: Pool, tmp_path: Path
) -> None:
    first = fit(tiny_recipe, pool, (pool,), tmp_path / "first.pt")
    second = fit(tiny_recipe, pool, (pool,), tmp_path / "second.pt")

    torch.testing.assert_close(first.state_dict(), second.state_dict())


def test_a_run_that_was_stopped_ends_like_one_that_was_not(
    tiny_recipe: VocalMaskRecipe, pool: Pool, tmp_path: Path
) -> None:
    whole = fit(replace(tiny_recipe, save_every=100), pool, (pool,), tmp_path / "whole.pt")
    fit(replace(tiny_recipe, save_every=2), pool, (pool,), tmp_path / "half.pt", until_step=2)

    resumed = fit(tiny_recipe, pool, (pool,), tmp_path / "half.pt")

    torch.testing.assert_close(resumed.state_dict(), whole.state_dict())


def test_registering_leaves_other_models_alone(tmp_path: Path) -> None:
    (tmp_path / "models.json").write_text('{"other": {"file": "other.onnx"}}')
    model = tmp_path / "mask.onnx"
    model.write_bytes(b"net")

    register(model, "mask")

    entries = json.loads((tmp_path / "models.json").read_text())
    assert entries["other"] == {"file": "other.onnx"}
    assert entries["mask"]["sha256"] == hashlib.sha256(b"net").hexdigest()
    assert entries["mask"]["role"] == "separator"
