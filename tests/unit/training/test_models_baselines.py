"""The baseline nets: shapes, sizes, gradients, names of published weights, learning something."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.errors import ModelMismatchError, ModelNotFoundError
from training.baselines.zoo import NETS
from training.models.alexnet import AlexNet, AlexNetConfig
from training.models.cnn import Cnn, CnnConfig
from training.models.feature_picture import (
    FeaturePicture,
    find_photograph_weights,
    load_photograph_weights,
)
from training.models.resnet import ResNetBackbone
from training.models.scaled_features import Classifier, ScaledFeatures, ScaledFeaturesConfig
from training.models.statistics_svm import StatisticsSvm, SvmConfig, mean_and_deviation
from training.models.vgg import Vgg, VggConfig

PICTURE_NETS = [name for name in NETS if not name.startswith("aasist")]
LIGHT_NETS = ["ann", "cnn", "vit", "resnet18", "alexnet"]


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("name", PICTURE_NETS)
def test_a_net_gives_one_score_a_segment(name: str) -> None:
    torch.manual_seed(0)
    net = NETS[name].make(101, 80).eval()
    with torch.inference_mode():
        assert net(torch.randn(3, 101, 80)).shape == (3,)


@pytest.mark.parametrize("name", LIGHT_NETS)
def test_a_segment_has_the_same_score_whatever_stands_beside_it(name: str) -> None:
    torch.manual_seed(0)
    net = NETS[name].make(101, 80).eval()
    frames = torch.randn(3, 101, 80)
    with torch.inference_mode():
        torch.testing.assert_close(net(frames)[1:2], net(frames[1:2]), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", LIGHT_NETS)
def test_gradients_reach_every_weight(name: str) -> None:
    torch.manual_seed(0)
    net = NETS[name].make(101, 80)
    net(torch.randn(4, 101, 80)).pow(2).sum().backward()
    assert [key for key, value in net.named_parameters() if value.grad is None] == []


def test_backbones_have_the_published_sizes() -> None:
    # torchvision's documented counts, less the linear layers for 1 000 kinds of photographs
    assert count(ResNetBackbone(18)) == 11_689_512 - 1000 * 513
    assert count(ResNetBackbone(50)) == 25_557_032 - 1000 * 2049
    assert count(ResNetBackbone(101)) == 44_549_160 - 1000 * 2049
    wide = 4096 * 4097 + 1000 * 4097
    vgg, alexnet = Vgg(VggConfig(n_values=80)), AlexNet(AlexNetConfig(n_values=80))
    assert count(vgg.backbone) == 132_868_840 - 4096 * (25_088 + 1) - wide
    assert count(alexnet.backbone) == 61_100_840 - 4096 * (9216 + 1) - wide


def write_weights(folder: Path, state: dict[str, torch.Tensor]) -> Path:
    """Write a weight file whose name ends in its checksum, as torchvision's do."""
    part = folder / "part"
    torch.save(state, part)
    path = folder / f"net-{hashlib.sha256(part.read_bytes()).hexdigest()[:8]}.pth"
    part.rename(path)
    return path


def test_photograph_weights_load_from_a_local_file(tmp_path: Path) -> None:
    source, target = (AlexNet(AlexNetConfig(n_values=80)).backbone for _ in range(2))
    state = {f"features.{name}": value for name, value in source.state_dict().items()}
    path = write_weights(tmp_path, {**state, "classifier.1.weight": torch.zeros(2, 2)})
    assert load_photograph_weights(target, path, "features.") == 10
    torch.testing.assert_close(target.state_dict(), source.state_dict())


def test_resnet_weights_load_under_their_published_names(tmp_path: Path) -> None:
    backbone = ResNetBackbone(18)
    names = set(backbone.state_dict())
    assert {"conv1.weight", "bn1.running_mean", "layer2.0.downsample.0.weight"} <= names
    assert {"layer4.1.conv2.weight", "layer1.0.bn2.bias"} <= names
    path = write_weights(tmp_path, {**backbone.state_dict(), "fc.weight": torch.zeros(2, 2)})
    assert load_photograph_weights(ResNetBackbone(18), path, "") == len(names)


def test_weights_that_are_not_what_their_name_says_are_refused(tmp_path: Path) -> None:
    path = write_weights(tmp_path, {})
    renamed = path.rename(tmp_path / "alexnet-owt-7be5be79.pth")
    with pytest.raises(ModelMismatchError, match="checksum"):
        load_photograph_weights(AlexNet(AlexNetConfig(80)).backbone, renamed, "features.")


def test_weights_of_another_net_are_refused(tmp_path: Path) -> None:
    path = write_weights(tmp_path, {"features.0.weight": torch.zeros(64, 3, 11, 11)})
    with pytest.raises(ModelMismatchError, match="another net"):
        load_photograph_weights(AlexNet(AlexNetConfig(80)).backbone, path, "features.")


def test_weights_are_found_by_the_name_before_their_checksum(tmp_path: Path) -> None:
    for name in ("vgg11-8a719046.pth", "vgg11_bn-6002323d.pth"):
        (tmp_path / name).touch()
    assert find_photograph_weights(tmp_path, "vgg11") == tmp_path / "vgg11-8a719046.pth"
    assert find_photograph_weights(tmp_path, "vgg11_bn") == tmp_path / "vgg11_bn-6002323d.pth"
    assert find_photograph_weights(tmp_path, "alexnet-owt") is None


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"alexnet-owt-7be5be79\.pth"):
        load_photograph_weights(nn.Linear(1, 1), tmp_path / "alexnet-owt-7be5be79.pth", "")


def test_the_picture_gives_each_value_its_own_unit() -> None:
    picture = FeaturePicture(2)
    frames = torch.randn(64, 50, 2) * torch.tensor([1.0, 500.0]) + torch.tensor([3.0, -90.0])
    values = picture(frames)
    assert values.shape == (64, 3, 50, 2)
    torch.testing.assert_close(values[:, 0].std(dim=(0, 1)), torch.ones(2), atol=0.05, rtol=0)


def test_six_values_a_frame_are_enough_for_the_cnn() -> None:
    assert Cnn(CnnConfig(n_values=6)).eval()(torch.zeros(2, 101, 6)).shape == (2,)


def make_two_kinds(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features (n, 20, 6) whose deviation tells the classes apart, and the classes."""
    random = np.random.default_rng(seed)
    is_bonafide = random.random(n) < 0.3
    width = np.where(is_bonafide, 1.0, 2.0)[:, None, None]
    return (random.standard_normal((n, 20, 6)) * width).astype(np.float32), is_bonafide


@pytest.mark.parametrize(
    "model",
    [
        StatisticsSvm(SvmConfig()),
        ScaledFeatures(ScaledFeaturesConfig(Classifier.MLP)),
        ScaledFeatures(ScaledFeaturesConfig(Classifier.LOGISTIC)),
    ],
    ids=["svm", "mlp", "logistic"],
)
def test_a_statistics_model_scores_bona_fide_above_zero(
    model: StatisticsSvm | ScaledFeatures,
) -> None:
    frames, is_bonafide = make_two_kinds(400, seed=1)
    weights = np.where(is_bonafide, 1 / is_bonafide.mean(), 1 / (~is_bonafide).mean())
    model.fit(mean_and_deviation(frames), is_bonafide, weights)
    frames, is_bonafide = make_two_kinds(200, seed=2)
    scores = model.score(mean_and_deviation(frames))
    assert np.mean((scores > 0) == is_bonafide) > 0.95


def test_a_classifier_that_is_sure_still_has_finite_scores() -> None:
    statistics = np.array([[-100.0], [-90.0], [90.0], [100.0]] * 20, dtype=np.float32)
    is_bonafide = statistics[:, 0] > 0
    model = ScaledFeatures(ScaledFeaturesConfig(Classifier.LOGISTIC))
    model.fit(statistics, is_bonafide, np.ones(80))
    assert np.isfinite(model.score(statistics * np.float32(1e6))).all()
