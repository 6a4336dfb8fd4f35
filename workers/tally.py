"""Counts how attempts end, and tells whoever watches."""

import threading
from collections import Counter

from jobs.spec import ItemKind
from workers.fleet_events import FleetEvent, FleetEventKind, FleetSummary, OnFleetEvent
from workers.held import Held


class Tally:
    """Safe to use from several threads."""

    def __init__(self, on_event: OnFleetEvent) -> None:
        """Start at zero.

        Args:
            on_event: told of each end, in the thread that counts it.
        """
        self._guard = threading.Lock()
        self._on_event = on_event
        self._counts: Counter[FleetEventKind] = Counter()
        self._n_listed = 0

    def count(self, kind: FleetEventKind, held: Held, text: str = "") -> None:
        """Count how an item's attempt ended."""
        with self._guard:
            self._counts[kind] += 1
            if kind is FleetEventKind.DONE and held.claim.kind is ItemKind.LIST:
                self._n_listed += 1
        self._on_event(
            FleetEvent(
                kind,
                held.claim,
                held.stage,
                text,
                held.cause,
                held.code,
                dict(held.timings_s),
                held.duration_s,
            )
        )

    def summary(self, *, is_idle: bool) -> FleetSummary:
        """Return the counts."""
        counts = self._counts
        return FleetSummary(
            n_done=counts[FleetEventKind.DONE] - self._n_listed,
            n_listed=self._n_listed,
            n_failed=counts[FleetEventKind.FAILED],
            n_retried=counts[FleetEventKind.RETRYING],
            n_cancelled=counts[FleetEventKind.CANCELLED],
            n_given_back=counts[FleetEventKind.GIVEN_BACK],
            n_lost=counts[FleetEventKind.LOST],
            is_idle=is_idle,
        )
