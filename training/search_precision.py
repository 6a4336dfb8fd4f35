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
from training.segment_scores import training_statistics
from training.splits import CLOSED_FOLD, OPEN_FOLDS, group_name, split_inner, system_name

CLEAN = "clean"
SHIFTED = "clean, cut 0.5 s later"
SHIFT_FRAMES = 62  # of 8 ms
NEAREST = 10
PAIR_LIMITS = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
JOINED_S = 10
LOOKED_AT = 50  # nearest clips whose seconds are compared one by one
_OUT = -9.0  # below every cosine: no answer


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


@dataclass(frozen=True, slots=True)
class _Asked:
    """Cosines of one fold's queries; every list has one entry a query."""

    system_of: list[str]
    right_1: list[bool]
    right_10: list[float]
    chance: list[float]
    other_page: list[bool]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """All pairs of one fold's synthetic clips."""

    cosine: FloatArray  # (n, n), `_OUT` where a pair does not count
    is_same: NDArray[np.bool_]  # (n, n), of one system
    system: NDArray[np.str_]  # (n,)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the manifest says of each utterance; arrays (n_utterances,)."""

    system: NDArray[np.str_]
    page: NDArray[np.str_]
    origins: list[frozenset[str]]  # the clip and what it was made from


@dataclass(frozen=True, slots=True)
class _Vectors:
    """One copy of the corpus in one space."""

    segments: FloatArray  # (n_segments, d), by owner
    first: IntArray  # (n_utterances,) where an utterance's segments begin
    count: IntArray  # (n_utterances,)
    mean: FloatArray  # (n_utterances, d), unit norm, 0 where there is none

    def of(self, row: int) -> FloatArray:
        """Return an utterance's segments."""
        return self.segments[self.first[row] : self.first[row] + self.count[row]]


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
    facts = _Facts(
        np.array([system_name(row) for row in utterances]),
        np.array([row.speaker for row in utterances]),
        [frozenset({row.clip_id, *row.pairs}) for row in utterances],
    )
    conditions = list(dict.fromkeys(clips.condition.tolist()))
    by_system: dict[str, list[_Asked]] = {name: [] for name in conditions}
    by_copy: dict[str, list[tuple[bool, bool, bool]]] = {name: [] for name in conditions}
    pairs: list[_Pairs] = []
    own: dict[str, list[float]] = {name: [] for name in conditions}
    strangers: list[float] = []
    joined: dict[str, list[tuple[FloatArray, FloatArray]]] = {}
    n_gallery = 0
    for fold in OPEN_FOLDS:
        space, tested = _space_without(utterances, clips, fold, config)
        vectors = {name: _vectors(clips, name, space, len(utterances)) for name in conditions}
        gallery = tested[vectors[CLEAN].count[tested] > 0]
        for name in conditions:
            asked = _ask_systems(vectors[name], vectors[CLEAN], gallery, facts)
            by_system[name].append(asked)
        pairs.append(_pairs(vectors[CLEAN], gallery, facts))
        for name, both in _joined(vectors, gallery, utterances).items():
            joined.setdefault(name, []).append(both)
        everything = np.flatnonzero((vectors[CLEAN].count > 0) & _in_folds(utterances))
        n_gallery = max(n_gallery, len(everything))
        for name in conditions:
            if name == CLEAN:
                continue
            for hit, likeness, other in _ask_recordings(
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


def _vectors(clips: Clips, condition: str, space: SystemSpace, n_utterances: int) -> _Vectors:
    rows = np.flatnonzero(clips.condition == condition)
    rows = rows[np.argsort(clips.owner[rows], kind="stable")]
    owner = clips.owner[rows]
    with torch.inference_mode():
        segments = space.of_statistics(torch.from_numpy(clips.statistics[rows])).numpy()
    count = np.bincount(owner, minlength=n_utterances)
    mean = np.zeros((n_utterances, segments.shape[1]))
    np.add.at(mean, owner, segments)
    mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9)
    first = np.searchsorted(owner, np.arange(n_utterances))
    return _Vectors(segments, first, count, mean.astype(np.float32))


def _ask_systems(query: _Vectors, asked: _Vectors, gallery: IntArray, facts: _Facts) -> _Asked:
    """Return what every synthetic clip of the gallery finds that has somebody to find."""
    answers = asked.mean[gallery]
    systems, pages = facts.system[gallery], facts.page[gallery]
    found = _Asked([], [], [], [], [])
    for row in gallery:
        if not facts.system[row] or not query.count[row]:
            continue
        is_origin = np.array([not facts.origins[row].isdisjoint(facts.origins[j]) for j in gallery])
        n_right = int(((systems == facts.system[row]) & ~is_origin).sum())
        if not n_right:
            continue
        cosine = np.where(is_origin, _OUT, answers @ query.mean[row])
        nearest = np.argsort(-cosine)[:NEAREST]
        is_right = systems[nearest] == facts.system[row]
        found.system_of.append(str(facts.system[row]))
        found.right_1.append(bool(is_right[0]))
        found.right_10.append(float(is_right[: min(NEAREST, n_right)].mean()))
        found.chance.append(n_right / int((~is_origin).sum()))
        is_far = pages != facts.page[row]
        if ((systems == facts.system[row]) & ~is_origin & is_far).any():
            far = int(np.argmax(np.where(is_far, cosine, _OUT)))
            found.other_page.append(bool(systems[far] == facts.system[row]))
    return found


def _ask_recordings(
    query: _Vectors, asked: _Vectors, rows: IntArray, gallery: IntArray, facts: _Facts
) -> list[tuple[tuple[bool, bool, bool], float, float]]:
    """Return for every row its hits at 1, at 10 and aligned, its own likeness, the best stranger's."""
    answers = asked.mean[gallery]
    found = []
    for row in rows:
        own_place = np.flatnonzero(gallery == row)
        if not query.count[row] or not len(own_place):
            continue
        cosine = answers @ query.mean[row]
        rank = int((cosine > cosine[own_place[0]]).sum())
        nearest = np.argsort(-cosine)[:LOOKED_AT]
        aligned = np.array(
            [aligned_likeness(query.of(row), asked.of(int(gallery[at]))) for at in nearest]
        )
        best = int(gallery[nearest[int(aligned.argmax())]])
        own_likeness = aligned_likeness(query.of(row), asked.of(int(row)))
        is_other = [
            facts.origins[row].isdisjoint(facts.origins[int(gallery[at])]) for at in nearest
        ]
        stranger = float(aligned[is_other].max(initial=_OUT))
        found.append(((rank == 0, rank < NEAREST, best == row), own_likeness, stranger))
    return found


def aligned_likeness(query: FloatArray, answer: FloatArray) -> float:
    """Return the mean cosine of segments that lie at the same second, (n, d) and (m, d)."""
    n_both = min(len(query), len(answer))
    return float((query[:n_both] * answer[:n_both]).sum(axis=1).mean())


def _pairs(vectors: _Vectors, gallery: IntArray, facts: _Facts) -> _Pairs:
    """Return all pairs of synthetic clips; those of one original do not count."""
    rows = gallery[facts.system[gallery] != ""]
    cosine = vectors.mean[rows] @ vectors.mean[rows].T
    for place, row in enumerate(rows):
        for other, column in enumerate(rows):
            if not facts.origins[row].isdisjoint(facts.origins[column]):
                cosine[place, other] = _OUT
    system = facts.system[rows]
    return _Pairs(cosine, system[:, None] == system, system)


def _joined(
    vectors: Mapping[str, _Vectors], gallery: IntArray, utterances: Sequence[Utterance]
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return for each changed copy, (n_items,) each: the likeness to its own, to the nearest other."""
    names = [name for name in vectors if name != SHIFTED]  # cut as the product cuts
    voices: dict[str, list[int]] = {}
    for row in gallery.tolist():
        voice = f"{group_name(utterances[row])}|{utterances[row].speaker}"
        voices.setdefault(voice, []).append(row)
    items: dict[str, list[FloatArray]] = {name: [] for name in names}
    for rows in voices.values():
        held: dict[str, list[FloatArray]] = {name: [] for name in names}
        for row in rows:
            n_both = min(int(vectors[name].count[row]) for name in names)
            for name in names:
                held[name].append(vectors[name].of(row)[:n_both])
            if sum(map(len, held[CLEAN])) >= JOINED_S:
                for name in names:
                    items[name].append(
                        np.concatenate(held[name])[:JOINED_S].ravel() / JOINED_S**0.5
                    )
                held = {name: [] for name in names}
    if not items[CLEAN]:
        return {}
    answers = np.stack(items[CLEAN])  # (n_items, JOINED_S * d): its products are mean cosines
    result = {}
    for name in names:
        if name == CLEAN:
            continue
        cosine = np.stack(items[name]) @ answers.T
        own = np.diagonal(cosine).copy()
        np.fill_diagonal(cosine, _OUT)
        result[name] = own, cosine.max(axis=1)
    return result


def _joined_limit(
    condition: str, limit: float, folds: Sequence[tuple[FloatArray, FloatArray]]
) -> JoinedLimit:
    own = np.concatenate([each for each, _ in folds])
    others = np.concatenate([each for _, each in folds])
    return JoinedLimit(
        condition, limit, len(own), float((own >= limit).mean()), float((others >= limit).mean())
    )


def _system_figures(condition: str, folds: Sequence[_Asked]) -> SystemSearch:
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
    pairs: Sequence[_Pairs],
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
