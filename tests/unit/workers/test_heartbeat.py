"""Leases are renewed for items that move, and for nobody else."""

import dataclasses

import pytest

from jobs.spec import Beat
from tests.claims import CLAIM
from workers.heartbeat import SNAPSHOT, STALL_PATIENCE_S, Hold, Pulse, Snapshot


def hold(n_steps: int = 0, stage: str = "prepare", fence: int = 1) -> Hold:
    claim = dataclasses.replace(CLAIM, fence=fence)
    return Hold(Beat(claim, stage, 0.5), n_steps, deadline_s=10.0)


@pytest.fixture
def pulse() -> Pulse:
    return Pulse(driver_silence_s=30.0, heard_at=0.0)


def test_an_item_that_moves_is_renewed(pulse: Pulse) -> None:
    for now in range(0, 60, 5):
        pulse.take(Snapshot((hold(n_steps=now),)), now)
        assert [beat.claim.item_id for beat in pulse.due(now)] == ["7"]
        assert pulse.newly_stalled(now) == []


def test_an_item_without_progress_is_reported_once_and_then_left_to_its_lease(
    pulse: Pulse,
) -> None:
    for now in range(12):
        pulse.take(Snapshot((hold(),)), now)

    assert [beat.claim.item_id for beat in pulse.newly_stalled(11)] == ["7"]
    assert pulse.newly_stalled(12) == []
    assert pulse.due(12) != []
    late = 10 + STALL_PATIENCE_S + 1
    pulse.take(Snapshot((hold(),)), late)
    assert pulse.due(late) == []


def test_a_new_stage_is_progress(pulse: Pulse) -> None:
    pulse.take(Snapshot((hold(stage="fetch"),)), 0)
    pulse.take(Snapshot((hold(stage="probe"),)), 9)

    assert pulse.newly_stalled(15) == []
    assert pulse.due(15) != []


def test_a_new_claim_of_the_same_item_starts_afresh(pulse: Pulse) -> None:
    pulse.take(Snapshot((hold(fence=1),)), 0)
    pulse.take(Snapshot((hold(fence=2),)), 100)

    assert pulse.newly_stalled(105) == []
    assert [beat.claim.fence for beat in pulse.due(105)] == [2]


def test_a_silent_driver_keeps_no_lease(pulse: Pulse) -> None:
    pulse.take(Snapshot((Hold(Beat(CLAIM, "prepare"), 0, deadline_s=1e6),)), 0)

    assert pulse.due(29) != []
    assert pulse.due(31) == []


def test_what_the_driver_dropped_is_not_renewed(pulse: Pulse) -> None:
    pulse.take(Snapshot((hold(),)), 0)
    pulse.take(Snapshot(()), 1)

    assert pulse.due(1) == []


def test_a_snapshot_survives_the_pipe_in_one_line() -> None:
    snapshot = Snapshot((hold(n_steps=3),))

    line = SNAPSHOT.dump_json(snapshot)

    assert b"\n" not in line
    assert SNAPSHOT.validate_json(line) == snapshot
