"""Schedules are said in the reader's language; what we cannot say is said by the library, not wrongly."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from console.pages.cron_words import moment_words, schedule_words
from console.pages.words import page_words
from jobs.schedule import parse_schedule


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("*/15 * * * *", "every 15 minutes"),
        ("* * * * *", "every minute"),
        ("@hourly", "every hour at :00"),
        ("30 */2 * * *", "every 2 hours at :30"),
        ("@daily", "every day at 00:00"),
        ("30 7,19 * * *", "every day at 07:30, 19:30"),
        ("0 9 * * 1-5", "Monday to Friday at 09:00"),
        ("0 9 * * sat,7", "Saturday, Sunday at 09:00"),
        ("0 6 1 * *", "on day 1 of each month at 06:00"),
    ],
)
def test_usual_schedules_are_said_in_english(cron: str, said: str) -> None:
    schedule = parse_schedule(cron, "Europe/Berlin")
    assert schedule_words(schedule, page_words("en")) == f"{said} (Europe/Berlin)"


def test_usual_schedules_are_said_in_korean() -> None:
    said = schedule_words(parse_schedule("0 9 * * 1-5", "Asia/Seoul"), page_words("ko"))
    assert said == "월요일~금요일 09:00 (Asia/Seoul)"


@pytest.mark.parametrize("cron", ["0 0 13 * 5", "0 9 * 6 *", "5-10 * * * *", "0 9 * * 1#2"])
def test_what_we_have_no_words_for_is_said_by_the_library(cron: str) -> None:
    schedule = parse_schedule(cron, "UTC")
    said = schedule_words(schedule, page_words("ko"))
    assert said.endswith("(UTC)")
    assert len(said) > len("(UTC)") + 5


def test_a_moment_has_its_weekday_in_its_own_zone() -> None:
    moment = datetime(2026, 11, 22, 0, 30, tzinfo=ZoneInfo("Asia/Seoul"))
    assert moment_words(moment, page_words("en")) == "Sunday 2026-11-22 00:30 KST"
    assert moment_words(moment, page_words("ko")) == "일요일 2026-11-22 00:30 KST"
