"""What a preparer tells of an item: late where nothing is waited for, soon where something takes its time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from pipeline.errors import MediaCorruptError
from tests.cards import make_scores
from workers.course import Course, StoppedError, awaited
from workers.walk_values import PreparedHead

EVERY_S = 0.01
LONG_S = 30.0


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    """Give the thread in which an item is worked on."""
    with ThreadPoolExecutor(1) as thread:
        yield thread


def test_stages_that_pass_quickly_are_told_with_the_batch() -> None:
    course = Course()
    course.moved(0.5)
    course.reached("probe")
    course.reached("survey")
    course.reached("prepare")

    head = course.batch(make_scores([0.0]).facts)

    assert head.facts is not None
    assert head.stage == "prepare"
    assert [span.stage for span in head.spans] == ["fetch", "probe", "survey", "prepare"]
    assert course.news() is None, "it was told"


def test_a_stage_that_takes_its_time_is_told_meanwhile(thread: ThreadPoolExecutor) -> None:
    course, may_end = Course(), Event()

    def work() -> str:
        course.reached("probe")
        may_end.wait(LONG_S)
        return "done"

    telling = awaited(thread, course, work, EVERY_S)
    assert next(telling).stage == "probe"
    may_end.set()
    with pytest.raises(StopIteration) as ended:
        next(telling)
    assert ended.value.value == "done"


def test_work_that_does_not_move_says_nothing(thread: ThreadPoolExecutor) -> None:
    course, is_told, may_end = Course(), Event(), Event()

    def work() -> None:
        may_end.wait(5 * EVERY_S)
        course.moved(0.5)
        is_told.wait(LONG_S)
        may_end.wait(5 * EVERY_S)

    telling = awaited(thread, course, work, EVERY_S)
    assert next(telling).progress == 0.5
    is_told.set()
    assert list(telling) == []


def test_the_stage_that_failed_is_told_first(thread: ThreadPoolExecutor) -> None:
    course = Course()

    def work() -> None:
        course.reached("survey")
        raise MediaCorruptError("No sound.")

    telling = awaited(thread, course, work)
    assert next(telling).stage == "survey"
    with pytest.raises(MediaCorruptError):
        next(telling)


def test_work_that_nobody_waits_for_ends_at_its_next_sign(thread: ThreadPoolExecutor) -> None:
    course, may_end = Course(), Event()
    stopped: list[bool] = []

    def work() -> None:
        course.reached("survey")
        try:
            while not may_end.wait(EVERY_S):
                course.moved(0.5)
        except StoppedError:
            stopped.append(True)
            raise

    telling = awaited(thread, course, work, EVERY_S)
    assert isinstance(next(telling), PreparedHead)
    telling.close()
    assert stopped == [True]
