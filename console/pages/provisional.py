"""What was scored so far, as the pages show it: cells in their colours, and no verdict."""

from dataclasses import dataclass

from console.pages.finding import CELL_HIGH, LANE_GAP, WIDE, CellShown, clock
from jobs.provisional import Provisional
from reports.languages import words_of
from reports.scale import cell_colour
from reports.wording import cell_words


@dataclass(frozen=True, slots=True)
class ProvisionalLane:
    """One channel."""

    y: int
    cells: tuple[CellShown, ...]


@dataclass(frozen=True, slots=True)
class ProvisionalTimeline:
    """What `parts/provisional.html` puts in."""

    lanes: tuple[ProvisionalLane, ...]
    high: int
    end: str  # of the whole sound, or of what was scored
    reached: str  # how far it is scored
    wide: int = WIDE
    cell_high: int = CELL_HIGH


def show_provisional(found: Provisional | None, language: str) -> ProvisionalTimeline | None:
    """Return what was scored so far, or None where nothing was."""
    if found is None or not found.cells:
        return None
    words = words_of(language)
    reached_s = max(cell.end_s for cell in found.cells)
    total_s = max(found.total_s, reached_s)
    scale = WIDE / max(total_s, 1e-6)
    channels = sorted({(cell.track, cell.channel) for cell in found.cells})
    lanes = tuple(
        ProvisionalLane(
            number * (CELL_HIGH + LANE_GAP),
            tuple(
                CellShown(
                    round(cell.start_s * scale, 2),
                    round(max((cell.end_s - cell.start_s) * scale - 0.5, 0.5), 2),
                    cell_colour(cell.llr, found.llr_limit),
                    cell.start_s,
                    f"{clock(cell.start_s)} {cell_words(cell.llr, found.llr_limit, words)}",
                )
                for cell in found.cells
                if (cell.track, cell.channel) == channel
            ),
        )
        for number, channel in enumerate(channels)
    )
    high = len(lanes) * (CELL_HIGH + LANE_GAP) - LANE_GAP
    return ProvisionalTimeline(lanes, high, clock(total_s), clock(reached_s))
