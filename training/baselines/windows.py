"""Windows: the 1-s segments that every baseline is trained and tested on, and their features.

Features come from `pipeline.frontends.compute`, the function that inference calls, one file a front
end, in the order of the windows. Windows are cut once; all front ends and models see the same.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.frontends import compute
from pipeline.vocabulary import FloatArray, IntArray, Label
from training.feature_cache import read_speech
from training.manifests import Utterance
from training.splits import group_name, split_inner

_log = logging.getLogger(__name__)

WINDOW_SAMPLES = 16_000  # 1 s, as the product cuts
TRAINING_HOP = 8_000  # samples: training windows overlap by half
TEST_HOP = 16_000
SHORTEST_TAIL = 2_000  # samples: a last window that adds less would repeat the one before
QUIET_SHARE = 0.03  # windows with less than this share of the loudest one's power are dropped
CHUNK = 64  # windows through a front end at once


@dataclass(frozen=True, slots=True)
class Windows:
    """Whose windows these are; arrays have one entry a window, in the order of the features."""

    is_training: NDArray[np.bool_]
    utterance: IntArray  # row of the manifest
    is_bonafide: NDArray[np.bool_]
    group: NDArray[np.str_]  # source or system: what is balanced
    voice: NDArray[np.str_]  # what errs together: a speaker, or a system
    fingerprint: str  # of the utterances and their sides: rows with another one are not comparable


@dataclass(frozen=True, slots=True)
class Features:
    """One front end's features of all windows, read from disk as they are asked for."""

    values: NDArray[np.float16]  # (n_windows, n_frames, n_values), memory-mapped

    def take(self, rows: IntArray) -> FloatArray:
        """Return the features of some windows, float32 (n_rows, n_frames, n_values)."""
        taken: FloatArray = self.values[rows].astype(np.float32)
        return taken


def cut_windows(samples: FloatArray, hop: int) -> FloatArray:
    """Return the windows of an utterance (n, 16000), the last one at its end, quiet ones dropped."""
    last = len(samples) - WINDOW_SAMPLES
    starts = list(range(0, last + 1, hop))
    if last - starts[-1] > SHORTEST_TAIL:
        starts.append(last)
    windows = np.stack([samples[at : at + WINDOW_SAMPLES] for at in starts])
    power = (windows**2).mean(axis=1)
    loud: FloatArray = windows[power > QUIET_SHARE * power.max()]
    return loud


def describe_windows(utterances: Sequence[Utterance], fold: int, folder: Path) -> Windows:
    """Return the windows of an inner fold; their samples are cut and kept on the first call.

    Copies of genuine speech by neural codecs are left out on both sides: a class of their own.
    """
    split = split_inner(utterances, fold)
    place = {row.path: i for i, row in enumerate(utterances)}
    chosen = [
        (place[row.path], is_training)
        for rows, is_training in ((split.train, True), (split.test, False))
        for row in rows
        if not row.is_codec
    ]
    counts = _keep_samples(utterances, chosen, folder)
    owner = np.repeat([row for row, _ in chosen], counts)
    kept = [utterances[row] for row, _ in chosen]
    return Windows(
        is_training=np.repeat([is_training for _, is_training in chosen], counts),
        utterance=owner,
        is_bonafide=np.repeat([row.label is Label.BONAFIDE for row in kept], counts),
        group=np.repeat([group_name(row) for row in kept], counts),
        voice=np.repeat([_voice(row) for row in kept], counts),
        fingerprint=_fingerprint(utterances, chosen),
    )


def open_features(folder: Path, front_end: str, on_chunk: Callable[[int, int], None]) -> Features:
    """Return a front end's features of all windows, computed on the first call.

    Args:
        folder: where `describe_windows` kept the samples.
        front_end: a name in `pipeline.frontends.FRONT_ENDS`, with its default config.
        on_chunk: is told (windows done, windows in all) while features are computed.
    """
    path = folder / f"{front_end}.npy"
    if not path.exists():
        samples = np.load(folder / "samples.npy", mmap_mode="r")
        shape = compute(front_end, {}, np.asarray(samples[:1])).shape
        part = path.with_suffix(".part.npy")
        stored = np.lib.format.open_memmap(
            part, mode="w+", dtype=np.float16, shape=(len(samples), *shape[1:])
        )
        for at in range(0, len(samples), CHUNK):
            stored[at : at + CHUNK] = compute(front_end, {}, np.asarray(samples[at : at + CHUNK]))
            on_chunk(min(at + CHUNK, len(samples)), len(samples))
        stored.flush()
        part.replace(path)
    return Features(np.load(path, mmap_mode="r"))


def _keep_samples(
    utterances: Sequence[Utterance], chosen: Sequence[tuple[int, bool]], folder: Path
) -> list[int]:
    """Write the samples of all windows once, and return how many each utterance has."""
    index = folder / "windows.json"
    fingerprint = _fingerprint(utterances, chosen)
    if index.exists():
        kept = json.loads(index.read_text())
        if kept["fingerprint"] == fingerprint:
            return list(kept["counts"])
        _log.info("the corpus or the split has changed: cutting the windows again")
        for stale in folder.glob("*.npy"):
            stale.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    cut = [
        cut_windows(read_speech(utterances[row].path), TRAINING_HOP if is_training else TEST_HOP)
        for row, is_training in chosen
    ]
    np.save(folder / "samples.npy", np.concatenate(cut))
    counts = [len(windows) for windows in cut]
    index.write_text(json.dumps({"fingerprint": fingerprint, "counts": counts}))
    return counts


def _fingerprint(utterances: Sequence[Utterance], chosen: Sequence[tuple[int, bool]]) -> str:
    """Return the first 16 digits of the SHA-256 of which utterances stand on which side."""
    lines = [f"{utterances[row].clip_id} {is_training}" for row, is_training in chosen]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _voice(utterance: Utterance) -> str:
    """Return what an utterance errs together with: its speaker, its source, or its system."""
    if utterance.label is Label.BONAFIDE:
        return utterance.speaker or f"{utterance.source}:{utterance.clip_id}"
    return group_name(utterance)
