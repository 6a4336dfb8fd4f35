"""Durations as people say them: `40 s`, `12 min`, `3 h 5 min`, `2 d 4 h`."""

from collections.abc import Mapping


def duration_words(seconds: float, words: Mapping[str, str]) -> str:
    """Return a duration in the two largest units that it has, one where it is short."""
    seconds = max(0, round(seconds))
    if seconds < 60:
        return words["time.seconds"].format(n=seconds)
    minutes = round(seconds / 60)
    if minutes < 60:
        return words["time.minutes"].format(n=minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return words["time.hours"].format(n=hours, m=minutes)
    days, hours = divmod(hours, 24)
    return words["time.days"].format(n=days, h=hours)
