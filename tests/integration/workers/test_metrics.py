"""What Prometheus is told of a worker and of the queue."""

import json
import logging
from dataclasses import replace
from urllib.request import urlopen

import pytest
from sqlalchemy import Engine, create_engine

from jobs.fleet_view import look_at_fleet
from jobs.spec import ItemKind, JobSpec, NewItem, Priority
from jobs.work_queue import WorkQueue
from pipeline.errors import ConfigError
from tests.claims import CLAIM
from tests.free_ports import free_port
from workers.fleet_events import FleetEvent, FleetEventKind
from workers.log_format import LogFormatter
from workers.metrics import FleetMetrics, QueueCollector, serve_metrics
from workers.row_batching import BatchNote

pytestmark = pytest.mark.postgres


def make_busy_queue(engine: Engine) -> WorkQueue:
    """Return a queue with a live job: one item runs, one is deferred, two wait."""
    queue = WorkQueue(engine, may_listen=False)
    queue.desk.submit(JobSpec(sources=("s3://b/p",), priority=Priority.LIVE))
    [listing] = queue.claim("w", kind=ItemKind.LIST)
    queue.add_items(listing, [NewItem(f"s3://b/{n}", f"{n}", f"{n}") for n in range(4)])
    queue.finish(listing)
    queue.claim("worker")
    return queue


def test_the_queue_s_depth_is_shown_by_class_and_state(engine: Engine) -> None:
    make_busy_queue(engine)
    metrics = FleetMetrics()
    metrics.registry.register(QueueCollector(engine))
    value = metrics.registry.get_sample_value
    labels = {"class": "live", "state": "waiting"}
    assert value("verity_queue_items", labels) == 3
    assert value("verity_queue_items", labels | {"state": "running"}) == 1
    assert value("verity_queue_overdue_items") == 0
    [running] = look_at_fleet(engine).running
    assert (running.worker_id, running.attempt, running.priority) == ("worker", 1, Priority.LIVE)


def test_a_database_that_is_away_takes_no_worker_s_metrics_away() -> None:
    metrics = FleetMetrics()
    collector = QueueCollector(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    assert list(collector.collect()) == []
    metrics.on_event(FleetEvent(FleetEventKind.OUTAGE, text="the database is away"))
    assert metrics.registry.get_sample_value("verity_worker_waits") == 1


def test_a_worker_counts_what_becomes_of_its_claims() -> None:
    metrics = FleetMetrics()
    value = metrics.registry.get_sample_value
    for kind, more in (
        (FleetEventKind.DONE, {"timings_s": {"fetch": 0.5}, "duration_s": 60.0}),
        (FleetEventKind.RETRYING, {"cause": "stalled", "code": "stalled"}),
        (FleetEventKind.LOST, {}),
    ):
        metrics.on_event(FleetEvent(FleetEventKind.STARTED, CLAIM))
        assert value("verity_held_items") == 1
        metrics.on_event(replace(FleetEvent(kind, CLAIM), **more))
    metrics.on_batch(BatchNote(10.0, 10.5, {"7": 12, "8": 4}))

    assert value("verity_claims_total", {"kind": "media", "class": "batch"}) == 3
    assert value("verity_items_total", {"kind": "media", "outcome": "done"}) == 1
    assert value("verity_retries_total", {"cause": "stalled", "code": "stalled"}) == 1
    assert value("verity_lease_losses_total") == 1
    assert value("verity_audio_seconds_total") == 60
    assert value("verity_stage_seconds_sum", {"stage": "fetch"}) == 0.5
    assert value("verity_scored_segments_total") == 16
    assert value("verity_score_busy_seconds_total") == 0.5
    assert value("verity_held_items") == 0


def test_metrics_are_offered_at_their_address_alone(engine: Engine) -> None:
    place = f"127.0.0.1:{free_port()}"
    with serve_metrics(FleetMetrics(), engine, place):
        page = urlopen(f"http://{place}/metrics").read().decode()
    assert "verity_held_items 0.0" in page
    with (
        pytest.raises(ConfigError, match="VERITY_METRICS"),
        serve_metrics(FleetMetrics(), engine, "127.0.0.1:99999"),
    ):
        pass


def test_a_log_line_is_one_json_object_with_its_ids() -> None:
    record = logging.LogRecord("workers.fleet", 30, "f", 1, "actor died\n%s", ("x",), None)
    record.item_id, record.attempt = "7", 2
    line = LogFormatter(as_json=True).format(record)
    assert "\n" not in line
    said = json.loads(line)
    assert (said["message"], said["item_id"], said["attempt"]) == ("actor died\nx", "7", 2)
    assert said["level"] == "warning"
