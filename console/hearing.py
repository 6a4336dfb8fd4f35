"""A recording that still goes on: what its pieces showed so far. Provisional, and never a report.

Each piece is analysed as any file is; its segments join those of the pieces before, and the rule that
decides an item decides them. The caller keeps the rows between pieces, so nothing is kept here. When
the recording ends, the whole of it is analysed as a file: only that is an answer.
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from pipeline.calibrate import segment_llr
from pipeline.decide import decide
from pipeline.model_card import ModelCard
from pipeline.vocabulary import (
    MediaReport,
    Reason,
    SegmentFacts,
    SegmentScores,
    Variant,
    Verdict,
)

MOST_LIVE_S = 300.0  # of a recording that is heard while it goes on; its end is heard at the end
MOST_PIECE_S = 16.0  # of one piece: some seconds, and what came before them
MOST_ROWS = 1200  # two ways to listen, a segment a second, and some to spare
EDGE_S = 0.01  # rows that begin this much earlier belong to the piece before


class HeardRow(BaseModel):
    """One segment of a recording that goes on."""

    model_config = ConfigDict(extra="forbid")

    start_s: Annotated[float, Field(ge=0, le=MOST_LIVE_S + MOST_PIECE_S, allow_inf_nan=False)]
    end_s: Annotated[float, Field(ge=0, le=MOST_LIVE_S + 2 * MOST_PIECE_S, allow_inf_nan=False)]
    variant: Variant
    cm_score: Annotated[float | None, Field(ge=-1e4, le=1e4, allow_inf_nan=False)]
    reason: Reason = Reason.NONE  # why it was not scored


class HeardCell(BaseModel):
    """One second as it was recorded."""

    start_s: float
    end_s: float
    llr: float | None  # > 0 supports a person speaking; null: not scored


def rows_of(report: MediaReport, piece_start_s: float, from_s: float) -> list[HeardRow]:
    """Return the segments of a piece that begin at `from_s` of the recording or later.

    Args:
        report: of the piece.
        piece_start_s: where the piece begins in the recording.
        from_s: what begins earlier is known from the piece before.
    """
    if report.scores is None:
        return []
    facts, cm_score = report.scores.facts, report.scores.cm_score
    return [
        HeardRow(
            start_s=float(facts.start_s[row]) + piece_start_s,
            end_s=float(facts.end_s[row]) + piece_start_s,
            variant=Variant(str(facts.variant[row])),
            cm_score=None if np.isnan(cm_score[row]) else round(float(cm_score[row]), 4),
            reason=Reason(str(facts.reason[row])),
        )
        for row in range(len(cm_score))
        if facts.channel[row] == 0 and facts.start_s[row] + piece_start_s >= from_s - EDGE_S
    ]


def decide_so_far(rows: Sequence[HeardRow], card: ModelCard) -> Verdict:
    """Return what an item of these segments would show; at least one row."""
    n = len(rows)
    scored = [row.cm_score is not None and row.reason is Reason.NONE for row in rows]
    facts = SegmentFacts(
        start_s=np.array([row.start_s for row in rows], np.float64),
        end_s=np.array([row.end_s for row in rows], np.float64),
        track=np.zeros(n, np.int64),
        channel=np.zeros(n, np.int64),
        variant=np.array([row.variant.value for row in rows]),
        voiced_share=np.ones(n, np.float32),
        removed_share=np.zeros(n, np.float32),
        quality=np.zeros(n, np.int64),
        # a row without a score counts as not scored, whatever it says of itself
        reason=np.array(
            [
                row.reason.value if ok or row.reason is not Reason.NONE else Reason.NO_SPEECH.value
                for row, ok in zip(rows, scored, strict=True)
            ]
        ),
    )
    cm_score = np.array(
        [row.cm_score if ok else np.nan for row, ok in zip(rows, scored, strict=True)], np.float32
    )
    no_embedding = np.zeros((n, 0), np.float32)
    return decide(SegmentScores(facts, cm_score, cm_score, no_embedding, None, ""), card)


def cells_of(rows: Sequence[HeardRow], card: ModelCard) -> list[HeardCell]:
    """Return the seconds as they were recorded, for a timeline."""
    calibration = card.calibration[Variant.RECORDED.value]
    recorded = [row for row in rows if row.variant is Variant.RECORDED]
    cm_score = np.array(
        [np.nan if row.cm_score is None else row.cm_score for row in recorded], np.float32
    )
    llr = segment_llr(cm_score, calibration)
    return [
        HeardCell(
            start_s=row.start_s,
            end_s=row.end_s,
            llr=None if np.isnan(value) else round(float(value), 2),
        )
        for row, value in zip(recorded, llr, strict=True)
    ]
