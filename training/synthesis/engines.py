"""Engine: one way to make a spoofed copy of a genuine utterance, and what all of them keep.

A copy keeps words, speaker, room, length, edges and level of its genuine half, so that nothing but
the generator tells the two apart. Vocoders start and end badly: each is given a mirrored margin at
both edges, which is cut away again.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.vocabulary import FloatArray

SAMPLE_RATE = 16_000
MARGIN_SAMPLES = 2_400  # 150 ms: the reach of the widest net here
QUIETEST_POWER = 1e-12
PEAK = 0.99

Signal = NDArray[np.float64]
Copy = Callable[[Signal, np.random.Generator], Signal]


class NotInstalledError(InputError):
    """An engine needs a package, or a checkpoint, that is not there."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One generator of copies."""

    name: str  # on the command line, and its folder
    system: str  # in the manifest; engines of one family share it
    kind: str  # vocoder, vc, codec
    load: Callable[[Path], Copy]  # folder of checkpoints -> copy; raises NotInstalledError


def seed_of(engine: str, clip_id: str, seed: int) -> int:
    """Return the seed of one copy: the same for the same engine, utterance and run seed."""
    return zlib.crc32(f"{seed}:{engine}:{clip_id}".encode())


def make_copy(samples: FloatArray, copy: Copy, random: np.random.Generator) -> FloatArray:
    """Return the engine's copy of an utterance, as long and as loud, without an offset.

    Args:
        samples: (n_samples,), 16 kHz, full scale is 1.0.
        copy: the engine's work.
        random: source of all choices.

    Raises:
        InputError: the engine returned silence, or a sample that is no number.
    """
    signal = samples.astype(np.float64)
    margin = min(MARGIN_SAMPLES, len(signal) - 1)
    made = copy(np.pad(signal, margin, mode="reflect"), random)
    made = fit_length(made, len(signal) + 2 * margin)[margin : margin + len(signal)]
    power = float(np.mean(made**2))
    if not np.isfinite(power) or power < QUIETEST_POWER:
        raise InputError("the engine made silence or no numbers of this utterance: leave it out")
    made = made - made.mean()
    made *= np.sqrt(np.mean((signal - signal.mean()) ** 2) / np.mean(made**2))
    return np.asarray(made * min(1.0, PEAK / np.max(np.abs(made))), dtype=np.float32)


def fit_length(samples: Signal, n_samples: int) -> Signal:
    """Return the samples cut or padded with zeros at the end."""
    cut = samples[:n_samples]
    return np.pad(cut, (0, n_samples - len(cut)))
