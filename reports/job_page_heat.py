"""The heat-map of a job's report: picture, caption, axes and legend as plain data."""

from reports.canonical_json import Json
from reports.job_heat import (
    LEFT_MM,
    NONE_COLOUR,
    SHARES,
    WIDTH_MM,
    HeatMap,
    draw_heat_map,
    share_colour,
)
from reports.job_words import JobWords
from reports.quantities import clock, duration, grouped
from reports.scale import EVEN_COLOUR, UNSCORED_COLOUR, Side, Step, step_colour, weigh
from reports.words import Words

_TICKS = 6


def heat_part(heat: HeatMap, said: JobWords, words: Words) -> Json:
    """Return the picture of all items over time, what stands beside it, and what its colours mean."""
    picture, high = draw_heat_map(heat)
    end_s = heat.cell_s * heat.n_columns
    sentences = said.sentences
    n_items = sum(row.bin.n_items for row in heat.rows)
    cell = words.paragraphs["cell_one"] if heat.cell_s <= 1 else duration(heat.cell_s)
    if heat.is_single:
        caption = sentences["heat_single"].format(cell=cell)
    else:
        each = grouped(max(1, round(n_items / len(heat.rows))))
        caption = sentences["heat_many"].format(rows=len(heat.rows), n=each, cell=cell)
    if heat.has_later:
        caption += " " + sentences["heat_later"].format(end=duration(end_s - heat.cell_s))
    every = max(1, len(heat.rows) // 15)
    wide = (WIDTH_MM - LEFT_MM) / heat.n_columns
    step = max(1, heat.n_columns // _TICKS)
    return {
        "picture": picture,
        "high": high,
        "alt": sentences["heat_alt"].format(
            n=grouped(n_items),
            total=duration(end_s),
            rows=len(heat.rows),
            columns=heat.n_columns,
        ),
        "caption": caption,
        "rows_from": said.labels["rows_from"],
        "names": [
            [place * heat.row_mm, str(row.bin.first_id)]
            for place, row in enumerate(heat.rows)
            if place % every == 0
        ],
        "row_high": heat.row_mm,
        "ticks": [
            [LEFT_MM + column * wide, clock(column * heat.cell_s)]
            for column in range(0, heat.n_columns, step)
        ],
        "legend": _legend(heat, said, words),
    }


def _legend(heat: HeatMap, said: JobWords, words: Words) -> list[Json]:
    """Return (colour, words) of what stands in the picture."""
    if heat.is_single:
        most = weigh(heat.llr_limit, heat.llr_limit).step or Step.WEAK
        spoof = [step_colour(Side.SPOOF, Step(n)) for n in range(most, 0, -1)]
        person = [step_colour(Side.BONAFIDE, Step(n)) for n in range(1, most + 1)]
        return [
            *(_entry(colour) for colour in spoof[:-1]),
            _entry(spoof[-1], words.labels["legend_spoof"]),
            _entry(EVEN_COLOUR, words.labels["legend_even"]),
            *(_entry(colour) for colour in person[:-1]),
            _entry(person[-1], words.labels["legend_bonafide"]),
            _entry(UNSCORED_COLOUR, words.labels["legend_unscored"]),
        ]
    spans = list(zip([0.0, *SHARES], [*SHARES, 1.0], strict=True))
    said_of = [f"{low * 100:g}–{high * 100:g}" for low, high in spans]
    said_of[-1] += f" {said.labels['legend_share']}"
    return [
        _entry(NONE_COLOUR, "0"),
        *(_entry(share_colour(high), name) for (_, high), name in zip(spans, said_of, strict=True)),
        _entry(UNSCORED_COLOUR, words.labels["legend_unscored"]),
    ]


def _entry(colour: str, name: str = "") -> Json:
    return {"colour": colour, "words": name}
