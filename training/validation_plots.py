"""Which pictures go with the tables of a validation, and what they show."""

from pathlib import Path

import numpy as np

from pipeline.model_card import ModelCard
from training.calibration import ScoredSegments, Scores, utterance_items
from training.card_limits import SMALLEST_GROUP, SPOOF
from training.detector_card import items_and_llr
from training.plots import (
    GENUINE,
    SYNTHETIC,
    draw_bars,
    draw_histogram,
    draw_reliability,
    draw_tippett,
    draw_trade_off,
)
from training.validate import utterance_llr
from training.validation_conditions import MIXED
from training.validation_tables import (
    conditions_of,
    group_errors,
)

SHOWN_S = 4  # the amount of voice from which the product decides


def draw_all(segments: ScoredSegments, card: ModelCard, folder: Path) -> list[Path]:
    """Write every picture into a folder and return the files.

    Args:
        segments: scored, under `clean` at least.
        card: of the detector.
        folder: made if it is not there.
    """
    mixed = [name for name in conditions_of(segments) if name in {one.name for one in MIXED}]
    whole = {name: _whole(segments, card, name) for name in mixed}
    joined = {name: _joined(segments, card, name) for name in mixed}
    thresholds = (card.thresholds.synthetic_below, card.thresholds.no_evidence_above)
    draw_trade_off(
        {f"{name}, whole clips": classes for name, classes in whole.items()},
        folder / "trade_off.svg",
    )
    lengths = {f"{n} s of voice": _joined(segments, card, "clean", n) for n in (1, 2, 4, 8)}
    draw_trade_off(lengths, folder / "trade_off_by_length.svg")
    draw_reliability(
        {f"{name}, {SHOWN_S} s": classes for name, classes in joined.items()},
        folder / "reliability.svg",
    )
    for name, classes in whole.items():
        draw_histogram(classes, thresholds, f"Scores, {name}", folder / f"scores_{name}.svg")
        draw_tippett(classes, f"Scores, cumulated, {name}", folder / f"tippett_{name}.svg")
    errors = group_errors(segments, card, "clean")
    shown = {
        name: (count, rate) for name, (count, rate, _) in errors.items() if count >= SMALLEST_GROUP
    }
    for words, colour, is_spoof, file in (
        ("Genuine sources called synthetic, clean", GENUINE, False, "sources.svg"),
        ("Systems called genuine, clean", SYNTHETIC, True, "systems.svg"),
    ):
        own = {
            name.partition(":")[2]: value
            for name, value in shown.items()
            if name.startswith(SPOOF) is is_spoof
        }
        draw_bars(own, words, colour, folder / file)
    return sorted(folder.glob("*.svg"))


def _whole(segments: ScoredSegments, card: ModelCard, condition: str) -> tuple[Scores, Scores]:
    """Return the LLRs of both classes' whole utterances."""
    items = utterance_items(segments.select(segments.condition == condition))
    llr = utterance_llr(items, card)
    return llr[items.is_bonafide], llr[~items.is_bonafide]


def _joined(
    segments: ScoredSegments, card: ModelCard, condition: str, voiced_s: int = SHOWN_S
) -> tuple[Scores, Scores]:
    """Return the LLRs of both classes' items of one amount of voice."""
    chosen = segments.select(segments.condition == condition)
    items, llr = items_and_llr(chosen, voiced_s, card.calibration["recorded"])
    return np.asarray(llr[items.is_bonafide]), np.asarray(llr[~items.is_bonafide])
