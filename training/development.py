"""Development part: a share of a split's training speakers, sources and systems, held out of it.

Early stop is judged on it. It never has a row of the split's test part, and what is still trained on
shares no system, speaker or pair with it (the rule of training/splits.py).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import nn

from pipeline.errors import InputError
from pipeline.vocabulary import FloatArray, IntArray, Label
from training.calibration import ScoredSegments, join_scores
from training.early_stop import Development, EarlyStop, Judge
from training.manifests import Utterance
from training.segment_scores import describe, score_segments
from training.speaker_encodings import open_encodings
from training.splits import system_name, without_leaks
from training.system_errors import mean_system_eer

MOST_JUDGED = 300  # utterances of a class in one evaluation, for it to take seconds
USABLE_SHARE = 0.5  # of a system's utterances whose voices are not trained on, to hold it out


def hold_back(
    utterances: Sequence[Utterance], rows: IntArray, config: EarlyStop
) -> tuple[IntArray, IntArray]:
    """Return the rows that are still trained on, and the development rows.

    Genuine: one whole source if one is small enough, then whole speakers, about `share` of the
    utterances. Synthetic: whole systems, likewise; copies of voices that stay in training are in
    neither part.

    Args:
        utterances: all that there are.
        rows: the training part of a split.
        config: share and seed.

    Raises:
        InputError: no such part can be made: too few speakers or systems.
    """
    random = np.random.default_rng(config.seed)
    of_class = {
        label: [int(row) for row in rows if utterances[row].label is label] for label in Label
    }
    genuine = _held_voices(utterances, of_class[Label.BONAFIDE], config.share, random)
    trained = [utterances[row] for row in of_class[Label.BONAFIDE] if row not in genuine]
    spoof = _held_systems(utterances, of_class[Label.SPOOF], trained, config.share, random)
    if not genuine or not spoof or not trained:
        raise InputError(
            "early stop has no development part: the training part has too few speakers or systems"
        )
    development = genuine | spoof
    place = {utterances[row].clip_id: int(row) for row in rows}
    kept = without_leaks(
        [utterances[row] for row in rows if int(row) not in development],
        [utterances[row] for row in sorted(development)],
        utterances,
    )
    if {row.label for row in kept} != set(of_class):
        raise InputError("early stop leaves nothing to train on in one class: lower its share")
    return (
        np.array(sorted(place[row.clip_id] for row in kept), dtype=np.int64),
        np.array(sorted(development), dtype=np.int64),
    )


def vit_judge(
    utterances: Sequence[Utterance], rows: IntArray, cache: Path, copies: Sequence[str]
) -> Judge:
    """Return what judges a ViT by its mean per-system EER on development rows.

    Args:
        utterances: all that the copies hold, in their order.
        rows: the development rows; of many, some.
        cache: the folder of the copies.
        copies: which copies of them are scored.
    """
    chosen = _thinned(utterances, rows)
    conditions = [(name, name) for name in copies]

    def judge(net: nn.Module) -> float:
        members = (lambda frames, encoded: net(frames, encoded)[0],)
        segments, scores = score_segments(utterances, chosen, cache, conditions, members)
        return mean_system_eer(segments.with_score(scores[:, 0].astype(np.float64)))

    return judge


def encoding_development(
    utterances: Sequence[Utterance], rows: IntArray, cache: Path, copies: Sequence[str]
) -> Development:
    """Return the development part of encoding nets; the arguments are those of `vit_judge`."""
    conditions = [(name, name) for name in copies]
    segments, values = encoded_segments(utterances, _thinned(utterances, rows), cache, conditions)
    return Development(
        values, lambda scores: mean_system_eer(segments.with_score(scores.astype(np.float64)))
    )


def encoded_segments(
    utterances: Sequence[Utterance],
    rows: IntArray,
    cache: Path,
    copies: Sequence[tuple[str, str]],
) -> tuple[ScoredSegments, FloatArray]:
    """Return the rows' seconds under each condition, and their encodings float32 (n, 1024).

    Near-silent seconds are among them: without the frames they cannot be told.

    Args:
        utterances: all that the copies hold, in their order.
        rows: which of them.
        cache: the folder of the copies.
        copies: (condition, name of the copy).
    """
    parts: list[ScoredSegments] = []
    values: list[FloatArray] = []
    for condition, name in copies:
        encodings = open_encodings(cache, name)
        wanted = np.isin(encodings.owner, rows)
        owner, count = np.unique(encodings.owner[wanted], return_counts=True)
        parts += [
            describe(utterances[row], int(row), condition, int(n))
            for row, n in zip(owner, count, strict=True)
        ]
        values.append(encodings.values[wanted].astype(np.float32))
    return join_scores(parts), np.concatenate(values)


def _held_voices(
    utterances: Sequence[Utterance], rows: list[int], share: float, random: np.random.Generator
) -> set[int]:
    """Return genuine rows to hold out: a whole source if one fits, then whole speakers."""
    wanted = share * len(rows)
    by_source = _grouped({row: utterances[row].source for row in rows})
    held: set[int] = set()
    for source in random.permutation(sorted(by_source)):
        if len(by_source[source]) <= wanted and len(by_source) > 1:
            held |= by_source[source]
            break
    spoken = {row: utterances[row].speaker or utterances[row].clip_id for row in rows}
    by_voice = _grouped(spoken)
    held = {row for voice in {spoken[row] for row in held} for row in by_voice[voice]}
    return _draw_groups(by_voice, held, wanted, random)


def _held_systems(
    utterances: Sequence[Utterance],
    rows: list[int],
    trained: Sequence[Utterance],
    share: float,
    random: np.random.Generator,
) -> set[int]:
    """Return synthetic rows to hold out: whole systems, no voice of theirs still trained on."""
    wanted = share * len(rows)
    voices = {row.speaker for row in trained} - {""}
    clips = {row.clip_id for row in trained}
    by_system = _grouped({row: system_name(utterances[row]) for row in rows})
    usable = {
        system: {
            row
            for row in of_system
            if utterances[row].speaker not in voices and clips.isdisjoint(utterances[row].pairs)
        }
        for system, of_system in by_system.items()
    }
    worth_it = {
        system: of_system
        for system, of_system in usable.items()
        if len(of_system) > USABLE_SHARE * len(by_system[system])
    }
    return _draw_groups(worth_it, set(), wanted, random)


def _draw_groups(
    groups: dict[str, set[int]], held: set[int], wanted: float, random: np.random.Generator
) -> set[int]:
    """Return `held` with whole groups drawn to it until there are about `wanted`; one at least."""
    for name in random.permutation(sorted(groups)):
        if len(held) >= wanted:
            break
        if len(held | groups[name]) <= 2 * wanted:
            held = held | groups[name]
    if not held and groups:
        held = min((groups[name] for name in sorted(groups)), key=len)
    return held


def _grouped(names: dict[int, str]) -> dict[str, set[int]]:
    """Return the rows of each name."""
    groups: dict[str, set[int]] = {}
    for row, name in names.items():
        groups.setdefault(name, set()).add(row)
    return groups


def _thinned(utterances: Sequence[Utterance], rows: IntArray) -> IntArray:
    """Return at most `MOST_JUDGED` rows of each class, evenly spread."""
    kept: list[IntArray] = []
    for label in Label:
        of_class = np.array([row for row in rows if utterances[row].label is label], dtype=np.int64)
        places = np.linspace(0, len(of_class) - 1, min(MOST_JUDGED, len(of_class))).astype(np.int64)
        kept.append(of_class[places])
    return np.sort(np.concatenate(kept))
