"""Watches jobs and items for all who do: one LISTEN, and at most one look a second for all of them.

Whoever follows something is woken when it has changed; nobody asks the database by himself. Everything
here runs on one event loop, and only while somebody follows.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from console.api.progress_bell import ProgressBell
from console.api.standing import StandingOfReaders
from jobs.job_desk import JobDesk
from jobs.progress_desk import ItemProgress, JobProgress, ProgressDesk
from jobs.spec import Job
from pipeline.errors import VerityError

EVERY_S = 1.0  # between looks, while something changes
HEARD_EVERY_S = 15.0  # between looks at everything, while the bell is heard
UNHEARD_EVERY_S = 2.0  # and while it is not
N_NEWEST = 30  # jobs of an account that are followed

_log = logging.getLogger(__name__)


class Kind(StrEnum):
    """What can be followed."""

    JOB = "job"  # by its id
    ITEM = "item"  # by its id
    JOBS = "jobs"  # an account's newest, by the account's id


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that is followed."""

    kind: Kind
    subject_id: str
    job_id: str = ""  # of an item: whose bell rings


Seen = JobProgress | ItemProgress | tuple[Job, ...] | None  # None: it is not there (any more)


@dataclass(slots=True)
class Feed:
    """What a subject looks like now; lives as long as somebody follows it."""

    seen: Seen = None
    version: int = 0  # 0: nobody has looked yet
    n_followers: int = 0
    texts: dict[str, str] = field(default_factory=dict)  # of this version, written once for all
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, seen: Seen) -> None:
        """Take in a look; wake the followers if it is another one."""
        if self.version and seen == self.seen:
            return
        self.seen, self.version = seen, self.version + 1
        self.texts.clear()
        self.changed.set()
        self.changed = asyncio.Event()

    def text(self, form: str, write: Callable[[Seen], str]) -> str:
        """Return the look in a form, such as a language's page; equal forms are written once."""
        if form not in self.texts:
            self.texts[form] = write(self.seen)
        return self.texts[form]


class Watch:
    """What is followed in one server process, and the loop that looks."""

    def __init__(self, engine: Engine, longest_s: float) -> None:
        """Follow nothing yet.

        Args:
            engine: of the queue's database.
            longest_s: that one stream lasts.
        """
        self.longest_s = longest_s
        self.standing = StandingOfReaders(engine)
        self._progress, self._desk = ProgressDesk(engine), JobDesk(engine)
        self._bell = ProgressBell(engine, self._on_change)
        self._feeds: dict[Subject, Feed] = {}
        self._by_job: defaultdict[str, set[Subject]] = defaultdict(set)  # job or account id
        self._due: set[Subject] = set()
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def follow(self, subject: Subject, silence_s: float) -> AsyncGenerator[Feed | None]:
        """Yield the subject's feed at first and whenever it has changed, None after each silence."""
        feed = self._enter(subject)
        version = 0
        try:
            while True:
                changed = feed.changed
                if feed.version > version:
                    version = feed.version
                    yield feed
                    continue
                try:
                    await asyncio.wait_for(changed.wait(), silence_s)
                except TimeoutError:
                    yield None
        finally:
            self._leave(subject, feed)

    def _enter(self, subject: Subject) -> Feed:
        if self._task is None or self._task.done():
            self._rung = asyncio.Event()
            self._task = asyncio.create_task(self._look_around())
        feed = self._feeds.setdefault(subject, Feed())
        feed.n_followers += 1
        self._by_job[_bell_of(subject)].add(subject)
        if not feed.version:
            self._due.add(subject)
            self._rung.set()
        return feed

    def _leave(self, subject: Subject, feed: Feed) -> None:
        feed.n_followers -= 1
        if feed.n_followers:
            return
        del self._feeds[subject]
        followed = self._by_job[_bell_of(subject)]
        followed.discard(subject)
        if not followed:
            del self._by_job[_bell_of(subject)]
        if not self._feeds and self._task is not None:
            self._task.cancel()
            self._task = None

    def _on_change(self, job_id: str, account_id: str) -> None:
        rung = self._by_job.get(job_id, set()) | self._by_job.get(f"account {account_id}", set())
        if rung:
            self._due |= rung
            self._rung.set()

    async def _look_around(self) -> None:
        bell = asyncio.create_task(self._bell.run())
        looked_at = time.monotonic()  # at everything
        try:
            while True:
                every_s = HEARD_EVERY_S if self._bell.is_heard else UNHEARD_EVERY_S
                try:
                    left_s = looked_at + every_s - time.monotonic()
                    await asyncio.wait_for(self._rung.wait(), max(left_s, 0.0))
                except TimeoutError:
                    self._due |= self._feeds.keys()
                    looked_at = time.monotonic()
                self._rung.clear()
                due, self._due = self._due & self._feeds.keys(), set()
                await self._look(due)
                await asyncio.sleep(EVERY_S)
        finally:
            bell.cancel()

    async def _look(self, due: set[Subject]) -> None:
        try:
            seen = await run_in_threadpool(self._read, due)
        except VerityError as error:  # the next look may see more
            _log.warning("progress is not seen", extra={"reason": error.message})
            return
        for subject in due:
            feed = self._feeds.get(subject)
            if feed is not None:
                feed.show(seen.get(subject))

    def _read(self, due: set[Subject]) -> dict[Subject, Seen]:
        """Return what the subjects look like, each kind by one look."""
        seen: dict[Subject, Seen] = {}
        jobs = [one for one in due if one.kind is Kind.JOB]
        if jobs:
            found = self._progress.jobs([one.subject_id for one in jobs])
            seen |= {one: found.get(one.subject_id) for one in jobs}
        items = [one for one in due if one.kind is Kind.ITEM]
        if items:
            known = self._progress.items([one.subject_id for one in items])
            seen |= {one: known.get(one.subject_id) for one in items}
        for one in due:
            if one.kind is Kind.JOBS:
                seen[one] = tuple(self._desk.list_jobs(one.subject_id, N_NEWEST))
        return seen


def _bell_of(subject: Subject) -> str:
    if subject.kind is Kind.JOBS:
        return f"account {subject.subject_id}"
    return subject.job_id or subject.subject_id
