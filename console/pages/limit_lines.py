"""Limits of an account as lines of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.quota_rows import Level, Resource, Standing

# of one unit that people read: hours of sound, mebibytes
UNITS: Mapping[str, float] = {Resource.AUDIO: 3600.0, Resource.STORED: float(1 << 20)}


@dataclass(frozen=True, slots=True)
class LimitLine:
    """One limit; the words of its name and level are in the pages' files."""

    name: str
    used: str
    limit: str
    left: str
    resets_at: datetime | None
    level: Level

    @property
    def is_near(self) -> bool:
        """Tell whether it is to be warned of."""
        return self.level is not Level.OK


def limit_lines(standings: Sequence[Standing]) -> list[LimitLine]:
    """Return the limits that there are."""
    return [
        LimitLine(
            f"{one.resource}_{one.period}",
            amount_words(one.resource, one.used),
            amount_words(one.resource, one.limit),
            amount_words(one.resource, one.left or 0.0),
            one.resets_at,
            one.level,
        )
        for one in standings
        if one.limit is not None
    ]


def amount_words(resource: Resource, amount: float) -> str:
    """Return how much of something it is, in the unit that people read."""
    unit = UNITS.get(resource)
    return f"{amount:,.0f}" if unit is None else f"{amount / unit:,.1f}"
