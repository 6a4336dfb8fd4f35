"""Scores of held-out utterances, second by second, from the feature cache.

Segments lie as the product cuts them: 1 s each, the last one aligned to the end; near-silent ones
are dropped. (The product asks its separator for voice; the cache's utterances are trimmed speech.)
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pipeline.vocabulary import FloatArray, IntArray, Label
from training.calibration import ScoredSegments, join_scores
from training.feature_cache import HOP, CachedCopy, open_copy
from training.fit import relative_power
from training.frame_layout import PHASE, FrameLayout
from training.manifests import Utterance
from training.models.kernel_machine import SegmentStatistics
from training.speaker_encodings import Encodings, open_encodings
from training.splits import group_name, system_name

QUIET_SHARE = 0.03  # segments with less than this share of the loudest one's power are dropped


def cut_segments(
    opened: CachedCopy, row: int, hop_frames: int = 0, layout: FrameLayout = PHASE
) -> Tensor:
    """Return an utterance's segments (n, 112, 238), log power relative, near-silent ones dropped.

    Args:
        opened: a copy of the corpus.
        row: which utterance.
        hop_frames: frames between starts; 0 = a second, as the product cuts.
        layout: of the copy's frames.
    """
    hop_frames = hop_frames or layout.frames_a_second
    _, segments = _loud_segments(opened, row, hop_frames, layout)
    return relative_power(torch.from_numpy(segments), layout)


def cut_inputs(opened: CachedCopy, encodings: Encodings, row: int) -> tuple[Tensor, Tensor]:
    """Return an utterance's segments (n, 112, 238) as the product cuts them, and their encodings.

    Args:
        opened: a copy of the corpus in the phase front end's layout.
        encodings: of the same copy.
        row: which utterance.
    """
    starts, segments = _loud_segments(opened, row, PHASE.frames_a_second, PHASE)
    nearest = [encodings.nearest(row, (start - PHASE.first_frame) * HOP) for start in starts]
    encoded = torch.from_numpy(encodings.values[nearest].astype(np.float32))
    return relative_power(torch.from_numpy(segments), PHASE), encoded


def _loud_segments(
    opened: CachedCopy, row: int, hop_frames: int, layout: FrameLayout
) -> tuple[list[int], FloatArray]:
    """Return the first frames of an utterance's segments, and these, near-silent ones dropped."""
    n_frames = int(opened.n_frames[row])
    last = max(0, n_frames - layout.n_frames - layout.first_frame)
    starts = list(range(layout.first_frame, last + 1, hop_frames)) or [
        min(layout.first_frame, last)
    ]
    if last - starts[-1] > hop_frames // 8:
        starts.append(last)
    frames = opened.crop(row, 0, n_frames).astype(np.float32)
    segments = np.stack([frames[at : at + layout.n_frames] for at in starts])
    power = np.exp(segments[:, :, layout.n_phase_values :]).mean(axis=(1, 2))
    loud = np.flatnonzero(power > QUIET_SHARE * power.max())
    return [starts[i] for i in loud], segments[loud]


def score_segments(
    utterances: Sequence[Utterance],
    rows: IntArray,
    cache: Path,
    copies: Sequence[tuple[str, str]],
    members: Sequence[Callable[[Tensor, Tensor], Tensor]],
) -> tuple[ScoredSegments, FloatArray]:
    """Return the rows' segments under each condition, and each member's scores of them.

    Args:
        utterances: all that the copies hold, in their order.
        rows: which of them are scored.
        cache: the folder of the copies.
        copies: (condition, name of the copy).
        members: nets from segments (n, 112, 238) and encodings (n, 1024) to CM scores (n,).

    Returns:
        the segments with scores of 0, and float32 (n_segments, n_members).
    """
    parts: list[ScoredSegments] = []
    scores: list[FloatArray] = []
    for condition, name in copies:
        opened, encodings = open_copy(cache, name), open_encodings(cache, name)
        for row in rows:
            segments, encoded = cut_inputs(opened, encodings, int(row))
            with torch.inference_mode():
                scored = torch.stack([member(segments, encoded) for member in members], dim=1)
            scores.append(scored.numpy())
            parts.append(describe(utterances[row], int(row), condition, len(segments)))
    return join_scores(parts), np.concatenate(scores)


def training_statistics(
    rows: IntArray, cache: Path, name: str, hop_frames: int
) -> tuple[FloatArray, IntArray]:
    """Return the kernel machine's statistics of the rows' segments, and each one's row."""
    kept = cache / f"{name}.statistics{hop_frames}.npz"
    if not kept.exists():
        _write_statistics(open_copy(cache, name), hop_frames, kept)
    with np.load(kept) as stored:
        owner = stored["owner"]
        wanted = np.isin(owner, rows)
        return stored["statistics"][wanted], owner[wanted]


def _write_statistics(opened: CachedCopy, hop_frames: int, path: Path) -> None:
    """Write the statistics of every utterance of a copy."""
    statistics, owner = [], []
    compute = SegmentStatistics().eval()
    for row in np.flatnonzero(opened.n_frames):
        segments = cut_segments(opened, int(row), hop_frames)
        with torch.inference_mode():
            statistics.append(compute(segments).numpy())
        owner.append(np.full(len(segments), row))
    np.savez(path, statistics=np.concatenate(statistics), owner=np.concatenate(owner))


def describe(utterance: Utterance, row: int, condition: str, n_segments: int) -> ScoredSegments:
    """Return the facts of one utterance's segments."""
    genuine = utterance.label is Label.BONAFIDE
    voice = utterance.speaker or f"{utterance.source}:{row}"
    if not genuine:
        voice = f"{system_name(utterance)}|{utterance.speaker}"
    return ScoredSegments(
        np.zeros(n_segments),
        np.full(n_segments, row),
        np.full(n_segments, genuine),
        np.full(n_segments, f"{utterance.label.value}|{voice}"),
        np.full(n_segments, group_name(utterance)),
        np.full(n_segments, condition),
    )
