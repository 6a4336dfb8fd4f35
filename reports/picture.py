"""Timeline -> SVG: cells by colour, the running mean as a line, marked stretches as bars, the sound as a spectrogram.

Millimetres throughout. Colour is never alone: the line lies above or below the middle, cells
without a score are flat, stretches are bars under the cells.
"""

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

from pipeline.vocabulary import Variant
from reports.fonts import FAMILIES
from reports.quantities import clock
from reports.scale import (
    EVEN_COLOUR,
    UNSCORED_COLOUR,
    Side,
    Step,
    step_colour,
    weigh,
)
from reports.sound_parts import PicturePart
from reports.timeline import Lane, Timeline

WIDTH = 174.0  # A4 less the margins
_LEFT, _RIGHT = 17.0, 173.0  # of the cells; the axis' words stand left of them
_INK, _MUTED, _RULE, _MARK = "#1b2733", "#5d6b78", "#d3d9df", "#5f2900"
_CELLS_HIGH, _BAR_HIGH, _GAP = 7.0, 1.4, 0.8
_HAIR = 0.4  # a dot of a screen, so that every gap between cells is seen on one
_LANES_HIGH = 104.0  # all lanes of an item with many, so that they stay on page 1
_LEAST_SOUND_HIGH = 3.0  # a lower spectrogram shows nothing
_TICKS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200)
_MAX_TICKS = 9


@dataclass(frozen=True, slots=True)
class Word:
    """A word in the picture; x, y and size in millimetres, y of its baseline."""

    x: float
    y: float
    text: str
    fill: str
    size: float
    anchor: str  # start, middle, end


Shapes: TypeAlias = "list[str | Word]"


def draw(
    timeline: Timeline, labels: Mapping[str, str], pictures: Sequence[PicturePart] = ()
) -> str:
    """Return the picture as an SVG document, spectrograms under the cells that they belong to."""
    shapes, high = _shapes(timeline, labels, pictures)
    return _svg((_svg_word(s) if isinstance(s, Word) else s for s in shapes), high)


def draw_apart(
    timeline: Timeline, labels: Mapping[str, str], pictures: Sequence[PicturePart] = ()
) -> tuple[str, list[Word], float]:
    """Return the picture without its words, the words, and its height in millimetres.

    For scripts that join letters: Typst 0.15 sets them from an SVG without the code points that
    PDF/A asks for, and sets them right on a page.
    """
    shapes, high = _shapes(timeline, labels, pictures)
    words = [shape for shape in shapes if isinstance(shape, Word)]
    return _svg((shape for shape in shapes if isinstance(shape, str)), high), words, high


def shows_sound(timeline: Timeline, pictures: Sequence[PicturePart]) -> bool:
    """Tell whether the picture has room for the spectrograms."""
    n_sounds = len({(one.track, one.channel) for one in pictures})
    return _sound_high(len(timeline.lanes), n_sounds) > 0


def _svg(parts: Iterable[str], high: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {high:.2f}" '
        f'font-family="{", ".join(FAMILIES)}">{"".join(parts)}</svg>'
    )


def _svg_word(word: Word) -> str:
    return (
        f'<text x="{word.x:.2f}" y="{word.y:.2f}" font-size="{word.size:g}" fill="{word.fill}" '
        f'text-anchor="{word.anchor}">{escape(word.text)}</text>'
    )


def _shapes(
    timeline: Timeline, labels: Mapping[str, str], pictures: Sequence[PicturePart]
) -> tuple[Shapes, float]:
    """Return everything in the picture, from back to front, and its height."""
    n_lanes = len(timeline.lanes)
    panel = {1: 30.0, 2: 14.0}.get(n_lanes, 0.0)
    sounds = {(one.track, one.channel): one for one in pictures}
    sound_high = _sound_high(n_lanes, len(sounds))
    room = _LANES_HIGH - len(sounds) * (sound_high + _GAP)
    high = _CELLS_HIGH if panel else min(4.0, room / max(n_lanes, 1) - 2.4)
    parts: Shapes = []
    y = 1.0
    for lane in timeline.lanes:
        if panel and n_lanes > 1:
            parts.append(_text(_LEFT, y + 2.6, _lane_name(lane, labels), _MUTED))
            y += 3.8
        if panel:
            parts += _panel(lane, timeline, y, panel, labels)
            y += panel + 1.0
        else:
            name = _short_lane_name(lane, labels)
            parts.append(_text(_LEFT - 1, y + high / 2 + 0.7, name, _MUTED, 2.0, "end"))
        parts += _strip(lane, timeline, y, high)
        y += high + _GAP + _BAR_HIGH + (0.8 if panel else 0.2)
        sound = sounds.get((lane.track, lane.channel)) if lane.variant is Variant.RECORDED else None
        if sound is not None and sound_high:
            parts += _spectrogram(sound, timeline, y, sound_high)
            y += sound_high + _GAP
    parts += _axis(timeline, y)
    y += 7.0
    parts += _legend(timeline, y, labels)
    y += 4.0
    return parts, y


def _panel(
    lane: Lane, timeline: Timeline, top: float, high: float, labels: Mapping[str, str]
) -> Shapes:
    """Draw the running mean over a middle line: above supports a person, below synthetic."""
    middle, reach = top + high / 2, _reach(timeline)
    half = high / 2
    wide = _RIGHT - _LEFT
    parts: Shapes = [
        _rect(_LEFT, top, wide, half, "#f3f7fb"),
        _rect(_LEFT, middle, wide, half, "#fdf6ee"),
    ]
    for times in (10, 100, 1_000):
        level = math.log(times)
        if level > reach * 0.85:  # the words at the edges need room
            break
        for sign in (1, -1):
            y = middle - sign * level / reach * half
            parts.append(_line(_LEFT, y, _RIGHT, y, _RULE, 0.15, dash="0.8 0.8"))
            parts.append(_text(_LEFT - 1, y + 0.75, f"{times}×", _MUTED, size=2.1, anchor="end"))
    parts.append(_line(_LEFT, middle, _RIGHT, middle, _MUTED, 0.2))
    for word, y in ((labels["axis_bonafide"], top + 2.1), (labels["axis_spoof"], top + high - 0.4)):
        parts.append(_text(_LEFT - 1, y, word, _INK, size=2.3, anchor="end"))
    for span in lane.spans:
        left, right = _x(span.start_s, timeline), _x(span.end_s, timeline)
        parts.append(_rect(left, top, max(right - left, 0.4), high, _MARK, opacity=0.09))
    points: list[str] = []
    for seconds, llr in (*lane.curve, (timeline.end_s, math.nan)):
        if math.isfinite(llr):
            y = middle - max(-1.0, min(1.0, llr / reach)) * half
            points.append(f"{_x(seconds, timeline):.2f},{y:.2f}")
        elif points:
            parts.append(
                f'<polyline points="{" ".join(points)}" fill="none" stroke="{_INK}" '
                'stroke-width="0.45" stroke-linejoin="round" stroke-linecap="round"/>'
            )
            points = []
    return parts


def _strip(lane: Lane, timeline: Timeline, top: float, high: float) -> Shapes:
    parts: Shapes = []
    wide = (_RIGHT - _LEFT) / max(len(lane.cells), 1)
    hair = (
        min(_HAIR, wide / 6) if len(lane.cells) <= 120 else 0.0
    )  # between cells while they are wide
    for cell in lane.cells:
        left, right = _x(cell.start_s, timeline), _x(cell.end_s, timeline)
        if cell.llr is None:
            flat = high * 0.22
            parts.append(_rect(left, top + (high - flat) / 2, right - left, flat, UNSCORED_COLOUR))
        else:
            parts.append(_rect(left, top, max(right - left - hair, 0.05), high, cell.colour))
    bar = top + high + _GAP
    for span in lane.spans:
        left, right = _x(span.start_s, timeline), _x(span.end_s, timeline)
        parts.append(_rect(left, bar, max(right - left, 0.6), _BAR_HIGH, _MARK))
    return parts


def _sound_high(n_lanes: int, n_sounds: int) -> float:
    """Return the height of each spectrogram; 0 where so many lanes leave no room on page 1."""
    if not n_sounds:
        return 0.0
    if n_lanes <= 2:
        return 15.0 if n_sounds == 1 else 8.0
    high = min(8.0, (_LANES_HIGH - 5.0 * n_lanes) / n_sounds - _GAP)
    return high if high >= _LEAST_SOUND_HIGH else 0.0


def _spectrogram(sound: PicturePart, timeline: Timeline, top: float, high: float) -> Shapes:
    """Draw a channel's spectrogram on the same axis as its cells."""
    left, right = _x(sound.start_s, timeline), _x_beyond(sound.end_s, timeline)
    parts: Shapes = [
        # clipped where the last segment ends: up to 0.1 s of sound is in no segment
        f'<svg x="{_LEFT:.2f}" y="{top:.2f}" width="{_RIGHT - _LEFT:.2f}" height="{high:.2f}">'
        f'<image x="{left - _LEFT:.2f}" y="0" width="{right - left:.2f}" height="{high:.2f}" '
        f'preserveAspectRatio="none" href="data:image/png;base64,{sound.png}"/></svg>',
        f'<rect x="{_LEFT:.2f}" y="{top:.2f}" width="{_RIGHT - _LEFT:.2f}" height="{high:.2f}" '
        f'fill="none" stroke="{_RULE}" stroke-width="0.15"/>',
    ]
    if high >= 2 * _LEAST_SOUND_HIGH:
        top_words = f"{sound.max_hz / 1_000:g}\u00a0kHz"
        parts.append(_text(_LEFT - 1, top + 2.0, top_words, _MUTED, 2.1, "end"))
        parts.append(_text(_LEFT - 1, top + high, "0", _MUTED, 2.1, "end"))
    return parts


def _axis(timeline: Timeline, top: float) -> Shapes:
    step = next((s for s in _TICKS_S if timeline.end_s / s <= _MAX_TICKS), None)
    step = step or math.ceil(timeline.end_s / _MAX_TICKS / 3_600) * 3_600
    parts: Shapes = [_line(_LEFT, top, _RIGHT, top, _MUTED, 0.2)]
    for index in range(int(timeline.end_s / step + 1e-6) + 1):
        x = _x(index * step, timeline)
        parts.append(_line(x, top, x, top + 1.0, _MUTED, 0.2))
        anchor = "start" if index == 0 else "end" if x > _RIGHT - 4 else "middle"
        parts.append(_text(x, top + 3.7, clock(index * step), _INK, anchor=anchor))
    return parts


def _legend(timeline: Timeline, top: float, labels: Mapping[str, str]) -> Shapes:
    """Explain colours and shapes, with the steps only that the limit lets a cell reach."""
    most = weigh(timeline.llr_limit, timeline.llr_limit).step or Step.WEAK
    steps = [Step(n) for n in range(1, most + 1)]
    x = _LEFT
    parts: Shapes = []
    parts.append(_text(x, top + 2.3, labels["legend_spoof"], _INK))
    x += _width(labels["legend_spoof"]) + 1.2
    for colour in (
        *(step_colour(Side.SPOOF, step) for step in reversed(steps)),
        EVEN_COLOUR,
        *(step_colour(Side.BONAFIDE, step) for step in steps),
    ):
        parts.append(_rect(x, top, 4.2, 2.8, colour))
        x += 4.4
    parts.append(_text(x + 1.0, top + 2.3, labels["legend_bonafide"], _INK))
    x += _width(labels["legend_bonafide"]) + 7.0
    parts.append(_rect(x, top + 0.9, 4.2, 1.1, UNSCORED_COLOUR))
    parts.append(_text(x + 5.2, top + 2.3, labels["legend_unscored"], _INK))
    x += _width(labels["legend_unscored"]) + 11.0
    if any(lane.spans for lane in timeline.lanes):
        parts.append(_rect(x, top + 0.8, 4.2, _BAR_HIGH, _MARK))
        parts.append(_text(x + 5.2, top + 2.3, labels["legend_span"], _INK))
    return parts


def _reach(timeline: Timeline) -> float:
    """Return the LLR at the panel's edge: a little more than the validation supports."""
    return min(max(timeline.llr_limit, math.log(10)), math.log(10_000)) * 1.08


def _lane_name(lane: Lane, labels: Mapping[str, str]) -> str:
    return (
        f"{labels['track']} {lane.track + 1}, {labels['channel']} {lane.channel + 1}, "
        f"{labels[lane.variant.value]}"
    )


def _short_lane_name(lane: Lane, labels: Mapping[str, str]) -> str:
    place = f"{lane.track + 1}.{lane.channel + 1}"
    return place if lane.variant is Variant.RECORDED else f"{place} {labels['separated_short']}"


def _x(seconds: float, timeline: Timeline) -> float:
    return _LEFT + (_RIGHT - _LEFT) * min(seconds / max(timeline.end_s, 1e-9), 1.0)


def _x_beyond(seconds: float, timeline: Timeline) -> float:
    return _LEFT + (_RIGHT - _LEFT) * seconds / max(timeline.end_s, 1e-9)


def _width(text: str, size: float = 2.5) -> float:
    """Return about how wide Noto Sans sets the text; exact measure is not worth a font engine."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return (wide * 1.0 + (len(text) - wide) * 0.53) * size


def _rect(x: float, y: float, wide: float, high: float, fill: str, opacity: float = 1.0) -> str:
    shade = "" if opacity == 1.0 else f' fill-opacity="{opacity:g}"'
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{wide:.2f}" height="{high:.2f}" '
        f'fill="{fill}"{shade}/>'
    )


def _line(  # noqa: PLR0913 -- a line has four numbers
    x1: float, y1: float, x2: float, y2: float, stroke: str, wide: float, dash: str = ""
) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" stroke="{stroke}" '
        f'stroke-width="{wide:g}"{dashes}/>'
    )


def _text(
    x: float, y: float, text: str, fill: str, size: float = 2.5, anchor: str = "start"
) -> Word:
    return Word(x, y, text, fill, size, anchor)
