"""Audit: how well do things that are not the voice tell the classes apart?

An AUC far from 0.5 is a shortcut that a detector may learn; "after" is what training sees: edges
trimmed, offset removed, one level.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import scipy.signal
import soundfile

from pipeline.vocabulary import FloatArray, Label
from training.feature_cache import read_speech, trim_edges
from training.manifests import Utterance
from training.metrics import auc

SAMPLE_RATE = 16_000


def _level_db(samples: FloatArray) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1e-12))


def _peak_db(samples: FloatArray) -> float:
    return float(20 * np.log10(np.abs(samples).max() + 1e-6))


def _edge_silence_s(samples: FloatArray) -> float:
    return float((len(samples) - len(trim_edges(samples))) / SAMPLE_RATE)


def _bandwidth_hz(samples: FloatArray) -> float:
    """Return the frequency under which 99.9 % of the power lies."""
    hz, power = scipy.signal.welch(samples, SAMPLE_RATE, nperseg=1024)
    summed = np.cumsum(power) / (power.sum() + 1e-20)
    return float(hz[int(np.searchsorted(summed, 0.999))])


def _floor_db(samples: FloatArray) -> float:
    """Return the quietest 5 % of frames under the utterance's level."""
    n_frames = max(1, len(samples) // 320)
    power = (np.resize(samples, n_frames * 320).reshape(n_frames, 320) ** 2).mean(axis=1)
    return float(10 * np.log10(np.quantile(power, 0.05) + 1e-12)) - _level_db(samples)


MEASURES: Mapping[str, Callable[[FloatArray], float]] = MappingProxyType(
    {
        "length, s": lambda samples: len(samples) / SAMPLE_RATE,
        "edge silence, s": _edge_silence_s,
        "level, dB": _level_db,
        "peak, dB": _peak_db,
        "bandwidth, Hz": _bandwidth_hz,
        "noise floor under the level, dB": _floor_db,
        "offset": lambda samples: float(abs(samples.mean())),
    }
)


def audit_lines(utterances: Sequence[Utterance]) -> list[str]:
    """Return a Markdown table: AUC of each measure, as it is and after preparation."""
    before: dict[str, dict[Label, list[float]]] = {name: {} for name in MEASURES}
    after: dict[str, dict[Label, list[float]]] = {name: {} for name in MEASURES}
    for row in utterances:
        if row.is_codec:
            continue
        samples, _ = soundfile.read(row.path, dtype="float32")
        prepared = read_speech(row.path)
        prepared = prepared * np.float32(0.05 / (np.sqrt(np.mean(prepared**2)) + 1e-9))
        for name, measure in MEASURES.items():
            before[name].setdefault(row.label, []).append(measure(samples))
            after[name].setdefault(row.label, []).append(measure(prepared))
    lines = ["| measure | AUC as it is | AUC after preparation |", "|---|---|---|"]
    for name in MEASURES:
        values = [
            max(area, 1 - area)
            for table in (before, after)
            for area in [auc(table[name][Label.BONAFIDE], table[name][Label.SPOOF])]
        ]
        lines.append(f"| {name} | {values[0]:.2f} | {values[1]:.2f} |")
    return lines
