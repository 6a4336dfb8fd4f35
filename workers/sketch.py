"""Sums up what was scored of one item so far, for people who watch: at most some cells, whatever its length.

Cells grow as the item does: where there are too many, two become one. Nothing here decides anything.
"""

from dataclasses import dataclass, field

import numpy as np

from jobs.provisional import MOST_CELLS, Provisional, ProvisionalCell
from pipeline.calibrate import segment_llr
from pipeline.model_card import ModelCard
from pipeline.vocabulary import FloatArray, Reason, SegmentFacts, Variant

FIRST_CELL_S = 1.0


@dataclass(slots=True)
class _Sum:
    total: float = 0.0
    n: int = 0
    end_s: float = 0.0


@dataclass(slots=True)
class Sketch:
    """The LLRs of one attempt's recorded segments, by cells of time; lives as long as its walk."""

    card: ModelCard
    cell_s: float = FIRST_CELL_S
    _sums: dict[tuple[int, int, int], _Sum] = field(default_factory=dict)

    def add(self, facts: SegmentFacts, cm_score: FloatArray) -> bool:
        """Take in a batch; tell whether anything of it is shown.

        Args:
            facts: of its n segments.
            cm_score: (n_scored,) of the segments without a reason, in order.
        """
        scored = np.flatnonzero(facts.reason == Reason.NONE)
        is_recorded = facts.variant[scored] == Variant.RECORDED
        rows = scored[is_recorded]
        llr = segment_llr(cm_score[is_recorded], self.card.calibration[Variant.RECORDED.value])
        for row, value in zip(rows, llr, strict=True):
            start_s = float(facts.start_s[row])
            place = (int(facts.track[row]), int(facts.channel[row]), int(start_s / self.cell_s))
            self._add(place, float(value), 1, float(facts.end_s[row]))
        while len(self._sums) > MOST_CELLS and self.cell_s < 1e6:
            self._double()
        return bool(len(rows))

    def shown(self, total_s: float) -> Provisional:
        """Return what there is; `total_s` is the length of the whole sound, 0 = not known."""
        cells = [
            ProvisionalCell(
                track,
                channel,
                place * self.cell_s,
                min((place + 1) * self.cell_s, sums.end_s),
                round(sums.total / sums.n, 1),
            )
            for (track, channel, place), sums in sorted(self._sums.items())
        ]
        limit = self.card.calibration[Variant.RECORDED.value].llr_limit
        # more channels than cells: the newest ones, since those before them change no more
        return Provisional(round(total_s, 1), limit, tuple(cells[-MOST_CELLS:]))

    def _add(self, place: tuple[int, int, int], total: float, n: int, end_s: float) -> None:
        sums = self._sums.setdefault(place, _Sum())
        sums.total += total
        sums.n += n
        sums.end_s = max(sums.end_s, end_s)

    def _double(self) -> None:
        before, self._sums = self._sums, {}
        self.cell_s *= 2
        for (track, channel, place), sums in before.items():
            self._add((track, channel, place // 2), sums.total, sums.n, sums.end_s)
