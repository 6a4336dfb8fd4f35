"""How far a search by likeness can be trusted: same system, same recording, pairs above a limit.

Everything is measured on the inner folds, with spaces that were fitted without the systems, speakers,
pairs and sources that their fold holds out (`training.splits.split_inner`), as an account's material
is for the shipped space; the closed fold is never read. A clip's vector is the mean of its segments'
unit vectors, as `storage.embedding_rows` keeps it.

- same system: a synthetic clip asks all held-out clips of its fold, genuine ones too, in the clean
  copy; itself and clips made from the same original are left out. `of one page left out`: clips of
  the same demo page or voice are no answers, so that rooms and channels do not help.
- same recording: a copy of a held-out clip through codecs, or cut half a second later, asks all open
  clips in the clean copy; only the clip itself is right.
- joined: clips of one voice (of one system and page) are joined to items of `JOINED_S` seconds, since
  items are longer than clips; copies and strangers are compared second by second.
- pairs: what share of pairs above a cosine are right, as the job reports draw them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray, IntArray
from training.attribution import Clips
from training.feature_cache import open_copy
from training.fit import relative_power
from training.frame_layout import PHASE
from training.manifests import Utterance
from training.models.kernel_machine import SegmentStatistics
from training.models.system_head import SpaceConfig, SystemSpace, fit_space
from training.search_answers import (
    CLEAN,
    SHIFTED,
    ClipFacts,
    ClipPairs,
    SystemAnswers,
    ask_recordings,
    ask_systems,
    clip_pairs,
    clip_vectors,
    joined_likeness,
)
from training.segment_scores import training_statistics
from training.splits import CLOSED_FOLD, OPEN_FOLDS, group_name, split_inner, system_name

SHIFT_FRAMES = 62  # of 8 ms
PAIR_LIMITS = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class SystemSearch:
    """How often the nearest clips are of the query's system, under one condition of the query."""

    condition: str
    n_queries: int
    n_systems: int
    at_1: float  # share of queries whose nearest clip is of the same system
    at_10: float  # share of the ten nearest (of as many as there are, where fewer)
    by_system_at_1: float  # mean over systems, each of one weight
    by_system_at_10: float
    chance: float  # share of the answers that a blind draw gives
    n_other_page: int
    other_page_at_1: float


@dataclass(frozen=True, slots=True)
class RecordingSearch:
    """How often a changed copy finds its recording."""

    condition: str
    n_queries: int
    n_gallery: int
    at_1: float
    at_10: float
    aligned_at_1: float  # after comparing the nearest ones second by second


@dataclass(frozen=True, slots=True)
class PairLimit:
    """What a limit on the likeness of pairs does."""

    limit: float
    system_right: float  # of synthetic pairs above it, the share of one system, mean over systems
    pairs_right: float  # the same over all pairs: large systems count most
    system_kept: float  # of queries, the share that has a right partner above it
    copies_kept: Mapping[str, float]  # of changed copies, by condition, the share above it
    strangers: float  # of queries, the share with another recording above it


@dataclass(frozen=True, slots=True)
class JoinedLimit:
    """What a limit does to longer items, second by second, for one condition of the copy."""

    condition: str
    limit: float
    n_items: int
    kept: float  # of changed copies, the share at least so alike
    strangers: float  # of items, the share with another item of its fold at least so alike


@dataclass(frozen=True, slots=True)
class SearchFigures:
    """All that was measured."""

    systems: tuple[SystemSearch, ...]
    recordings: tuple[RecordingSearch, ...]
    pairs: tuple[PairLimit, ...]
    joined: tuple[JoinedLimit, ...]  # items of `JOINED_S` seconds


def read_open_clips(
    utterances: Sequence[Utterance], cache: Path, copies: Sequence[tuple[str, str]]
) -> Clips:
    """Return the statistics of all utterances outside the closed fold, (condition, copy) by copy.

    The condition `SHIFTED` is cut anew from the frames of the first copy.
    """
    rows = np.array([i for i, row in enumerate(utterances) if row.fold != CLOSED_FOLD])
    parts = [training_statistics(rows, cache, name, 0) for _, name in copies]
    names = [condition for condition, _ in copies]
    parts.append(_shifted_statistics(rows, cache, copies[0][1]))
    return Clips(
        np.concatenate([part[0] for part in parts]).astype(np.float32),
        np.concatenate([part[1] for part in parts]),
        np.repeat([*names, SHIFTED], [len(part[1]) for part in parts]),
    )


def _shifted_statistics(rows: IntArray, cache: Path, name: str) -> tuple[FloatArray, IntArray]:
    """Return the statistics of segments that begin half a second later than the product's."""
    opened = open_copy(cache, name)
    compute = SegmentStatistics().eval()
    statistics, owner = [], []
    for row in rows:
        n_frames = int(opened.n_frames[row])
        last = n_frames - PHASE.n_frames
        starts = range(PHASE.first_frame + SHIFT_FRAMES, last + 1, PHASE.frames_a_second)
        if not len(starts):
            continue
        frames = opened.crop(int(row), 0, n_frames).astype(np.float32)
        cut = np.stack([frames[at : at + PHASE.n_frames] for at in starts])
        with torch.inference_mode():
            statistics.append(compute(relative_power(torch.from_numpy(cut), PHASE)).numpy())
        owner.append(np.full(len(starts), row))
    return np.concatenate(statistics), np.concatenate(owner)


def measure_search(
    utterances: Sequence[Utterance], clips: Clips, config: SpaceConfig
) -> SearchFigures:
    """Return the figures that the module's docstring describes, queries of all inner folds together."""
    facts = ClipFacts(
        np.array([system_name(row) for row in utterances]),
        np.array([row.speaker for row in utterances]),
        [frozenset({row.clip_id, *row.pairs}) for row in utterances],
    )
    conditions = list(dict.fromkeys(clips.condition.tolist()))
    by_system: dict[str, list[SystemAnswers]] = {name: [] for name in conditions}
    by_copy: dict[str, list[tuple[bool, bool, bool]]] = {name: [] for name in conditions}
    pairs: list[ClipPairs] = []
    own: dict[str, list[float]] = {name: [] for name in conditions}
    strangers: list[float] = []
    joined: dict[str, list[tuple[FloatArray, FloatArray]]] = {}
    n_gallery = 0
    for fold in OPEN_FOLDS:
        space, tested = _space_without(utterances, clips, fold, config)
        vectors = {name: clip_vectors(clips, name, space, len(utterances)) for name in conditions}
        gallery = tested[vectors[CLEAN].count[tested] > 0]
        for name in conditions:
            asked = ask_systems(vectors[name], vectors[CLEAN], gallery, facts)
            by_system[name].append(asked)
        pairs.append(clip_pairs(vectors[CLEAN], gallery, facts))
        for name, both in joined_likeness(vectors, gallery, utterances).items():
            joined.setdefault(name, []).append(both)
        everything = np.flatnonzero((vectors[CLEAN].count > 0) & _in_folds(utterances))
        n_gallery = max(n_gallery, len(everything))
        for name in conditions:
            if name == CLEAN:
                continue
            for hit, likeness, other in ask_recordings(
                vectors[name], vectors[CLEAN], gallery, everything, facts
            ):
                by_copy[name].append(hit)
                own[name].append(likeness)
                strangers.append(other)
    return SearchFigures(
        tuple(_system_figures(name, by_system[name]) for name in conditions),
        tuple(
            RecordingSearch(name, len(hits), n_gallery, *np.mean(np.array(hits), axis=0).tolist())
            for name, hits in by_copy.items()
            if hits
        ),
        tuple(_pair_limit(limit, pairs, own, strangers) for limit in PAIR_LIMITS),
        tuple(_joined_limit(name, limit, joined[name]) for name in joined for limit in PAIR_LIMITS),
    )


def _in_folds(utterances: Sequence[Utterance]) -> NDArray[np.bool_]:
    return np.array([row.fold in OPEN_FOLDS for row in utterances])


def _space_without(
    utterances: Sequence[Utterance], clips: Clips, fold: int, config: SpaceConfig
) -> tuple[SystemSpace, IntArray]:
    """Return the space that never met a fold's held-out clips, and these clips' numbers.

    Fitted, as the shipped one, on the product's cuts under every condition, not on shifted ones.
    """
    split = split_inner(utterances, fold)
    paths = np.array([str(row.path) for row in utterances])
    is_train = np.isin(paths, [str(row.path) for row in split.train])
    is_test = np.isin(paths, [str(row.path) for row in split.test])
    group = np.array([group_name(row) for row in utterances])
    chosen = is_train[clips.owner] & (clips.condition != SHIFTED)
    space = fit_space(clips.statistics[chosen], group[clips.owner[chosen]], config)
    return space, np.flatnonzero(is_test)


def _joined_limit(
    condition: str, limit: float, folds: Sequence[tuple[FloatArray, FloatArray]]
) -> JoinedLimit:
    own = np.concatenate([each for each, _ in folds])
    others = np.concatenate([each for _, each in folds])
    return JoinedLimit(
        condition, limit, len(own), float((own >= limit).mean()), float((others >= limit).mean())
    )


def _system_figures(condition: str, folds: Sequence[SystemAnswers]) -> SystemSearch:
    system = np.array([name for fold in folds for name in fold.system_of])
    right_1 = np.array([value for fold in folds for value in fold.right_1])
    right_10 = np.array([value for fold in folds for value in fold.right_10])
    other = [value for fold in folds for value in fold.other_page]
    names = np.unique(system)
    return SystemSearch(
        condition,
        len(system),
        len(names),
        float(right_1.mean()),
        float(right_10.mean()),
        float(np.mean([right_1[system == name].mean() for name in names])),
        float(np.mean([right_10[system == name].mean() for name in names])),
        float(np.mean([value for fold in folds for value in fold.chance])),
        len(other),
        float(np.mean(other)) if other else float("nan"),
    )


def _pair_limit(
    limit: float,
    pairs: Sequence[ClipPairs],
    own: Mapping[str, Sequence[float]],
    strangers: Sequence[float],
) -> PairLimit:
    shares: dict[str, list[float]] = {}
    has_partner: list[bool] = []
    n_above = n_right = 0
    for fold in pairs:
        above = fold.cosine >= limit
        right = above & fold.is_same
        n_above += int(above.sum())
        n_right += int(right.sum())
        has_partner += (right.sum(axis=1) > 0).tolist()
        for row in np.flatnonzero(above.any(axis=1)):
            share = float(right[row].sum() / above[row].sum())
            shares.setdefault(str(fold.system[row]), []).append(share)
    nothing = float("nan")
    return PairLimit(
        limit,
        float(np.mean([np.mean(values) for values in shares.values()])) if shares else nothing,
        n_right / n_above if n_above else nothing,
        float(np.mean(has_partner)),
        {name: float(np.mean(np.array(values) >= limit)) for name, values in own.items() if values},
        float(np.mean(np.array(strangers) >= limit)),
    )
