"""How far a search by likeness can be trusted: figures that `python -m training search-precision` measured.

They belong to one detector's embeddings; where a detector has none, nothing is claimed.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from storage.model_store import SHIPPED

FIGURES_NAME = "search_precision.json"
# A pair of items is told of from these likenesses on; the figures say what that means
NEAR_MEAN_FROM = 0.75  # of two items' means: who is compared second by second
NEAR_ALIGNED_FROM = 0.85  # mean over a few seconds: perhaps the same recording
NEAR_LONG_FROM = 0.75  # mean over `LONG_S` seconds and more: chance is less there
LONG_S = 8
ALIKE_FROM = 0.85  # of two synthetic items: perhaps made alike


@dataclass(frozen=True, slots=True)
class SearchTrust:
    """What was measured on systems and recordings that the space never met; fractions."""

    n_systems: int
    system_at_1: float  # nearest clip of the same system, mean over systems
    system_at_10: float
    clips_at_1: float  # the same, mean over clips
    chance: float  # of a blind draw, over clips
    recording_at_1: tuple[tuple[str, float], ...]  # (what was done to the copy, found first)
    alike_right: float  # of synthetic pairs at least `ALIKE_FROM` alike, of one system
    near_kept: tuple[tuple[str, float], ...]  # copies of 10 s at least `NEAR_LONG_FROM` alike
    near_strangers: float  # items of 10 s with another one at least that much alike


def near_from(n_seconds: int) -> float:
    """Return the likeness from which so many seconds are perhaps the same recording."""
    return NEAR_LONG_FROM if n_seconds >= LONG_S else NEAR_ALIGNED_FROM


def read_trust(detector: str, folder: Path = SHIPPED) -> SearchTrust | None:
    """Return the figures of a detector by its name; None: not measured."""
    try:
        known = json.loads((folder / FIGURES_NAME).read_text("utf-8"))
        figures = known[detector]
        clean = figures["systems"][0]
        limits = {row["limit"]: row for row in figures["pairs"]}
        near = [row for row in figures["joined"] if row["limit"] == NEAR_LONG_FROM]
        return SearchTrust(
            clean["n_systems"],
            clean["by_system_at_1"],
            clean["by_system_at_10"],
            clean["at_1"],
            clean["chance"],
            tuple((row["condition"], row["at_1"]) for row in figures["recordings"]),
            limits[ALIKE_FROM]["system_right"],
            tuple((row["condition"], row["kept"]) for row in near),
            max(row["strangers"] for row in near),
        )
    except (FileNotFoundError, KeyError, IndexError, ValueError):
        return None
