"""Fetches the scorers' notes of their batches now and then, for the trace and the metrics."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import ray
from ray.exceptions import RayError

from workers.actors import Member
from workers.crew import Crew
from workers.fleet_trace import Fact, FleetTrace
from workers.roles import Role
from workers.row_batching import BatchNote

LOOK_S = 5.0  # between looks: each is a call of Ray's
LAST_NOTES_S = 3.0  # at the end, for a scorer to answer


class ScorerNotes:
    """Asks, and takes the answers the next time; called by the fleet's loop alone."""

    def __init__(
        self,
        crew: Crew,
        trace: FleetTrace,
        on_batch: Callable[[BatchNote], None] = lambda _: None,
    ) -> None:
        """Ask nobody yet.

        Args:
            crew: whose scorers are asked.
            trace: where each batch is recorded.
            on_batch: told of each.
        """
        self._crew = crew
        self._trace = trace
        self._on_batch = on_batch
        self._looked_at = time.monotonic()
        self._asked: dict[Member, Any] = {}  # references to what they will say

    def look(self) -> None:
        """Record what is there, unless that was done a moment ago."""
        if time.monotonic() - self._looked_at >= LOOK_S:
            self._looked_at = time.monotonic()
            self._ask()

    def take_last(self) -> None:
        """Record all that is left: what was asked for, and what came since then."""
        for _ in range(2):
            self._ask(LAST_NOTES_S)

    def _ask(self, wait_s: float = 0.0) -> None:
        """Record what was asked for, and ask again."""
        asked, self._asked = self._asked, {}
        for scorer in self._crew.members(Role.SCORER):  # one that died took its notes along
            notes = asked.get(scorer)
            if notes is not None:
                if not ray.wait([notes], timeout=wait_s)[0]:
                    self._asked[scorer] = notes
                    continue
                with suppress(RayError):  # the scorer died: its notes are gone
                    for note in ray.get(notes):
                        self._record(scorer.lane, note)
            self._asked[scorer] = scorer.handle.take_notes.remote()

    def _record(self, lane: str, note: BatchNote) -> None:
        facts: dict[str, Fact] = {
            "n_items": len(note.rows),
            "n_rows": sum(note.rows.values()),
            "rows": note.rows,
        }
        self._on_batch(note)
        self._trace.span(lane, "score_batch", note.started_at, note.ended_at, facts)
