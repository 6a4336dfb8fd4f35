"""A trace opens in a viewer, also where the worker was killed before its end."""

import json
from pathlib import Path

from workers.fleet_trace import FleetTrace


def test_a_trace_is_valid_json_with_named_lanes(tmp_path: Path) -> None:
    path = tmp_path / "var" / "trace.json"

    with FleetTrace(path) as trace:
        trace.span("preparer 1", "fetch", 10.0, 10.5, {"item_id": "a"})
        trace.span("preparer 1", "decode", 10.5, 11.0, {"item_id": "a"})

    events = json.loads(path.read_text())
    names = [event for event in events if event["name"] == "thread_name"]
    lanes = {event["tid"]: event["args"]["name"] for event in names}
    fetch, decode = [event for event in events if event["ph"] == "X"]
    assert lanes[fetch["tid"]] == "preparer 1"
    assert (fetch["name"], fetch["dur"]) == ("fetch", 500_000)
    assert decode["ts"] == fetch["ts"] + 500_000


def test_a_trace_without_its_end_is_still_readable(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    trace = FleetTrace(path)

    trace.span("writer", "write", 1.0, 2.0, {"item_id": "a"})

    events = json.loads(path.read_text().rstrip().rstrip(",") + "]")
    assert events[-1]["name"] == "write"
    trace.close()


def test_no_path_records_nothing() -> None:
    with FleetTrace(None) as trace:
        trace.span("writer", "write", 1.0, 2.0, {})
