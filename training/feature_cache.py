"""Feature cache: the corpus' frames, clean and in degraded copies, on disk outside git.

A copy is one file of float16 frames (n_frames, n_values) and an index of where each utterance
lies. Nets are trained on random crops of it, which would cost ten times as much from samples.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray, IntArray, Label
from training.augment import ChainOdds, degrade
from training.frame_layout import PHASE, FrameLayout, frames_of
from training.lossy_codecs import (
    HARD_CODECS,
    TELEPHONE_CODECS,
    WEB_CODECS,
    Codec,
    code_together,
    runnable,
)
from training.manifests import Utterance
from training.models.camplusplus import SpeakerEncoder
from training.speaker_encodings import open_encodings, save_encodings, write_encodings
from training.splits import CLOSED_FOLD
from training.synthesis.pseudo_spoof import pseudo_spoof

_log = logging.getLogger(__name__)

SAMPLE_RATE = 16_000
HOP = 128  # samples between frames of the phase front end
SHORTEST_SAMPLES = SAMPLE_RATE + 2 * HOP  # one segment, and room for a random start
EDGE_DB = -30.0  # edges this far under the loud frames are cut: their length tells the source
EDGE_FRAME = 320  # samples, 20 ms


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """How one copy of the corpus is made."""

    name: str
    odds: ChainOdds | None  # None: nothing but the codec
    codec_share: tuple[float, float]  # of bona fide, of spoof utterances
    codecs: tuple[Codec, ...]
    seed: int
    # pseudo-spoofed copies of open genuine speech by these methods; the copy holds nothing else
    methods: tuple[str, ...] = ()


CLEAN = CopyPlan("clean", None, (0.0, 0.0), (), 0)


def web_copy(seed: int) -> CopyPlan:
    """Return a copy in which everything has a history on the web."""
    return CopyPlan(f"web{seed}", None, (1.0, 1.0), WEB_CODECS, 1000 + seed)


def degraded_copy(seed: int) -> CopyPlan:
    """Return a copy through the whole chain, lossy codecs more often on the synthetic side."""
    codecs = WEB_CODECS + HARD_CODECS
    return CopyPlan(f"degraded{seed}", ChainOdds(), (0.5, 0.7), codecs, 2000 + seed)


def telephone_copy(seed: int) -> CopyPlan:
    """Return a copy through lines: RawBoost, other rates and levels, telephone codecs; alike.

    In no published recipe: a run names it in its copies to use it.
    """
    odds = ChainOdds(narrow_band=0.5, raw_boost=0.5, resampling=0.2, loudness=0.5)
    return CopyPlan(f"telephone{seed}", odds, (0.8, 0.8), TELEPHONE_CODECS, 7000 + seed)


def pseudo_copy(seed: int) -> CopyPlan:
    """Return pseudo-spoofed copies of genuine speech, a third of them through a web codec."""
    return CopyPlan(f"jitter{seed}", None, (0.35, 0.35), WEB_CODECS, 3000 + seed, ("jitter",))


def degraded_pseudo_copy(seed: int) -> CopyPlan:
    """Return pseudo-spoofed copies through the whole chain."""
    codecs = WEB_CODECS + HARD_CODECS
    odds = ChainOdds()
    return CopyPlan(f"jitter_degraded{seed}", odds, (0.6, 0.6), codecs, 5000 + seed, ("jitter",))


@dataclass(frozen=True, slots=True)
class CachedCopy:
    """A copy on disk, opened; frames are read from the file as they are asked for."""

    frames: NDArray[np.float16]  # (n_frames_of_all, n_values), memory-mapped
    start: IntArray  # (n_utterances,)
    n_frames: IntArray  # (n_utterances,)

    def crop(self, row: int, first: int, n_frames: int) -> NDArray[np.float16]:
        """Return frames of an utterance, (n_frames, n_values)."""
        at = int(self.start[row]) + first
        return np.asarray(self.frames[at : at + n_frames])


def read_speech(path: Path) -> FloatArray:
    """Return an utterance without its silent edges, at least `SHORTEST_SAMPLES` long, tiled."""
    samples, _ = soundfile.read(path, dtype="float32")
    trimmed = trim_edges(samples - samples.mean())
    if len(trimmed) < SHORTEST_SAMPLES:
        trimmed = np.resize(trimmed, SHORTEST_SAMPLES)
    return np.asarray(trimmed, dtype=np.float32)


def trim_edges(samples: FloatArray) -> FloatArray:
    """Return the samples between the first and the last frame that is not near-silent."""
    n_frames = len(samples) // EDGE_FRAME
    if n_frames < 2:
        return samples
    power = (samples[: n_frames * EDGE_FRAME].reshape(n_frames, EDGE_FRAME) ** 2).mean(axis=1)
    loud = np.flatnonzero(power >= np.quantile(power, 0.95) * 10 ** (EDGE_DB / 10))
    if not len(loud):
        return samples
    return samples[loud[0] * EDGE_FRAME : (loud[-1] + 1) * EDGE_FRAME]


def make_copy(
    utterances: Sequence[Utterance],
    plan: CopyPlan,
    folder: Path,
    layout: FrameLayout = PHASE,
    encoder: SpeakerEncoder | None = None,
) -> None:
    """Write one copy of the utterances' frames, in their order, unless it is there already.

    With an encoder, the encodings of every second are written beside the frames.
    """
    done = folder / f"{plan.name}.json"
    if done.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    held = [i for i, row in enumerate(utterances) if not plan.methods or _may_be_copied(row)]
    waveforms = make_waveforms([utterances[i] for i in held], plan) if held else []
    if encoder is not None and held:
        write_encodings(waveforms, held, encoder, folder / f"{plan.name}.encodings.npz")
    start, count = [0] * len(utterances), [0] * len(utterances)
    total = 0
    with (folder / f"{plan.name}.f16").open("wb") as file:
        for i, samples in zip(held, waveforms, strict=True):
            frames = frames_of(samples)
            file.write(frames.astype(np.float16).tobytes())
            start[i], count[i] = total, len(frames)
            total += len(frames)
    index = {"n_values": layout.blocks[-1][1], "start": start, "n_frames": count}
    done.write_text(json.dumps(index))
    _log.info("made a copy of the corpus", extra={"copy": plan.name, "n_frames": total})


def manifest_key(utterances: Sequence[Utterance]) -> str:
    """Return the name of a manifest's part of the cache: it changes where its clips do."""
    clips = "\n".join(f"{row.clip_id}\t{row.label.value}\t{row.path.name}" for row in utterances)
    return hashlib.sha256(clips.encode()).hexdigest()[:12]


def join_copies(parts: Sequence[Path], names: Sequence[str], folder: Path) -> None:
    """Join the copies of several manifests, in the order of their utterances, as if made at once.

    So a manifest that grows costs its own features only. Parts are joined anew each time; a copy
    that a part does not have, such as the test copies of speech that is only trained on, has no
    frames of its utterances.

    Args:
        parts: folders that `make_copy` wrote, each of one manifest.
        names: of the copies.
        folder: where the joined copies go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for derived in folder.glob("*.statistics*.npz"):  # of the copies as they were before
        derived.unlink()
    for name in names:
        start: list[int] = []
        count: list[int] = []
        first_frame = 0
        encodings = []
        with (folder / f"{name}.f16").open("wb") as joined:
            for part in parts:
                if (part / f"{name}.encodings.npz").exists():
                    opened = open_encodings(part, name)
                    encodings.append(replace(opened, owner=opened.owner + len(start)))
                if not (part / f"{name}.json").exists():
                    n_rows = len(json.loads((part / f"{names[0]}.json").read_text())["start"])
                    start += [0] * n_rows
                    count += [0] * n_rows
                    continue
                index = json.loads((part / f"{name}.json").read_text())
                start += [first_frame + at for at in index["start"]]
                count += index["n_frames"]
                with (part / f"{name}.f16").open("rb") as file:
                    shutil.copyfileobj(file, joined, 1 << 24)
                first_frame = joined.tell() // (2 * index["n_values"])
        joined_index = {"n_values": index["n_values"], "start": start, "n_frames": count}
        (folder / f"{name}.json").write_text(json.dumps(joined_index))
        if encodings:
            save_encodings(encodings, folder / f"{name}.encodings.npz")


def open_copy(folder: Path, name: str) -> CachedCopy:
    """Return a copy that `make_copy` wrote."""
    index = json.loads((folder / f"{name}.json").read_text())
    frames = np.memmap(folder / f"{name}.f16", dtype=np.float16, mode="r")
    return CachedCopy(
        frames.reshape(-1, index["n_values"]), np.array(index["start"]), np.array(index["n_frames"])
    )


def make_waveforms(utterances: Sequence[Utterance], plan: CopyPlan) -> list[FloatArray]:
    """Return the utterances' samples after the plan's degradations."""
    random = np.random.default_rng(plan.seed)
    waveforms = [read_speech(row.path) for row in utterances]
    if plan.methods:
        waveforms = [pseudo_spoof(samples, random, plan.methods)[0] for samples in waveforms]
    if plan.odds is not None:
        babble = [waveforms[i] for i in random.integers(0, len(waveforms), size=200)]
        waveforms = [degrade(samples, plan.odds, babble, random) for samples in waveforms]
    codecs = runnable(plan.codecs)
    chosen: dict[int, list[int]] = {}
    for row, utterance in enumerate(utterances):
        share = plan.codec_share[0 if utterance.label is Label.BONAFIDE else 1]
        if random.random() < share and codecs:
            chosen.setdefault(int(random.integers(len(codecs))), []).append(row)
    for codec, rows in chosen.items():
        coded = code_together([waveforms[row] for row in rows], codecs[codec])
        for row, samples in zip(rows, coded, strict=True):
            waveforms[row] = samples
    return waveforms


def _may_be_copied(utterance: Utterance) -> bool:
    """Say whether this is genuine speech outside the closed fold."""
    return utterance.label is Label.BONAFIDE and utterance.fold != CLOSED_FOLD
