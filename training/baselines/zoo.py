"""Zoo: the baseline models by name, and the (front end x model) rows of the published table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from torch import Tensor, nn

from pipeline.errors import InputError
from pipeline.frontends import FRONT_ENDS
from pipeline.vocabulary import FloatArray
from training.models.aasist import AASIST, AASIST_L, Aasist
from training.models.alexnet import AlexNet, AlexNetConfig
from training.models.ann import Ann, AnnConfig
from training.models.cnn import Cnn, CnnConfig
from training.models.resnet import ResNet, ResNetConfig
from training.models.scaled_features import (
    FRONT_ENDS_USED,
    Classifier,
    Flags,
    ScaledFeatures,
    ScaledFeaturesConfig,
    Scores,
)
from training.models.statistics_svm import StatisticsSvm, SvmConfig
from training.models.vgg import Vgg, VggConfig
from training.models.vit import Vit, VitConfig

WAVEFORM = "waveform"
SCALED = "scaled"  # stands for the five front ends of the scaled-features classifier
PATCH_FRAMES = 8
WAVEFORM_PATCH = 400  # samples, 25 ms


class StatisticsModel(Protocol):
    """A model of one row of statistics a window."""

    def fit(self, statistics: FloatArray, is_bonafide: Flags, weights: Scores) -> None:
        """Fit the model."""

    def score(self, statistics: FloatArray) -> Scores:
        """Return CM scores (n,)."""


@dataclass(frozen=True, slots=True)
class NetPlan:
    """How a net is made for features of some shape, and how fast it learns."""

    make: Callable[[int, int], nn.Module]  # from n_frames, n_values
    learning_rate: float = 1e-3
    # torchvision's weight file without its checksum, and the prefix of the entries that are used
    weights_stem: str = ""
    weights_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """One row of the table."""

    front_end: str
    model: str

    @property
    def front_ends(self) -> tuple[str, ...]:
        """Return the front ends whose features the model gets."""
        return FRONT_ENDS_USED if self.front_end == SCALED else (self.front_end,)

    @property
    def name(self) -> str:
        """Return the name of its files."""
        return f"{self.front_end}-{self.model}"


class ScoreOnly(nn.Module):
    """The shipped ViT as a net that returns its score alone."""

    def __init__(self, vit: Vit) -> None:
        """Wrap a ViT."""
        super().__init__()
        self.vit = vit

    def forward(self, frames: Tensor) -> Tensor:
        """Return CM scores (n,) of features (n, n_frames, n_values)."""
        score: Tensor = self.vit(frames)[0]
        return score


def make_vit(n_frames: int, n_values: int) -> nn.Module:
    """Return the project's plain ViT for features of this shape."""
    patch = WAVEFORM_PATCH if n_values == 1 else PATCH_FRAMES
    return ScoreOnly(
        Vit(
            VitConfig(
                n_frames=n_frames // patch * patch,
                n_values=n_values,
                patch_frames=patch,
                width=128,
                mlp_width=256,
            )
        )
    )


NETS: Mapping[str, NetPlan] = MappingProxyType(
    {
        "ann": NetPlan(lambda _, n_values: Ann(AnnConfig(n_values))),
        "cnn": NetPlan(lambda _, n_values: Cnn(CnnConfig(n_values))),
        "vit": NetPlan(make_vit),
        "resnet18": NetPlan(
            lambda _, n_values: ResNet(ResNetConfig(n_values, depth=18)), 1e-3, "resnet18"
        ),
        "resnet101": NetPlan(
            lambda _, n_values: ResNet(ResNetConfig(n_values, depth=101)), 3e-4, "resnet101"
        ),
        "vgg11": NetPlan(
            lambda _, n_values: Vgg(VggConfig(n_values)), 3e-4, "vgg11_bn", "features."
        ),
        "alexnet": NetPlan(
            lambda _, n_values: AlexNet(AlexNetConfig(n_values)), 3e-4, "alexnet-owt", "features."
        ),
        "aasist": NetPlan(lambda _, __: Aasist(AASIST)),
        "aasist_l": NetPlan(lambda _, __: Aasist(AASIST_L)),
    }
)
STATISTICS_MODELS: Mapping[str, Callable[[int], StatisticsModel]] = MappingProxyType(
    {
        "svm": lambda _: StatisticsSvm(SvmConfig()),
        "mlp": lambda seed: ScaledFeatures(ScaledFeaturesConfig(Classifier.MLP, seed=seed)),
        "logistic": lambda seed: ScaledFeatures(
            ScaledFeaturesConfig(Classifier.LOGISTIC, seed=seed)
        ),
    }
)
ON_WAVEFORM_ONLY = ("aasist", "aasist_l")

# The rows of the published table; cheap ones first, so that a broken run has most of them.
TABLE_ROWS: tuple[Baseline, ...] = (
    *(
        Baseline(front_end, "svm")
        for front_end in ("lfcc", "mfcc", "log_mel", "log_spectrum", "cqt", "phase")
    ),
    Baseline(SCALED, "mlp"),
    Baseline(SCALED, "logistic"),
    *(
        Baseline(front_end, "ann")
        for front_end in ("lfcc", "mfcc", "log_mel", "log_spectrum", "cqt", "phase")
    ),
    *(
        Baseline(front_end, "vit")
        for front_end in ("log_mel", "phase", "lfcc", "log_spectrum", "mfcc", "cqt", WAVEFORM)
    ),
    *(Baseline(front_end, "cnn") for front_end in ("log_mel", "phase", "lfcc", "cqt")),
    Baseline(WAVEFORM, "aasist_l"),
    Baseline(WAVEFORM, "aasist"),
    Baseline("log_mel", "alexnet"),
    Baseline("log_mel", "vgg11"),
    Baseline("log_mel", "resnet101"),
)


def checked(baseline: Baseline) -> Baseline:
    """Return a row that can be run.

    Raises:
        InputError: there is no such front end or model, or they do not go together.
    """
    model, front_end = baseline.model, baseline.front_end
    models = sorted([*NETS, *STATISTICS_MODELS])
    if model not in models:
        raise InputError(f"there is no model {model!r}; known are: {', '.join(models)}")
    front_ends = sorted([*FRONT_ENDS, SCALED])
    if front_end not in front_ends:
        raise InputError(f"there is no front end {front_end!r}; known are: {', '.join(front_ends)}")
    on_waveform = front_end == WAVEFORM
    if (
        (model in ON_WAVEFORM_ONLY and not on_waveform)
        or (on_waveform and model not in (*ON_WAVEFORM_ONLY, "vit"))
        or (front_end == SCALED and model in NETS)
    ):
        raise InputError(
            f"the model {model!r} does not take the front end {front_end!r}: AASIST and the ViT "
            f"take {WAVEFORM!r}, all but AASIST take spectra, and {SCALED!r} goes with svm, mlp "
            "and logistic"
        )
    return baseline
