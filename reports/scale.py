"""The one place where the sign of an LLR is read: from a number to a side, a step and a colour.

LLR = ln P(E | bona fide) / P(E | spoof): positive supports "spoken by a person" (DESIGN.md §3).
The steps are those of REPORT.md: LR 1-10 weak, 10-100 moderate, 100-1 000 moderately strong,
1 000-10 000 strong, beyond that very strong; an LR under 2 either way does not help to tell.
"""

import math
from dataclasses import dataclass
from enum import IntEnum, StrEnum

EVEN_BELOW = 2.0  # an LR nearer to 1 than this is called even: it would not change a mind
SPREAD_LLR = 1e-3  # numbers in the document are rounded to this, so the cap is met within it
LARGEST_LLR = math.log(1e6)  # a limit beyond this is no limit that any validation supports


class Side(StrEnum):
    """The proposition that a finding supports."""

    BONAFIDE = "bonafide"
    SPOOF = "spoof"
    NEITHER = "neither"


class Step(IntEnum):
    """How strongly it does; the words are in the language files."""

    EVEN = 0
    WEAK = 1
    MODERATE = 2
    MODERATELY_STRONG = 3
    STRONG = 4
    VERY_STRONG = 5


@dataclass(frozen=True, slots=True)
class Strength:
    """A finding on the scale of words."""

    side: Side
    step: Step
    times: float  # the LR of the supported proposition over the other, >= 1, after the cap
    capped: bool  # the number is the most that the validation supports


def weigh(llr: float, llr_limit: float) -> Strength:
    """Place an LLR on the scale.

    Args:
        llr: finite; positive supports bona fide.
        llr_limit: |llr| beyond this is not supported by the validation data.
    """
    limit = min(abs(llr_limit), LARGEST_LLR)
    size = min(abs(llr), limit)
    times = math.exp(size)
    if times < EVEN_BELOW:
        return Strength(Side.NEITHER, Step.EVEN, times, capped=False)
    side = Side.BONAFIDE if llr > 0 else Side.SPOOF
    # 1e-9: exp(ln 10) is a hair under 10
    step = Step(min(int(math.log10(times) + 1e-9) + 1, Step.VERY_STRONG))
    return Strength(side, step, times, capped=abs(llr) >= limit - SPREAD_LLR)


# Blue and orange keep apart under every common colour blindness (ColorBrewer's PuOr and RdBu ends);
# depth grows with the step, so that a grey print still shows strength.
_COLOURS = {
    Side.SPOOF: ("#f3c79b", "#e0914a", "#b95a10", "#8a3d04", "#5f2900"),
    Side.BONAFIDE: ("#b9d5ea", "#6ba6d1", "#2f76ad", "#17517f", "#0b3354"),
}
EVEN_COLOUR = "#e9e4d8"
UNSCORED_COLOUR = "#b4b9be"


def cell_colour(llr: float | None, llr_limit: float) -> str:
    """Return the timeline's colour for one cell as `#rrggbb`; None is a cell without a score."""
    if llr is None:
        return UNSCORED_COLOUR
    strength = weigh(llr, llr_limit)
    if strength.side is Side.NEITHER:
        return EVEN_COLOUR
    return _COLOURS[strength.side][strength.step - 1]


def part_side(llr_change: float) -> Side:
    """Return what a part of a segment spoke for: the LLR moves the other way when it is hidden."""
    if llr_change == 0:
        return Side.NEITHER
    return Side.SPOOF if llr_change > 0 else Side.BONAFIDE


def step_colour(side: Side, step: Step) -> str:
    """Return the colour of one step, for a legend."""
    return EVEN_COLOUR if side is Side.NEITHER else _COLOURS[side][step - 1]
