"""The heat-map of a job: a row an item (or a run of neighbours), a column a stretch of time.

With few items a cell is coloured as in the item's own timeline. With many it shows how many of the
row's items support synthesis there: a mean over hundreds of items would show nothing.
"""

import math
from dataclasses import dataclass

from sqlalchemy import Connection, text

from reports.scale import EVEN_BELOW, UNSCORED_COLOUR, Side, Step, cell_colour, step_colour
from storage.job_report_rows import HeatBin, HeatScale, heat_bins, heat_cells, heat_extent

MOST_ROWS = 60  # 1.8 mm each
MOST_COLUMNS = 48
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600)
_ROW_MM = (1.8, 5.0)  # least and most
_HIGH_MM = 108.0
WIDTH_MM = 174.0
LEFT_MM = 20.0  # where the rows' names stand
# shares of a row's items, each with the colour of a step; more than the last is the darkest
SHARES = (0.05, 0.1, 0.25, 0.5)
NONE_COLOUR = "#e9eef2"  # judged, and nothing supports synthesis


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One row: its items, and a colour for each column, `UNSCORED_COLOUR` where nothing was judged."""

    bin: HeatBin
    colours: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """The whole picture."""

    rows: tuple[HeatRow, ...]
    cell_s: float
    n_columns: int
    is_single: bool  # a row is one item
    has_later: bool  # the last column holds everything after it too
    llr_limit: float

    @property
    def row_mm(self) -> float:
        """How high a row is."""
        least, most = _ROW_MM
        return max(least, min(most, _HIGH_MM / max(len(self.rows), 1)))


_LIMIT = text("SELECT max(llr_limit) FROM analysis WHERE job_id = :job_id")


def heat_map_of(connection: Connection, job_id: int) -> HeatMap | None:
    """Return a job's heat-map; None where no item was analysed."""
    extent = heat_extent(connection, job_id)
    if extent.n_items == 0 or extent.longest_s <= 0:
        return None
    cell_s = _step_of(extent.long_s / MOST_COLUMNS)
    n_columns = max(1, min(MOST_COLUMNS, math.ceil(extent.longest_s / cell_s - 1e-6)))
    limit = float(connection.scalar(_LIMIT, {"job_id": job_id}) or 0.0)
    scale = HeatScale(cell_s, n_columns, -math.log(EVEN_BELOW))
    is_single = extent.n_items <= MOST_ROWS
    rows = []
    for row in heat_bins(connection, job_id, MOST_ROWS):
        colours = [UNSCORED_COLOUR] * n_columns
        for cell in heat_cells(connection, job_id, row, scale):
            colours[cell.column] = (
                cell_colour(cell.llr, limit)
                if is_single
                else share_colour(cell.n_spoof / cell.n_items)
            )
        rows.append(HeatRow(row, tuple(colours)))
    has_later = extent.longest_s > cell_s * n_columns + 1e-6
    return HeatMap(tuple(rows), cell_s, n_columns, is_single, has_later, limit)


def share_colour(share: float) -> str:
    """Return the colour of a share of items that support synthesis, 0 to 1."""
    if share <= 0:
        return NONE_COLOUR
    step = next((place for place, most in enumerate(SHARES) if share <= most), len(SHARES))
    return step_colour(Side.SPOOF, Step(step + 1))


def draw_heat_map(heat: HeatMap) -> tuple[str, float]:
    """Return the picture as SVG without words, and its height in millimetres."""
    wide = (WIDTH_MM - LEFT_MM) / heat.n_columns
    high = heat.row_mm * len(heat.rows)
    parts = []
    for place, row in enumerate(heat.rows):
        for first, length, colour in _runs(row.colours):
            parts.append(
                f'<rect x="{LEFT_MM + first * wide:.2f}" y="{place * heat.row_mm:.2f}" '
                f'width="{length * wide - 0.06:.2f}" height="{heat.row_mm - 0.12:.2f}" fill="{colour}"/>'
            )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_MM:g} {high:.2f}">'
        f"{''.join(parts)}</svg>",
        high,
    )


def _runs(colours: tuple[str, ...]) -> list[tuple[int, int, str]]:
    """Return (first column, columns, colour) of neighbours that look the same."""
    runs: list[tuple[int, int, str]] = []
    for place, colour in enumerate(colours):
        if runs and runs[-1][2] == colour and colour == UNSCORED_COLOUR:
            first, length, _ = runs[-1]
            runs[-1] = (first, length + 1, colour)
        else:
            runs.append((place, 1, colour))
    return runs


def _step_of(least_s: float) -> float:
    """Return the smallest length that a reader can think in and that is at least `least_s`."""
    for step in _STEPS_S:
        if step >= least_s:
            return float(step)
    return math.ceil(least_s / 3_600) * 3_600.0
