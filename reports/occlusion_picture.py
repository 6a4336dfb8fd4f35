"""A second that speaks clearly -> SVG: its spectrogram, and over and under it what moved its score.

Millimetres. Colour is never alone: a part that supported a person has its bar above the middle line,
one that supported synthetic below it, as on the timeline. Only figures and units stand in the
picture, so that one serves all languages.
"""

import math
from collections.abc import Sequence

from reports.fonts import FAMILIES
from reports.scale import EVEN_BELOW, Side, Step, part_side, step_colour
from reports.sound_parts import OcclusionPart, PicturePart, StrongestPart

WIDE, HIGH = 41.0, 17.0  # four beside each other on 174 mm; high: the spectrogram
_LEFT, _RIGHT = 6.6, 40.4  # of the axis; figures stand left of it
_BARS_TOP, _BARS_HIGH = 18.0, 9.0
_ALL_HIGH = 30.4
_MOST_TINT = 0.5  # the sound must be seen through it
# smaller changes than this would not change a mind, and are not drawn as if they did
_LEAST_REACH = math.log(EVEN_BELOW)
_MUTED, _RULE = "#5d6b78", "#d3d9df"


def reach_of(strongest: Sequence[StrongestPart]) -> float | None:
    """Return the change of the LLR at a full bar, the same in all pictures; None: none has bars."""
    changes = [abs(c) for one in strongest if one.occlusion for c in one.occlusion.llr_changes]
    return max(_LEAST_REACH, *changes) if changes else None


def draw_plain(picture: PicturePart) -> str:
    """Return the spectrogram alone."""
    return _svg([_image(picture, 0.0, WIDE)], HIGH)


def draw_explained(picture: PicturePart, occlusion: OcclusionPart, reach: float) -> str:
    """Return the spectrogram with its parts tinted by what they spoke for, and their bars below.

    Args:
        picture: of the segment.
        occlusion: of the same segment.
        reach: change of the LLR at a full bar, as `reach_of` gives it.
    """
    wide, middle = _RIGHT - _LEFT, _BARS_TOP + _BARS_HIGH / 2
    part = wide / len(occlusion.llr_changes)
    shapes = [_image(picture, _LEFT, wide)]
    for number, change in enumerate(occlusion.llr_changes):
        side = part_side(change)
        if side is Side.NEITHER:
            continue
        share = min(abs(change) / reach, 1.0)
        x, high = _LEFT + number * part, share * _BARS_HIGH / 2
        y = middle if side is Side.SPOOF else middle - high
        colour = step_colour(side, Step.MODERATE)
        shapes.append(_rect(x, 0.0, part, HIGH, colour, _MOST_TINT * share))
        shapes.append(_rect(x + 0.12, y, part - 0.24, high, colour))
    shapes.append(_line(_LEFT, middle, _RIGHT, middle, _MUTED))
    shapes += [_line(_LEFT, y, _RIGHT, y, _RULE) for y in (_BARS_TOP, _BARS_TOP + _BARS_HIGH)]
    shapes += _figures(picture, reach)
    return _svg(shapes, _ALL_HIGH)


def _figures(picture: PicturePart, reach: float) -> list[str]:
    """Return the three axes: frequency, change of the LLR, seconds."""
    x, bottom = _LEFT - 0.5, _BARS_TOP + _BARS_HIGH
    texts = [
        _text(x, 1.9, f"{picture.max_hz / 1_000:g} kHz", "end"),
        _text(x, HIGH, "0", "end"),
        _text(x, _BARS_TOP + 1.5, f"{reach:.1f}", "end"),
        _text(x, _BARS_TOP + _BARS_HIGH / 2 + 0.7, "0", "end"),
        _text(x, bottom, f"{reach:.1f}", "end"),
    ]
    duration_s = picture.end_s - picture.start_s
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        at = _LEFT + share * (_RIGHT - _LEFT)
        texts.append(_line(at, bottom, at, bottom + 0.7, _MUTED))
        texts.append(_text(at, bottom + 2.8, f"{share * duration_s:g} s", anchor))
    return texts


def _image(picture: PicturePart, x: float, wide: float) -> str:
    return (
        f'<image x="{x:g}" y="0" width="{wide:.2f}" height="{HIGH:g}" '
        f'preserveAspectRatio="none" href="data:image/png;base64,{picture.png}"/>'
    )


def _svg(shapes: Sequence[str], high: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE:g} {high:g}" '
        f'font-family="{", ".join(FAMILIES)}, sans-serif">{"".join(shapes)}</svg>'
    )


def _rect(x: float, y: float, wide: float, high: float, fill: str, opacity: float = 1.0) -> str:
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{wide:.2f}" height="{high:.2f}" fill="{fill}" '
        f'fill-opacity="{opacity:.2f}"/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, stroke: str) -> str:
    return (
        f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" stroke="{stroke}" '
        'stroke-width="0.15"/>'
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-size="2" fill="{_MUTED}" '
        f'text-anchor="{anchor}">{text}</text>'
    )
