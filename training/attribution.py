"""Attribution: which known system a synthetic clip is most like, open set; "unknown" is an answer.

Known are the systems with enough clips in the open folds, and one class for genuine speech after any
neural codec ("processed by a neural codec", not plain spoof). Everything else is outside: the many
systems with a few demo clips each, and genuine speech. A name is given by the mean margin over the
clip's segments. How well it works, `training.attribution_figures` measures.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray, IntArray, Label
from training.manifests import Utterance
from training.models.system_head import HeadConfig, SystemHead, SystemSpace, fit_head
from training.segment_scores import training_statistics
from training.splits import group_name, split_release, system_name

SMALLEST_SYSTEM = 30  # clips in the open folds from which a system is known
# Systems of which, with other voices held out, hardly a clip finds its name (festival 11 %, flite
# 0 %), while strangers are given it: their columns know voices. They stay outside.
NOT_NAMED = ("festival", "flite")
CODEC = "codec"
OTHER = "other"  # systems with few clips
GENUINE = "bonafide"
OUTSIDE = (OTHER, GENUINE)
UTTERANCE_HOP = 0  # statistics as the product cuts: a second

# What makes the waveform, as the systems' publications say; a system that is not here has no family.
FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "gan vocoder": (
            "hifigan", "parallel-wavegan", "melgan", "univnet", "fb-melgan", "bigvgan",
            "mb-melgan", "bighifigan", "hubert-hifigan", "istftnet", "qppwg", "style-melgan",
            "universal-melgan", "vocos", "fastspeech2-mbmelgan", "lightspeech-mbmelgan", "vits",
            "piper", "kokoro", "quickvc", "lvc_vc", "hierspeechpp",
        ),
        "flow vocoder": (
            "waveglow", "waveflow", "flowavenet", "nanoflow", "clarinet", "flowvocoder",
        ),
        "autoregressive vocoder": (
            "wavenet", "wavernn", "sc-wavernn", "lpcnet", "qpnet", "tacotron2-wavenet",
            "wavenet-uncond",
        ),
        "diffusion vocoder": ("diffwave", "wavegrad", "wavegrad2", "fastdiff"),
        "phase reconstruction": ("griffinlim", "tacotron2-griffinlim"),
        "parametric vocoder": ("world", "festival", "flite", "codec2"),
        "neural codec": (CODEC,),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clips:
    """Segments' statistics of clips under several conditions; one entry a segment."""

    statistics: FloatArray  # (n, 400)
    owner: IntArray  # (n,) which utterance
    condition: NDArray[np.str_]  # (n,)


@dataclass(frozen=True, slots=True)
class NamedClips:
    """What a head says of clips; one entry a clip and condition."""

    owner: IntArray
    condition: NDArray[np.str_]
    best: NDArray[np.str_]  # the best known system
    margin: NDArray[np.float64]  # over the best outside column

    def under(self, condition: str) -> "NamedClips":
        """Return the clips of one condition."""
        kept = self.condition == condition
        return NamedClips(
            self.owner[kept], self.condition[kept], self.best[kept], self.margin[kept]
        )


def read_clips(
    utterances: Sequence[Utterance], cache: Path, copies: Sequence[tuple[str, str]]
) -> Clips:
    """Return the statistics of all usable utterances under each (condition, name of a copy)."""
    rows = np.flatnonzero(usable(utterances))
    parts = [training_statistics(rows, cache, name, UTTERANCE_HOP) for _, name in copies]
    return Clips(
        np.concatenate([part[0] for part in parts]).astype(np.float32),
        np.concatenate([part[1] for part in parts]),
        np.repeat([condition for condition, _ in copies], [len(part[1]) for part in parts]),
    )


def usable(utterances: Sequence[Utterance]) -> NDArray[np.bool_]:
    """Return which utterances a release may be trained on: nothing of the closed fold's systems."""
    paths = {row.path for row in split_release(utterances).train}
    return np.array([row.path in paths for row in utterances])


def known_systems(utterances: Sequence[Utterance]) -> tuple[str, ...]:
    """Return the names of systems with enough usable clips, in order, the codec class among them."""
    is_usable = usable(utterances)
    counts = Counter(
        attribution_class(row) for row, used in zip(utterances, is_usable, strict=True) if used
    )
    return tuple(
        sorted(
            name
            for name, n in counts.items()
            if n >= SMALLEST_SYSTEM and name not in (GENUINE, *NOT_NAMED)
        )
    )


def attribution_class(row: Utterance) -> str:
    """Return the clip's system, `codec`, or `bonafide`."""
    if row.label is Label.BONAFIDE:
        return GENUINE
    return CODEC if row.is_codec else system_name(row)


def family_of(system: str) -> str:
    """Return what makes a system's waveform, "" where that is not known."""
    return next((family for family, names in FAMILIES.items() if system in names), "")


def fit_systems(
    clips: Clips,
    utterances: Sequence[Utterance],
    systems: Sequence[str],
    is_trained: NDArray[np.bool_],
    config: HeadConfig,
) -> SystemHead:
    """Return a head for these systems, fitted on the clips of the utterances that are chosen.

    Args:
        clips: of the usable utterances.
        utterances: the whole manifest.
        systems: the known columns; what is none of them is outside.
        is_trained: (n_utterances,).
        config: of the head.
    """
    named = [attribution_class(row) for row in utterances]
    class_of = np.array([n if n in (*systems, GENUINE) else OTHER for n in named])
    chosen = is_trained[clips.owner]
    owner = clips.owner[chosen]
    group = np.array([group_name(row) for row in utterances])[owner]
    _, inverse, count = np.unique(group, return_inverse=True, return_counts=True)
    weights = count[inverse].astype(np.float64) ** -0.5
    columns = (*systems, *OUTSIDE)
    return fit_head(clips.statistics[chosen], class_of[owner], columns, weights, config)


def name_clips(
    head: SystemHead, clips: Clips, systems: Sequence[str], is_asked: NDArray[np.bool_]
) -> NamedClips:
    """Return what the head says of the utterances that are chosen, segments averaged."""
    owner, condition, mean = mean_columns(head, clips, is_asked)
    n_known = len(systems)
    best = mean[:, :n_known].argmax(axis=1)
    margin = mean[:, :n_known].max(axis=1) - mean[:, n_known:].max(axis=1)
    return NamedClips(owner, condition, np.array(systems)[best], margin)


def mean_columns(
    head: SystemHead | SystemSpace, clips: Clips, is_asked: NDArray[np.bool_]
) -> tuple[IntArray, NDArray[np.str_], NDArray[np.float64]]:
    """Return utterance, condition and mean columns of each clip asked for."""
    asked = np.flatnonzero(is_asked[clips.owner])
    with torch.inference_mode():
        columns = head.of_statistics(torch.from_numpy(clips.statistics[asked])).numpy()
    keys = np.char.add(np.char.add(clips.owner[asked].astype(str), "|"), clips.condition[asked])
    _, first, place, count = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    total = np.zeros((len(count), columns.shape[1]))
    np.add.at(total, place, columns)
    rows = asked[first]
    return clips.owner[rows], clips.condition[rows], total / count[:, None]
