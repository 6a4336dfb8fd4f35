"""A machine that lacks something begins nothing new, and says so."""

from pathlib import Path

import pytest

from workers.fleet_trace import FleetTrace
from workers.machine import Room, count_cores, disk_room, memory_room
from workers.shortage import Shortage, is_short

GIB = 1 << 30


@pytest.mark.parametrize(
    ("total", "free", "short"),
    [
        (1000 * GIB, 1 * GIB, False),
        (1000 * GIB, 200 << 20, True),
        (64 << 20, 8 << 20, False),  # a small disk that has room
        (64 << 20, 3 << 20, True),
        (0, 0, False),  # nothing is known
    ],
)
def test_a_little_is_always_kept(total: int, free: int, short: bool) -> None:
    assert is_short(Room(total, free)) is short


def test_a_container_s_limits_count_not_the_machine_s(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    (tmp_path / "memory.max").write_text(f"{2 * GIB}\n")
    (tmp_path / "memory.current").write_text(f"{GIB}\n")
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {GIB // 2}\n")
    facts = tmp_path / "meminfo"
    facts.write_text("MemTotal: 33554432 kB\nMemAvailable: 30000000 kB\n")
    assert count_cores(tmp_path) == 1
    assert memory_room(tmp_path, facts) == Room(2 * GIB, GIB + GIB // 2)
    assert memory_room(tmp_path / "none", facts).total_bytes == 32 * GIB


def test_a_folder_that_is_not_made_yet_has_its_parent_s_disk(tmp_path: Path) -> None:
    assert disk_room(tmp_path / "a" / "b").total_bytes == disk_room(tmp_path).total_bytes > 0


def test_a_shortage_that_an_actor_told_of_ends_after_a_pause_that_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("workers.shortage.time.monotonic", lambda: now[0])
    watch = Shortage(tmp_path)
    assert watch.now() == ""
    pauses = []
    for _ in range(3):
        watch.tell("The disk is full.")
        watch.tell("another item found out as well")
        began = now[0]
        while watch.now():
            assert watch.now() == "The disk is full."
            now[0] += 0.5
        pauses.append(now[0] - began)
    assert pauses == [2.0, 4.0, 8.0]


def test_a_trace_on_a_full_disk_ends_quietly() -> None:
    trace = FleetTrace(Path("/dev/full"))
    trace.span("preparer 1", "fetch", 0.0, 1.0, {})
    trace.span("preparer 1", "fetch", 1.0, 2.0, {})
    trace.close()
