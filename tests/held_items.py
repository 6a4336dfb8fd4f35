"""Items that an attempt holds for as long as a test wants, however fast or slow the fleet is.

Either while they are fetched, from a site whose media come only once they may; or while they are
prepared, a few blocks ahead of a scorer that stands still.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jobs.spec import Job
from tests.fleet_bench import (
    START_S,
    FleetBench,
    FleetThread,
    standing_still,
    the_actor,
    wait_until,
)
from tests.local_site import Answer, Asked, LocalSite, local_site
from tests.makers import speech_like, wav_bytes


@dataclass(frozen=True, slots=True)
class HeldSite:
    """A running site, a list of its media, and how to let them come."""

    site: LocalSite
    list_path: Path
    _may_come: threading.Event = field(default_factory=threading.Event)

    def answer(self, asked: Asked) -> Answer:
        """Say at once what a medium is, but send it only once it may come."""
        if asked.method == "GET":
            self._may_come.wait()
        return Answer(wav_bytes(speech_like(len(asked.path), 4.0)), "audio/wav")

    def wait_until_wanted(self) -> None:
        """Return once somebody fetches one: it is held by an attempt until it comes."""
        wait_until(lambda: any(one.method == "GET" for one in [*self.site.asked]), START_S)

    def let_go(self) -> None:
        """Send media to those who wait, and to all who ask later."""
        self._may_come.set()


@contextmanager
def held_site(folder: Path, n_media: int) -> Iterator[HeldSite]:
    """Run a site with so many media, no two alike, until the block is left."""
    with local_site() as site:
        held = HeldSite(site, folder / "held.txt")
        paths = [f"/{'held' * (1 + number)}.wav" for number in range(n_media)]
        site.answers.update(dict.fromkeys(paths, held.answer))
        held.list_path.write_text("".join(f"{site.url(path)}\n" for path in paths))
        try:
            yield held
        finally:
            held.let_go()


@pytest.fixture
def held(bench: FleetBench, tmp_path: Path) -> Iterator[HeldSite]:
    """Give a site with one such medium, from which workers of the bench may fetch."""
    with held_site(tmp_path, 1) as site:
        bench.environ["VERITY_FETCH_ALLOW"] = site.site.host
        yield site


@contextmanager
def held_in_prepare(
    bench: FleetBench, fleet: FleetThread, source: Path | str
) -> Iterator[tuple[Job, int]]:
    """Submit one long item to a fleet that stays; give its job, and the actor that prepares it.

    It has got but a few blocks ahead of the scorer, and gets no further until the block is left.
    """
    fleet.wait_until_ready()
    with standing_still([the_actor("Scorer", of=os.getpid())]):
        job = bench.submit(source)
        yield job, the_actor("Preparer.prepare", of=os.getpid())
