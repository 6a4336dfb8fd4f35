"""A schedule as people say it, in their language, for the shapes that people use; else in English."""

from collections.abc import Mapping
from datetime import datetime

from jobs.schedule import Schedule, in_words

_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def schedule_words(schedule: Schedule, words: Mapping[str, str]) -> str:
    """Return a schedule in words, such as `every day at 07:30 (Europe/Berlin)`."""
    said = _said(schedule.cron.split(" "), words)
    if said is None:
        return in_words(schedule)
    return words["cron.zone"].format(said=said, zone=schedule.timezone)


def moment_words(moment: datetime, words: Mapping[str, str]) -> str:
    """Return a moment with its weekday, in its own time zone."""
    day = words[f"weekday.{_NAMES[(moment.weekday() + 1) % 7]}"]
    return f"{day} {moment:%Y-%m-%d %H:%M} {moment.tzname()}"


def _said(fields: list[str], words: Mapping[str, str]) -> str | None:
    minute, hour, day, month, weekday = fields
    if month != "*" or (day != "*" and weekday != "*"):
        return None
    is_any_day = day == "*" and weekday == "*"
    if is_any_day and hour == "*":
        return _by_minute(minute, words)
    if is_any_day and hour.startswith("*/") and hour[2:].isdigit() and minute.isdigit():
        return words["cron.every_hours"].format(n=int(hour[2:]), minute=f"{int(minute):02}")
    times = _times(minute, hour)
    if times is None:
        return None
    if is_any_day:
        return words["cron.daily"].format(times=times)
    if day != "*":
        return words["cron.monthly"].format(day=int(day), times=times) if day.isdigit() else None
    days = _days(weekday.lower(), words)
    return None if days is None else words["cron.weekly"].format(days=days, times=times)


def _by_minute(minute: str, words: Mapping[str, str]) -> str | None:
    if minute in {"*", "*/1"}:
        return words["cron.minutely"]
    if minute.startswith("*/") and minute[2:].isdigit():
        return words["cron.every_minutes"].format(n=int(minute[2:]))
    return words["cron.hourly"].format(minute=f"{int(minute):02}") if minute.isdigit() else None


def _times(minute: str, hour: str) -> str | None:
    hours = hour.split(",")
    if not minute.isdigit() or not all(one.isdigit() for one in hours):
        return None
    return ", ".join(f"{int(one):02}:{int(minute):02}" for one in hours)


def _days(weekday: str, words: Mapping[str, str]) -> str | None:
    """Return weekdays by their names; None: a form that we do not say."""
    names = []
    for part in weekday.split(","):
        ends = [_day(one) for one in part.split("-")]
        known = [one for one in ends if one is not None]
        if len(known) != len(ends) or len(known) > 2:
            return None
        called = [words[f"weekday.{one}"] for one in known]
        names.append(called[0] if len(called) == 1 else words["cron.span"].format(*called))
    return ", ".join(names)


def _day(text: str) -> str | None:
    if text.isdigit() and int(text) <= 7:
        return _NAMES[int(text) % 7]
    return text if text in _NAMES else None
