"""Schedules: clock changes by Debian cron's rules, missed ticks, and what is no cron line."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.schedule import (
    MOST_MISSED,
    Schedule,
    due_ticks,
    in_words,
    next_runs,
    parse_schedule,
    ticks_after,
)
from pipeline.errors import InputError

BERLIN = ZoneInfo("Europe/Berlin")
SPRING = datetime(2026, 3, 29, 0, 30, tzinfo=BERLIN)  # at 2:00 the clock jumps to 3:00
AUTUMN = datetime(2026, 10, 25, 0, 30, tzinfo=BERLIN)  # at 3:00 it goes back to 2:00


def berlin(cron: str) -> Schedule:
    return parse_schedule(cron, "Europe/Berlin")


def local_times(cron: str, start: datetime, most: int) -> list[str]:
    return [f"{run:%d %H:%M %z}" for run in next_runs(berlin(cron), start, most)]


def test_a_time_in_the_gap_runs_at_the_first_moment_after_it() -> None:
    assert local_times("30 2 * * *", SPRING, 2) == ["29 03:00 +0200", "30 02:30 +0200"]


def test_two_times_in_the_gap_are_one_run() -> None:
    assert local_times("10,30 2 * * *", SPRING, 2) == ["29 03:00 +0200", "30 02:10 +0200"]


def test_a_time_that_comes_twice_runs_the_first_time_only() -> None:
    assert local_times("30 2 * * *", AUTUMN, 2) == ["25 02:30 +0200", "26 02:30 +0100"]


def test_who_looks_between_the_two_does_not_run_it_again() -> None:
    between = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 2:45 summer time
    assert local_times("30 2 * * *", between, 1) == ["26 02:30 +0100"]
    after = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)  # 2:15 winter time
    assert local_times("30 2 * * *", after, 1) == ["26 02:30 +0100"]


def test_a_line_with_a_star_follows_the_wall_clock() -> None:
    assert local_times("*/30 * * * *", SPRING, 3) == [
        "29 01:00 +0100",
        "29 01:30 +0100",
        "29 03:00 +0200",
    ]
    assert local_times("*/30 * * * *", AUTUMN, 7)[2:6] == [
        "25 02:00 +0200",
        "25 02:30 +0200",
        "25 02:00 +0100",
        "25 02:30 +0100",
    ]


@given(
    cron=st.sampled_from(["30 2 * * *", "0 */2 * * *", "*/7 * * * *", "15 1,2,3 * * *", "@daily"]),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    moment=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 (a zone is added)
)
def test_ticks_rise_and_none_is_lost_or_doubled_by_where_one_looks_from(
    cron: str, zone: str, moment: datetime
) -> None:
    schedule = parse_schedule(cron, zone)
    start = moment.replace(tzinfo=UTC)
    ticks = list(islice(ticks_after(schedule, start), 12))
    assert all(earlier < later for earlier, later in zip([start, *ticks], ticks, strict=False))
    for tick, following in pairwise(ticks):
        assert next(ticks_after(schedule, tick)) == following


def test_of_missed_ticks_the_latest_runs_and_the_others_are_counted() -> None:
    schedule = berlin("0 * * * *")
    first = datetime(2026, 6, 1, 10, tzinfo=UTC)
    due = due_ticks(schedule, first, first + timedelta(hours=3, minutes=20))
    assert (due.latest, due.n_missed) == (first + timedelta(hours=3), 3)
    assert due.following == first + timedelta(hours=4)


def test_a_tick_that_is_just_due_has_missed_none() -> None:
    first = datetime(2026, 6, 1, 10, tzinfo=UTC)
    due = due_ticks(berlin("0 * * * *"), first, first)
    assert (due.latest, due.n_missed, due.following) == (first, 0, first + timedelta(hours=1))


def test_a_year_of_missed_minutes_is_not_walked() -> None:
    first = datetime(2025, 6, 1, 10, tzinfo=UTC)
    now = first + timedelta(days=365, seconds=30)
    due = due_ticks(berlin("* * * * *"), first, now)
    assert due.n_missed == MOST_MISSED
    assert due.latest == now - timedelta(seconds=30)


@pytest.mark.parametrize(
    "cron",
    ["", "x", "* * * *", "* * * * * *", "61 * * * *", "0 0 31 2 *", "0 0 * * MOO", "0" * 300],
)
def test_what_is_no_cron_line_is_refused_with_its_form(cron: str) -> None:
    with pytest.raises(InputError, match="cron line"):
        berlin(cron)


@pytest.mark.parametrize(
    "zone", ["", "Mars/Base", "../../etc/passwd", "/etc/passwd", "Europe", "a\0b"]
)
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(InputError, match="time zone"):
        parse_schedule("0 * * * *", zone)


def test_a_schedule_is_said_in_words_with_its_zone() -> None:
    assert in_words(berlin("30 9 * * 1-5")).endswith("(Europe/Berlin)")
    assert "09:30" in in_words(berlin("30 9 * * 1-5"))
