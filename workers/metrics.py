"""Prometheus metrics of one worker, and of the queue that all workers share.

Off unless VERITY_METRICS names an address. The queue's numbers are read when somebody asks for
them, at most every few seconds; every worker shows the same ones: take the maximum, never the sum.
"""

import logging
import threading
import time
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from jobs.fleet_view import FleetView, look_at_fleet
from jobs.spec import ItemKind, Priority
from pipeline.errors import ConfigError, VerityError
from workers.fleet_events import FleetEvent, FleetEventKind
from workers.row_batching import BatchNote

_log = logging.getLogger(__name__)
LOOK_EVERY_S = 5.0
STAGE_BUCKETS_S = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
_OUTCOMES = {
    FleetEventKind.DONE,
    FleetEventKind.FAILED,
    FleetEventKind.CANCELLED,
    FleetEventKind.GIVEN_BACK,
}


class FleetMetrics:
    """Counts what one worker does; safe to use from several threads."""

    def __init__(self) -> None:
        """Start with a registry of its own: several fleets may live in one process."""
        self.registry = registry = CollectorRegistry()
        self._claims = Counter(
            "verity_claims", "Items claimed.", ["kind", "class"], registry=registry
        )
        self._items = Counter(
            "verity_items", "Attempts that ended without a retry.", ["kind", "outcome"],
            registry=registry,
        )  # fmt: skip
        self._retries = Counter(
            "verity_retries", "Attempts that will be followed by another.", ["cause", "code"],
            registry=registry,
        )  # fmt: skip
        self._losses = Counter(
            "verity_lease_losses", "Attempts that came too late: another worker owns the item.",
            registry=registry,
        )  # fmt: skip
        self._sound = Counter(
            "verity_audio_seconds", "Seconds of sound that were analysed.", registry=registry
        )
        self._reused = Counter(
            "verity_reused_items", "Media whose report shows an earlier analysis.",
            registry=registry,
        )  # fmt: skip
        self._stages = Histogram(
            "verity_stage_seconds", "Time of an item in a stage.", ["stage"],
            buckets=STAGE_BUCKETS_S, registry=registry,
        )  # fmt: skip
        self._rows = Counter("verity_scored_segments", "Segments scored.", registry=registry)
        self._batches = Counter("verity_score_batches", "Runs of the detector.", registry=registry)
        self._busy = Counter(
            "verity_score_busy_seconds", "Time that the detector ran: its GPU's use, or its core's.",
            registry=registry,
        )  # fmt: skip
        self._held = Gauge("verity_held_items", "Items held now.", registry=registry)
        self._waits = Gauge(
            "verity_worker_waits", "1 while database, disk or memory keep the worker from claiming.",
            registry=registry,
        )  # fmt: skip

    def on_event(self, event: FleetEvent) -> None:
        """Count one thing that happened."""
        kind = event.kind
        if kind in {FleetEventKind.OUTAGE, FleetEventKind.BACK}:
            self._waits.set(int(kind is FleetEventKind.OUTAGE))
        if event.claim is None:
            return
        what = event.claim.kind.value
        if kind is FleetEventKind.STARTED:
            self._claims.labels(what, Priority(event.claim.priority).name.lower()).inc()
            self._held.inc()
            return
        self._held.dec()
        for stage, seconds in event.timings_s.items():
            self._stages.labels(stage).observe(seconds)
        if kind in _OUTCOMES:
            self._items.labels(what, kind.value).inc()
        elif kind is FleetEventKind.RETRYING:
            self._retries.labels(event.cause, event.code).inc()
        elif kind is FleetEventKind.LOST:
            self._losses.inc()
        if kind is FleetEventKind.DONE and event.claim.kind is ItemKind.MEDIA:
            self._sound.inc(event.duration_s)
            self._reused.inc(int("survey" not in event.timings_s))

    def on_batch(self, note: BatchNote) -> None:
        """Count one run of the detector."""
        self._batches.inc()
        self._rows.inc(sum(note.rows.values()))
        self._busy.inc(max(0.0, note.ended_at - note.started_at))


class QueueCollector(Collector):
    """Shows the queue's depth, read when it is asked for."""

    def __init__(self, engine: Engine) -> None:
        """Name the database."""
        self._engine = engine
        self._guard = threading.Lock()
        self._view: FleetView | None = None
        self._looked_at = 0.0

    def collect(self) -> Iterable[Metric]:
        """Return the depth by class and state; nothing while the database is away."""
        view = self._look()
        if view is None:
            return
        depth = GaugeMetricFamily(
            "verity_queue_items",
            "Items of open jobs that are not paused.",
            labels=["class", "state"],
        )
        running = Tally(one.priority for one in view.running if one.kind == ItemKind.MEDIA)
        for one in view.depths:
            name = Priority(one.priority).name.lower()
            n_running = running[one.priority]
            depth.add_metric([name, "running"], n_running)
            depth.add_metric([name, "waiting"], max(0, one.n_open - n_running))
            depth.add_metric([name, "listing"], one.n_listing)
        yield depth
        yield GaugeMetricFamily(
            "verity_queue_deferred_items", "Items that wait for their next try.", view.n_deferred
        )
        yield GaugeMetricFamily(
            "verity_queue_overdue_items", "Held items whose lease has run out.",
            sum(one.is_overdue for one in view.running),
        )  # fmt: skip

    def _look(self) -> FleetView | None:
        with self._guard:
            now = time.monotonic()
            if self._view is None or now - self._looked_at > LOOK_EVERY_S:
                self._looked_at = now
                try:
                    self._view = look_at_fleet(self._engine)
                except VerityError as error:
                    _log.warning("queue not measured: %s", error.message)
                    self._view = None
            return self._view


@contextmanager
def serve_metrics(metrics: FleetMetrics, engine: Engine, address: str) -> Iterator[None]:
    """Offer the metrics at `host:port`; does nothing without an address.

    Raises:
        ConfigError: the address cannot be used.
    """
    if not address:
        yield
        return
    metrics.registry.register(QueueCollector(engine))
    host, _, port = address.rpartition(":")
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), registry=metrics.registry)
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigError(f"VERITY_METRICS={address} cannot be used: {error}.") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
