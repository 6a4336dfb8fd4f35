"""What a search by likeness answers to held-out clips of a fold: systems, recordings, pairs, items.

Takes a space that was fitted elsewhere (`training.search_precision`, which tells what is asked and
turns the answers into figures); decides nothing about folds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray, IntArray
from training.attribution import Clips
from training.manifests import Utterance
from training.models.system_head import SystemSpace
from training.splits import group_name

CLEAN = "clean"
SHIFTED = "clean, cut 0.5 s later"
NEAREST = 10
JOINED_S = 10
LOOKED_AT = 50  # nearest clips whose seconds are compared one by one
OUT = -9.0  # below every cosine: no answer


@dataclass(frozen=True, slots=True)
class SystemAnswers:
    """What one fold's queries found; every list has one entry a query, `other_page` at the most."""

    system_of: list[str]
    right_1: list[bool]
    right_10: list[float]
    chance: list[float]
    other_page: list[bool]


@dataclass(frozen=True, slots=True)
class ClipPairs:
    """All pairs of one fold's synthetic clips."""

    cosine: FloatArray  # (n, n), `OUT` where a pair does not count
    is_same: NDArray[np.bool_]  # (n, n), of one system
    system: NDArray[np.str_]  # (n,)


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What the manifest says of each utterance; arrays (n_utterances,)."""

    system: NDArray[np.str_]
    page: NDArray[np.str_]
    origins: list[frozenset[str]]  # the clip and what it was made from


@dataclass(frozen=True, slots=True)
class ClipVectors:
    """One copy of the corpus in one space."""

    segments: FloatArray  # (n_segments, d), by owner
    first: IntArray  # (n_utterances,) where an utterance's segments begin
    count: IntArray  # (n_utterances,)
    mean: FloatArray  # (n_utterances, d), unit norm, 0 where there is none

    def of(self, row: int) -> FloatArray:
        """Return an utterance's segments."""
        return self.segments[self.first[row] : self.first[row] + self.count[row]]


def clip_vectors(
    clips: Clips, condition: str, space: SystemSpace, n_utterances: int
) -> ClipVectors:
    """Return one copy of all clips in a space, their segments in the order of their owners."""
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
    return ClipVectors(segments, first, count, mean.astype(np.float32))


def ask_systems(
    query: ClipVectors, asked: ClipVectors, gallery: IntArray, facts: ClipFacts
) -> SystemAnswers:
    """Return what every synthetic clip of the gallery finds that has somebody to find."""
    answers = asked.mean[gallery]
    systems, pages = facts.system[gallery], facts.page[gallery]
    found = SystemAnswers([], [], [], [], [])
    for row in gallery:
        if not facts.system[row] or not query.count[row]:
            continue
        is_origin = np.array([not facts.origins[row].isdisjoint(facts.origins[j]) for j in gallery])
        n_right = int(((systems == facts.system[row]) & ~is_origin).sum())
        if not n_right:
            continue
        cosine = np.where(is_origin, OUT, answers @ query.mean[row])
        nearest = np.argsort(-cosine)[:NEAREST]
        is_right = systems[nearest] == facts.system[row]
        found.system_of.append(str(facts.system[row]))
        found.right_1.append(bool(is_right[0]))
        found.right_10.append(float(is_right[: min(NEAREST, n_right)].mean()))
        found.chance.append(n_right / int((~is_origin).sum()))
        is_far = pages != facts.page[row]
        if ((systems == facts.system[row]) & ~is_origin & is_far).any():
            far = int(np.argmax(np.where(is_far, cosine, OUT)))
            found.other_page.append(bool(systems[far] == facts.system[row]))
    return found


def ask_recordings(
    query: ClipVectors, asked: ClipVectors, rows: IntArray, gallery: IntArray, facts: ClipFacts
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
        stranger = float(aligned[is_other].max(initial=OUT))
        found.append(((rank == 0, rank < NEAREST, best == row), own_likeness, stranger))
    return found


def aligned_likeness(query: FloatArray, answer: FloatArray) -> float:
    """Return the mean cosine of segments that lie at the same second, (n, d) and (m, d)."""
    n_both = min(len(query), len(answer))
    return float((query[:n_both] * answer[:n_both]).sum(axis=1).mean())


def clip_pairs(vectors: ClipVectors, gallery: IntArray, facts: ClipFacts) -> ClipPairs:
    """Return all pairs of synthetic clips; those of one original do not count."""
    rows = gallery[facts.system[gallery] != ""]
    cosine = vectors.mean[rows] @ vectors.mean[rows].T
    for place, row in enumerate(rows):
        for other, column in enumerate(rows):
            if not facts.origins[row].isdisjoint(facts.origins[column]):
                cosine[place, other] = OUT
    system = facts.system[rows]
    return ClipPairs(cosine, system[:, None] == system, system)


def joined_likeness(
    vectors: Mapping[str, ClipVectors], gallery: IntArray, utterances: Sequence[Utterance]
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
        np.fill_diagonal(cosine, OUT)
        result[name] = own, cosine.max(axis=1)
    return result
