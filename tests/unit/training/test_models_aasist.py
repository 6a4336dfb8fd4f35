"""AASIST: published sizes, any length, gradients, and the names of the official checkpoints."""

import numpy as np
import pytest
import torch

from training.models.aasist import (
    AASIST,
    AASIST_L,
    Aasist,
    AasistConfig,
    GraphPool,
    official_to_ours,
    sinc_filters,
)


@pytest.mark.parametrize(("config", "n_published"), [(AASIST, 297_866), (AASIST_L, 85_306)])
def test_it_has_as_many_weights_as_published(config: AasistConfig, n_published: int) -> None:
    assert sum(weights.numel() for weights in Aasist(config).parameters()) == n_published


def test_a_second_and_four_seconds_give_one_score_each() -> None:
    net = Aasist(AASIST_L).eval()
    with torch.inference_mode():
        assert net(torch.randn(2, 16_000, 1)).shape == (2,)
        assert net(torch.randn(1, 64_600, 1)).shape == (1,)
        assert net.classify(torch.randn(2, 16_000, 1)).shape == (2, 2)


def test_gradients_reach_every_weight_but_those_the_published_net_never_uses() -> None:
    torch.manual_seed(0)
    net = Aasist(AASIST_L)
    net(torch.randn(2, 16_000, 1)).sum().backward()
    unreached = [name for name, weights in net.named_parameters() if weights.grad is None]
    assert unreached
    assert all("unused_norm" in name for name in unreached)


def official_names() -> list[str]:
    """Return the entries of an official checkpoint (models/AASIST.py, class Model)."""

    def norm(name: str) -> list[str]:
        kinds = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
        return [f"{name}.{kind}" for kind in kinds]

    def linear(name: str) -> list[str]:
        return [f"{name}.weight", f"{name}.bias"]

    names = ["pos_S", "master1", "master2", *norm("first_bn"), *linear("out_layer")]
    for block in range(6):
        at = f"encoder.{block}.0"
        names += norm(f"{at}.bn1") if block else []
        names += [*linear(f"{at}.conv1"), *norm(f"{at}.bn2"), *linear(f"{at}.conv2")]
        names += linear(f"{at}.conv_downsample") if block in (0, 2) else []
    for graph in ("GAT_layer_S", "GAT_layer_T"):
        names += [f"{graph}.att_weight", *norm(f"{graph}.bn")]
        for part in ("att_proj", "proj_with_att", "proj_without_att"):
            names += linear(f"{graph}.{part}")
    for graph in ("ST11", "ST12", "ST21", "ST22"):
        at = f"HtrgGAT_layer_{graph}"
        names += norm(f"{at}.bn")
        names += [f"{at}.att_weight{kind}" for kind in ("11", "22", "12", "M")]
        for part in ("proj_type1", "proj_type2", "att_proj", "att_projM", "proj_with_att",
                     "proj_without_att", "proj_with_attM", "proj_without_attM"):  # fmt: skip
            names += linear(f"{at}.{part}")
    for pool in ("pool_S", "pool_T", "pool_hS1", "pool_hT1", "pool_hS2", "pool_hT2"):
        names += linear(f"{pool}.proj")
    return names


def test_official_names_are_ours_one_for_one() -> None:
    state = {name: torch.zeros(1) for name in official_names()}
    assert set(official_to_ours(state)) == set(Aasist(AASIST).state_dict())
    assert len(official_to_ours(state)) == len(state)


def test_filters_pass_their_own_band_only() -> None:
    gains = np.abs(np.fft.rfft(sinc_filters()[:, 0].numpy(), 4096, axis=1))
    hz = np.fft.rfftfreq(4096, 1 / 16_000)
    top_mel = 2595 * np.log10(1 + 8000 / 700)
    edges_hz = 700 * (10 ** (np.linspace(0, top_mel, 71) / 2595) - 1)
    wide = 60  # a wide band, though the window smears it
    inside = (hz > edges_hz[wide]) & (hz < edges_hz[wide + 1])
    far = (hz < edges_hz[wide] - 400) | (hz > edges_hz[wide + 1] + 400)
    assert gains[wide, inside].max() > 0.7
    assert gains[wide, far].max() < 0.02


def test_a_pool_keeps_the_best_nodes_and_scales_them() -> None:
    pool = GraphPool(width=2, kept=0.5).eval()
    with torch.no_grad():
        pool.to_score.weight.copy_(torch.tensor([[1.0, 0.0]]))
        pool.to_score.bias.zero_()
    nodes = torch.tensor([[[0.0, 1.0], [2.0, 1.0], [1.0, 1.0], [-1.0, 1.0]]])
    kept = pool(nodes)[0]
    share = torch.sigmoid(torch.tensor([2.0, 1.0]))
    torch.testing.assert_close(kept[:, 1], share)
