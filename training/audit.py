"""Audit: how well do things that are not the voice tell the classes apart?

An AUC far from 0.5 is a shortcut that a detector may learn. "After" is what training sees: edges
trimmed, offset removed, one level, and every utterance through some codec of the web or a
degradation (a web copy).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import scipy.signal
import soundfile
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray, Label
from training.codec_history import codec_cues, codec_history
from training.feature_cache import make_waveforms, read_speech, trim_edges, web_copy
from training.manifests import Utterance
from training.metrics import Scores, auc
from training.splits import group_name
from training.validation_conditions import spread

SAMPLE_RATE = 16_000
TRAINING_RMS = 0.05
CROP_S = 1.0  # training sees crops of one length
WEB_SEED = 41  # a copy of the audit's own
HISTORY_SEED = 42  # another one: the codec detector is trained on it

OnProgress = Callable[[int, int], None]


def _level_db(samples: FloatArray) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1e-12))


def _peak_db(samples: FloatArray) -> float:
    return float(20 * np.log10(np.abs(samples).max() + 1e-6))


def _edge_silence_s(samples: FloatArray) -> float:
    return float((len(samples) - len(trim_edges(samples))) / SAMPLE_RATE)


def _bandwidth_hz(samples: FloatArray) -> float:
    """Return the frequency under which 99.9 % of the power lies."""
    hz, power = scipy.signal.welch(samples, SAMPLE_RATE, nperseg=min(1024, len(samples)))
    summed = np.cumsum(power) / (power.sum() + 1e-20)
    return float(hz[min(int(np.searchsorted(summed, 0.999)), len(hz) - 1)])


def _floor_db(samples: FloatArray) -> float:
    """Return the quietest 5 % of frames under the utterance's level."""
    n_frames = max(1, len(samples) // 320)
    power = (np.resize(samples, n_frames * 320).reshape(n_frames, 320) ** 2).mean(axis=1)
    return float(10 * np.log10(np.quantile(power, 0.05) + 1e-12)) - _level_db(samples)


def _bit_depth(samples: FloatArray) -> float:
    """Return the bits that the samples use: fewer where their lowest ones are always 0."""
    steps = np.abs(np.round(samples.astype(np.float64) * 32768)).astype(np.int64)
    steps = steps[steps > 0]
    if not len(steps):
        return 0.0
    return float(16 - np.log2(np.bitwise_or.reduce(steps) & -np.bitwise_or.reduce(steps)))


MEASURES: Mapping[str, Callable[[FloatArray], float]] = MappingProxyType(
    {
        "length, s": lambda samples: len(samples) / SAMPLE_RATE,
        "edge silence, s": _edge_silence_s,
        "level, dB": _level_db,
        "peak, dB": _peak_db,
        "bandwidth, Hz": _bandwidth_hz,
        "noise floor under the level, dB": _floor_db,
        "offset": lambda samples: float(abs(samples.mean())),
        "bit depth": _bit_depth,
    }
)
CODEC_HISTORY = "codec history"
CODEC_HISTORY_MADE = "codec history, learned from speech that was made here"
MADE = "made"  # source of synthetic speech that was made for the corpus: surely never compressed


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One thing that is not the voice, and how well it tells the classes apart."""

    name: str
    auc_before: float  # 0.5 to 1, either way round
    auc_after: float


def audit_lines(
    utterances: Sequence[Utterance],
    most: int,
    on_progress: OnProgress = lambda _, __: None,
) -> list[str]:
    """Return a Markdown table: AUC of each measure, as it is and after preparation.

    Args:
        utterances: both classes.
        most: utterances that are measured, spread over sources and systems.
        on_progress: told how many of how many steps are done.
    """
    chosen = [utterances[place] for place in spread(utterances, most)]
    shortcuts, codec_aucs = find_shortcuts(chosen, on_progress)
    n_genuine = sum(row.label is Label.BONAFIDE for row in chosen)
    return [
        *table_lines(shortcuts),
        "",
        f"{n_genuine} genuine and {len(chosen) - n_genuine} synthetic utterances. How well the codec "
        "detectors tell coded copies from originals of sources that they never met (AUC): "
        + ", ".join(f"{name} {value:.2f}" for name, value in codec_aucs.items())
        + ". The first is a lower bound of the shortcut, one learned from made speech an upper one.",
    ]


def table_lines(shortcuts: Sequence[Shortcut]) -> list[str]:
    """Return the Markdown table of shortcuts."""
    return [
        "| measure | AUC as it is | AUC after preparation |",
        "|---|---|---|",
        *(f"| {one.name} | {one.auc_before:.2f} | {one.auc_after:.2f} |" for one in shortcuts),
    ]


def find_shortcuts(
    utterances: Sequence[Utterance], on_progress: OnProgress = lambda _, __: None
) -> tuple[tuple[Shortcut, ...], dict[str, float]]:
    """Return every shortcut, and how well the codec detectors know codecs (AUC), by name."""
    total = 2 * len(utterances)
    genuine = np.array([row.label is Label.BONAFIDE for row in utterances])
    source = [group_name(row) for row in utterances]
    before: list[list[float]] = []
    plain: list[Scores] = []
    for done, row in enumerate(utterances):
        samples, _ = soundfile.read(row.path, dtype="float32")
        before.append([measure(samples) for measure in MEASURES.values()])
        plain.append(codec_cues(read_speech(row.path)))
        on_progress(done + 1, total)
    after: list[list[float]] = []
    prepared: list[Scores] = []
    for done, samples in enumerate(make_waveforms(utterances, web_copy(WEB_SEED))):
        seen = _as_trained(samples)
        after.append([measure(seen) for measure in MEASURES.values()])
        prepared.append(codec_cues(samples))
        on_progress(len(utterances) + done + 1, total)
    coded = [codec_cues(samples) for samples in make_waveforms(utterances, web_copy(HISTORY_SEED))]
    made = [row.source == MADE for row in utterances]
    names = {CODEC_HISTORY: [True] * len(utterances)}
    if len({name for name, was_made in zip(source, made, strict=True) if was_made}) > 1:
        names[CODEC_HISTORY_MADE] = made
    histories = {
        name: codec_history(plain, coded, prepared, source, learned)
        for name, learned in names.items()
    }
    shortcuts = [
        Shortcut(name, _apart(of_before, genuine), _apart(of_after, genuine))
        for name, of_before, of_after in zip(
            MEASURES, np.array(before).T, np.array(after).T, strict=True
        )
    ]
    shortcuts += [
        Shortcut(name, _apart(one.score, genuine), _apart(one.prepared_score, genuine))
        for name, one in histories.items()
    ]
    return tuple(shortcuts), {name: one.codec_auc for name, one in histories.items()}


def _as_trained(samples: FloatArray) -> FloatArray:
    """Return the first second at the level that training uses."""
    crop = np.resize(samples, max(len(samples), SAMPLE_RATE))[: int(CROP_S * SAMPLE_RATE)]
    crop = crop - crop.mean()
    rms = float(np.sqrt(np.mean(crop**2)))
    return np.asarray(crop * np.float32(TRAINING_RMS / (rms + 1e-9)), dtype=np.float32)


def _apart(values: Scores, genuine: NDArray[np.bool_]) -> float:
    """Return the AUC of a measure for the label, either way round; 0.5 = tells nothing."""
    area = auc(values[genuine], values[~genuine])
    return max(area, 1 - area)
