"""Cutting: samples of one recording to pieces of speech of 0.8 to 6 s, cut at pauses.

One law for both classes, so that length and edge silence tell nothing of the label.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray

SAMPLE_RATE = 16_000  # Hz, that of the corpus
FRAME = 320  # samples, 20 ms
JOINT = 160  # samples, 10 ms


@dataclass(frozen=True, slots=True)
class CuttingLaw:
    """How recordings are cut."""

    longest_s: float = 6.0  # the corpus' pieces are shorter; longer ones serve 4-s segments
    least_voice_s: float = 0.8  # less voice than this decides nothing
    pause_s: float = 0.3  # a gap of this length is a pause: a place to cut
    edge_s: float = 0.1  # what is left of a pause at either edge
    floor_db: float = -35.0  # frames this far under the loud ones are silence


LAW = CuttingLaw()
Span = tuple[int, int]  # samples, end excluded


def cut(samples: FloatArray, law: CuttingLaw = LAW) -> Iterator[FloatArray]:
    """Yield the pieces of speech of a recording, in order, each float32 (n_samples,).

    Args:
        samples: (n_samples,), 16 kHz, full scale is 1.0.
        law: how they are cut.
    """
    for start, end in speech_spans(samples, law):
        yield samples[start:end]


def speech_spans(samples: FloatArray, law: CuttingLaw = LAW) -> tuple[Span, ...]:
    """Return where the pieces lie, none longer than the law's longest."""
    voiced = voiced_frames(samples, law)
    runs = [part for run in _runs(voiced, law) for part in _halved(run, samples, law)]
    spans = []
    for first, last in _grouped(runs, law):
        if np.sum(voiced[first:last]) * FRAME < law.least_voice_s * SAMPLE_RATE:
            continue
        edge = int(law.edge_s * SAMPLE_RATE)
        start = max(first * FRAME - edge, 0)
        end = min(last * FRAME + edge, len(samples), start + int(law.longest_s * SAMPLE_RATE))
        spans.append((start, end))
    return tuple(spans)


def voiced_frames(samples: FloatArray, law: CuttingLaw = LAW) -> NDArray[np.bool_]:
    """Return which 20-ms frames are loud enough to be speech, bool (n_frames,)."""
    level_db = _levels_db(samples)
    if not len(level_db):
        return np.zeros(0, dtype=np.bool_)
    loud_db = float(np.percentile(level_db, 95))
    if loud_db < -60.0:  # digital silence and what is left of it
        return np.zeros(len(level_db), dtype=np.bool_)
    return np.asarray(level_db > loud_db + law.floor_db)


def join(pieces: Sequence[FloatArray], least_s: float) -> FloatArray:
    """Return pieces of one speaker as one item, as many as it takes to be `least_s` long.

    They overlap by 10 ms of their own pauses: silence put between them would be found in genuine
    speech only, and so be learnt.
    """
    out = np.zeros(0, dtype=np.float32)
    for piece in pieces:
        overlap = min(JOINT, len(out), len(piece))
        ramp = np.linspace(0.0, 1.0, overlap, dtype=np.float32)
        middle = out[len(out) - overlap :] * (1 - ramp) + piece[:overlap] * ramp
        out = np.concatenate([out[: len(out) - overlap], middle, piece[overlap:]])
        if len(out) >= least_s * SAMPLE_RATE:
            break
    return np.asarray(out, dtype=np.float32)


def _levels_db(samples: FloatArray) -> NDArray[np.float64]:
    """Return the level of each frame in dB of full scale, (n_frames,)."""
    n_frames = len(samples) // FRAME
    frames = samples[: n_frames * FRAME].astype(np.float64).reshape(n_frames, FRAME)
    frames = frames - frames.mean(axis=1, keepdims=True) if n_frames else frames
    return np.asarray(10 * np.log10(np.mean(frames**2, axis=1) + 1e-12))


def _runs(voiced: NDArray[np.bool_], law: CuttingLaw) -> list[Span]:
    """Return runs of frames with no pause within, as (first, last excluded)."""
    edges = np.flatnonzero(np.diff(np.r_[False, voiced, False].astype(np.int8)))
    runs: list[Span] = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if runs and (first - runs[-1][1]) * FRAME < law.pause_s * SAMPLE_RATE:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs


def _halved(run: Span, samples: FloatArray, law: CuttingLaw) -> Iterator[Span]:
    """Yield the run in parts of at most the longest length, cut at its quietest frames."""
    longest = int((law.longest_s - 2 * law.edge_s) * SAMPLE_RATE) // FRAME
    first, last = run
    level_db = _levels_db(samples)
    while last - first > longest:
        half = first + longest // 2
        at = half + int(np.argmin(level_db[half : first + longest]))
        yield first, at
        first = at
    yield first, last


def _grouped(runs: Sequence[Span], law: CuttingLaw) -> Iterator[Span]:
    """Yield neighbouring runs together as long as they fit into one piece."""
    longest = int((law.longest_s - 2 * law.edge_s) * SAMPLE_RATE) // FRAME
    widest_pause = int(1.0 * SAMPLE_RATE) // FRAME  # over a longer pause nothing is joined
    group: Span | None = None
    for first, last in runs:
        if group and last - group[0] <= longest and first - group[1] <= widest_pause:
            group = (group[0], last)
            continue
        if group:
            yield group
        group = (first, last)
    if group:
        yield group
