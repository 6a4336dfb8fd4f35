"""When a sweep runs: a cron line read in a time zone, by Debian cron's rules for clock changes.

A line that names its minute and its hour (`30 2 * * *`) runs once a day: where the clock jumps over
the time, at the first moment after the gap, and where an hour comes twice, in the first of the two.
A line that starts its minute or its hour with a star (`*/15 * * * *`, `0 */2 * * *`) follows the
wall clock: times in a gap are left out, times in an hour that comes twice come twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from pipeline.errors import InputError

MOST_CHARS = 200
N_FIELDS = 5  # minutes are the finest: a line with seconds would outrun any fleet
NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
MOST_MISSED = 1000  # ticks that are counted one by one after a long silence


@dataclass(frozen=True, slots=True)
class Schedule:
    """A cron line that was checked, in a time zone that exists."""

    cron: str
    timezone: str


@dataclass(frozen=True, slots=True)
class DueTicks:
    """What came due up to a moment."""

    latest: datetime  # UTC; the one that runs
    n_missed: int  # earlier ones that no scheduler was there for, at most `MOST_MISSED`
    following: datetime  # UTC; the first tick after the moment


def parse_schedule(cron: str, timezone: str) -> Schedule:
    """Return a schedule, or say what is wrong with it.

    Raises:
        InputError: the line has another form or never comes due, or there is no such zone.
    """
    line = " ".join(NAMES.get(cron.strip().lower(), cron).split())
    fields = line.split(" ")
    if len(cron) > MOST_CHARS or len(fields) != N_FIELDS or not line.isascii():
        raise InputError(
            f"{cron[:MOST_CHARS]!r} is no cron line: it has five fields, minute hour day month weekday,"
            " such as '0 */2 * * *', or is one of " + ", ".join(NAMES) + ".",
            "schedule_invalid",
        )
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:  # not found, a path, a folder
        raise InputError(
            f"There is no time zone {timezone[:MOST_CHARS]!r}: name one such as Europe/Berlin or UTC.",
            "timezone_unknown",
        ) from error
    try:
        next(CronSim(line, datetime.now(zone)))
    except CronSimError as error:
        raise InputError(
            f"The cron line {line!r} is wrong: {error}.", "schedule_invalid"
        ) from error
    except StopIteration as error:
        raise InputError(f"The cron line {line!r} never comes due.", "schedule_invalid") from error
    return Schedule(line, timezone)


def ticks_after(schedule: Schedule, moment: datetime) -> Iterator[datetime]:
    """Yield the ticks after a moment, in order, in UTC; each instant once.

    Args:
        schedule: from `parse_schedule`.
        moment: with a time zone.
    """
    latest = moment.astimezone(UTC)
    for local in CronSim(schedule.cron, latest.astimezone(ZoneInfo(schedule.timezone))):
        tick = local.astimezone(UTC)
        if tick > latest:  # in an hour that comes twice the line's local times come round again
            latest = tick
            yield tick


def due_ticks(schedule: Schedule, first: datetime, now: datetime) -> DueTicks:
    """Return which tick runs now, and what is next: the latest runs, earlier ones were missed.

    Args:
        schedule: from `parse_schedule`.
        first: a tick that is due, not after `now`.
        now: the database's clock.
    """
    latest, n_missed = first.astimezone(UTC), 0
    for tick in ticks_after(schedule, first):
        if tick > now:
            return DueTicks(latest, n_missed, tick)
        if n_missed == MOST_MISSED:  # a year of minutes is not walked
            break
        latest, n_missed = tick, n_missed + 1
    soon = (now + timedelta(seconds=1)).astimezone(ZoneInfo(schedule.timezone))
    before = next(CronSim(schedule.cron, soon, reverse=True)).astimezone(UTC)
    return DueTicks(min(before, now), n_missed, next(ticks_after(schedule, now)))


def next_runs(schedule: Schedule, moment: datetime, most: int = 5) -> list[datetime]:
    """Return the next ticks in the schedule's own zone."""
    zone = ZoneInfo(schedule.timezone)
    return [tick.astimezone(zone) for tick in islice(ticks_after(schedule, moment), most)]


def in_words(schedule: Schedule) -> str:
    """Return a schedule as people say it, such as `At every 2nd hour (Europe/Berlin)`."""
    said = CronSim(schedule.cron, datetime.now(UTC)).explain()
    return f"{said} ({schedule.timezone})"
