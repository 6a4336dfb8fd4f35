"""Which seconds speak most clearly for each side, and their sound, in bounded memory.

Scores are known only after the sound went by: the sound of a batch is kept while it may hold one of
the strongest segments, and dropped once others are stronger. "Strongest" is by the CM score of the
recording as it is; the calibration keeps that order.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np

from pipeline.sound_picture import Painter
from pipeline.traces import HeardSegment, SoundArray
from pipeline.vocabulary import (
    FloatArray,
    Reason,
    SegmentFacts,
    Variant,
)

N_EACH = 2  # of each side: four pictures stand beside each other on a page
FULL_SCALE_16 = 32_767

Kept = TypeVar("Kept")


class SoundKeeper(Generic[Kept]):
    """Keeps something of at most `2 * N_EACH` batches; lives as long as an item is scored."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._extremes: dict[int, tuple[float, float]] = {}  # lowest and highest score of a batch
        self.kept: dict[int, Kept] = {}  # by the batch's number

    def add(self, batch: int, facts: SegmentFacts, cm_score: FloatArray, sound: Kept) -> None:
        """Take a batch that was scored.

        Args:
            batch: its number.
            facts: of its segments.
            cm_score: (n_scored,) of the segments without a reason, in order.
            sound: of its recorded segments and what else is wanted of them, or what leads to it.
        """
        scores = _recorded_scores(facts, cm_score)
        if not len(scores):
            return
        self._extremes[batch] = (float(scores.min()), float(scores.max()))
        self.kept[batch] = sound
        # among the batches with the N lowest minima are the N lowest segments, wherever they lie
        low = sorted(self._extremes, key=lambda number: (self._extremes[number][0], number))
        high = sorted(self._extremes, key=lambda number: (-self._extremes[number][1], number))
        wanted = {*low[:N_EACH], *high[:N_EACH]}
        for number in [number for number in self.kept if number not in wanted]:
            del self.kept[number], self._extremes[number]


@dataclass(frozen=True, slots=True)
class StrongSegment:
    """Where one of the strongest segments lies."""

    cm_score: float
    number: int  # among all segments of the item
    batch: int
    row: int  # in the batch's facts
    scored_row: int  # in the batch's features


def strongest_segments(
    facts: Sequence[SegmentFacts], cm_scores: Sequence[FloatArray], kept: Collection[int]
) -> list[StrongSegment]:
    """Return the strongest segments of each side, lowest CM score first, each one once.

    Args:
        facts: of each batch.
        cm_scores: of each batch's scored rows.
        kept: the batches that a `SoundKeeper` kept something of.
    """
    found: list[tuple[float, int, int, int, int]] = []
    n_before = 0
    for batch, (part, scores) in enumerate(zip(facts, cm_scores, strict=True)):
        if batch in kept:
            scored = np.flatnonzero(part.reason == Reason.NONE)
            for scored_row, row in enumerate(scored):
                if part.variant[row] == Variant.RECORDED:
                    place = (n_before + int(row), batch, int(row), scored_row)
                    found.append((float(scores[scored_row]), *place))
        n_before += len(part.reason)
    found.sort()
    strongest = found if len(found) <= 2 * N_EACH else [*found[:N_EACH], *found[-N_EACH:]]
    return [StrongSegment(*values) for values in strongest]


def heard_segments(
    facts: Sequence[SegmentFacts],
    strongest: Sequence[StrongSegment],
    sounds: Mapping[int, SoundArray],
    sample_rate: int,
    llr_changes: FloatArray | None = None,
) -> tuple[HeardSegment, ...]:
    """Return the strongest segments with their sound and picture.

    Args:
        facts: of each batch.
        strongest: as `strongest_segments` found them.
        sounds: of the batches that they lie in.
        sample_rate: of the sound, in Hz.
        llr_changes: (n_strongest, n_parts), see `pipeline.occlusion`.
    """
    heard = tuple(
        _heard(facts[one.batch], one, sounds[one.batch], sample_rate) for one in strongest
    )
    if llr_changes is None:
        return heard
    return tuple(
        replace(one, llr_changes=changes) for one, changes in zip(heard, llr_changes, strict=True)
    )


def to_sound(samples: FloatArray) -> SoundArray:
    """Return samples of full scale 1.0 with 16 bits."""
    return np.round(samples * FULL_SCALE_16).astype(np.int16)


def _heard(
    facts: SegmentFacts, one: StrongSegment, sounds: SoundArray, sample_rate: int
) -> HeardSegment:
    sound = sounds[one.row]  # recorded segments come before separated ones
    painter = Painter(sample_rate, len(sound))
    painter.add((sound / FULL_SCALE_16).astype(np.float32))
    start_s = float(facts.start_s[one.row])
    picture = painter.finish(int(facts.track[one.row]), int(facts.channel[one.row]), start_s)
    return HeardSegment(one.number, start_s, sample_rate, sound, picture)


def _recorded_scores(facts: SegmentFacts, cm_score: FloatArray) -> FloatArray:
    variants = facts.variant[facts.reason == Reason.NONE]
    recorded: FloatArray = cm_score[variants == Variant.RECORDED]
    return recorded
