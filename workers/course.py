"""Where an item is, noted by the thread that works on it, told by the one that answers the driver.

A driver must know an item's stage and that it moves, for deadlines and for those who watch; but each
word is a call of Ray's, and most items are done before anybody could ask. So what moved is told with
the next batch, or after half a second without one.
"""

import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from concurrent.futures import wait as wait_for
from dataclasses import replace
from typing import TypeVar

from pipeline.errors import VerityError
from pipeline.vocabulary import Custody, MediaFile, SegmentFacts
from workers.walk_values import PreparedHead, StageSpan, Watched

SIGN_OF_LIFE_S = (
    0.5  # at most, until a driver knows of a stage that has begun, or of progress in it
)
T = TypeVar("T")


class StoppedError(VerityError):
    """Nobody waits for this item any more."""

    default_code = "stopped"


class Course:
    """One item's way through a preparer; safe to use from two threads."""

    def __init__(self, stage: str = "fetch") -> None:
        """Begin in a stage that the driver knows of."""
        self._guard = threading.Lock()
        self._head = PreparedHead(stage)  # since it was last told
        self._is_told = True
        self._is_stopped = False
        self._started_at = time.time()

    def moved(self, progress: float) -> None:
        """Note how far the stage is, 0 to 1.

        Raises:
            StoppedError: nobody waits for the item any more.
        """
        if self._is_stopped:
            raise StoppedError()
        with self._guard:
            if progress != self._head.progress:
                self._head = replace(self._head, progress=progress)
                self._is_told = False

    def reached(
        self, stage: str, media: MediaFile | None = None, custody: Custody | None = None
    ) -> None:
        """Note that a stage has ended and another one begins, and what is known by now."""
        with self._guard:
            head = self._head
            self._head = PreparedHead(
                stage,
                media=media or head.media,
                custody=custody or head.custody,
                spans=(*head.spans, self._span()),
            )
            self._is_told = False

    def ended(self, watched: Watched) -> None:
        """Note that the last batch was made."""
        with self._guard:
            self._head = replace(self._head, progress=1.0, watched=watched)
            self._is_told = False

    def goes_on(self) -> None:
        """Note that work goes on now: waiting for the scorer is no work of ours."""
        self._started_at = time.time()

    def news(self) -> PreparedHead | None:
        """Return what was not told yet, or None."""
        with self._guard:
            return None if self._is_told else self._taken()

    def batch(self, facts: SegmentFacts) -> PreparedHead:
        """Return what was not told yet with a batch, and what this took."""
        with self._guard:
            head = self._taken()
            return replace(head, facts=facts, spans=(*head.spans, self._span()))

    def stop(self) -> None:
        """Let the work end at its next sign of progress."""
        self._is_stopped = True

    def _taken(self) -> PreparedHead:
        head = self._head
        self._head = PreparedHead(head.stage, head.progress)
        self._is_told = True
        return head

    def _span(self) -> StageSpan:
        started_at, self._started_at = self._started_at, time.time()
        return StageSpan(self._head.stage, started_at, self._started_at)


def awaited(
    thread: ThreadPoolExecutor,
    course: Course,
    work: Callable[[], T],
    every_s: float = SIGN_OF_LIFE_S,
) -> Generator[PreparedHead, None, T]:
    """Run work in a thread; yield what moved while it takes its time; return its result.

    Where it fails, the stage in which it did is told first. Closing the generator stops the work at
    its next sign of progress, and waits for that.
    """
    running = thread.submit(work)
    try:
        while True:
            try:
                return running.result(timeout=every_s)
            except NotYetError:
                if running.done():  # just now, or the error was the work's own
                    return running.result()
            news = course.news()
            if news is not None:
                yield news
    except Exception:
        news = course.news()
        if news is not None:
            yield news
        raise
    finally:
        if not running.done():
            course.stop()
            wait_for([running])
