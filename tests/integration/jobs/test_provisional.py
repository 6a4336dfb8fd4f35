"""Provisional segments: with the fenced heartbeat, each replaces the one before, none outlives its attempt."""

import dataclasses
import threading

import pytest
from sqlalchemy import Engine, text

from jobs.progress_desk import ProgressDesk
from jobs.provisional import MOST_CELLS, Provisional, ProvisionalCell, to_text
from jobs.spec import Beat, ItemClaim, ItemKind
from jobs.work_queue import WorkQueue
from pipeline.errors import StaleClaimError
from storage import claim_rows
from storage.database import transaction
from storage.provisional_rows import MOST_BYTES
from storage.states import AttemptEnd, ItemState
from tests.integration.jobs.queue_makers import CORRUPT, make_job, make_result

pytestmark = pytest.mark.postgres


@pytest.fixture
def queue(engine: Engine) -> WorkQueue:
    return WorkQueue(engine, may_listen=False)


def so_far(end_s: float, llr: float = -2.0) -> str:
    return to_text(Provisional(3600.0, 6.0, (ProvisionalCell(0, 0, 0.0, end_s, llr),)))


def claim_one(queue: WorkQueue) -> ItemClaim:
    make_job(queue, 1)
    return queue.claim("worker", kind=ItemKind.MEDIA)[0]


def shown(engine: Engine, claim: ItemClaim) -> Provisional | None:
    return ProgressDesk(engine).items([claim.item_id])[claim.item_id].provisional


def n_rows(engine: Engine) -> int:
    with transaction(engine) as connection:
        return int(connection.execute(text("SELECT count(*) FROM provisional")).scalar_one())


def test_a_heartbeat_shows_what_was_scored_and_the_next_one_replaces_it(
    queue: WorkQueue, engine: Engine
) -> None:
    claim = claim_one(queue)
    queue.heartbeat([Beat(claim, "score", 0.1, provisional=so_far(30.0))])
    queue.heartbeat([Beat(claim, "score", 0.2, provisional=so_far(60.0))])
    queue.heartbeat([Beat(claim, "score", 0.3)])  # nothing new to show
    found = shown(engine, claim)
    assert found is not None
    assert [cell.end_s for cell in found.cells] == [60.0]
    assert n_rows(engine) == 1


def test_a_late_attempt_shows_nothing(queue: WorkQueue, engine: Engine) -> None:
    late = claim_one(queue)
    queue.release(late)
    (claim,) = queue.claim("other", kind=ItemKind.MEDIA)
    queue.heartbeat([Beat(claim, "score", provisional=so_far(30.0, llr=3.0))])
    reply = queue.heartbeat([Beat(late, "score", provisional=so_far(90.0))])
    assert reply.lost == {late.item_id}
    found = shown(engine, claim)
    assert found is not None
    assert found.cells[0].llr == 3.0


def test_a_new_attempt_does_not_show_what_the_one_before_scored(
    queue: WorkQueue, engine: Engine
) -> None:
    claim = claim_one(queue)
    queue.heartbeat([Beat(claim, "score", provisional=so_far(30.0))])
    with transaction(engine) as connection:  # as if its end had left the row behind
        connection.execute(text("UPDATE item SET fence = fence + 1"))
    assert shown(engine, claim) is None


@pytest.mark.parametrize("end", ["finish", "fail", "release", "reclaim"])
def test_however_an_attempt_ends_nothing_provisional_is_left(
    queue: WorkQueue, engine: Engine, end: str
) -> None:
    claim = claim_one(queue)
    queue.heartbeat([Beat(claim, "score", provisional=so_far(30.0))])
    if end == "finish":
        queue.finish(claim, make_result(claim))
    elif end == "fail":
        queue.fail(claim, CORRUPT, AttemptEnd.FAILED)
    elif end == "release":
        queue.release(claim)
    else:
        with transaction(engine) as connection:
            connection.execute(
                text("UPDATE item SET lease_until = clock_timestamp() - interval '1 h'")
            )
            connection.execute(
                text("UPDATE queue_pulse SET beat_at = clock_timestamp() + interval '1 h'")
            )
        assert queue.reclaim_expired() == 1
    assert n_rows(engine) == 0
    assert shown(engine, claim) is None


def test_an_end_that_waited_for_a_heartbeat_takes_along_what_it_wrote(
    queue: WorkQueue, engine: Engine
) -> None:
    claim = claim_one(queue)
    beat = claim_rows.BeatFacts(int(claim.item_id), claim.fence, "score", 0.5, None, so_far(30.0))
    ending = threading.Thread(target=queue.release, args=(claim,))
    with engine.begin() as connection:  # which may rest for as long as the machine does
        held = claim_rows.renew_leases(connection, [beat], 15.0)
        claim_rows.store_provisional(connection, [beat], held)
        ending.start()
        ending.join(0.5)
        assert ending.is_alive()  # it waits for the item's row
    ending.join()
    assert n_rows(engine) == 0


def test_what_is_shown_meanwhile_is_never_a_result(queue: WorkQueue, engine: Engine) -> None:
    claim = claim_one(queue)
    queue.heartbeat([Beat(claim, "score", provisional=so_far(30.0))])
    status = ProgressDesk(engine).items([claim.item_id])[claim.item_id].status
    assert (status.state, status.verdict, status.llr) == (ItemState.RUNNING, "", None)
    queue.release(claim)
    with pytest.raises(StaleClaimError):
        queue.finish(claim, make_result(claim))


def test_what_is_too_large_is_left_out_and_the_lease_renewed(
    queue: WorkQueue, engine: Engine
) -> None:
    claim = claim_one(queue)
    reply = queue.heartbeat([Beat(claim, "score", provisional="x" * (MOST_BYTES + 1))])
    assert reply.lost == frozenset()
    assert n_rows(engine) == 0


def test_what_another_version_wrote_is_not_shown_and_breaks_nothing(
    queue: WorkQueue, engine: Engine
) -> None:
    claim = claim_one(queue)
    queue.heartbeat([Beat(claim, "score", provisional='{"cells": "of another shape"}')])
    assert shown(engine, claim) is None


def test_the_most_that_is_shown_fits_into_a_heartbeat() -> None:
    cell = ProvisionalCell(31, 7, 35_998.0, 36_000.0, -12.3)
    most = dataclasses.replace(Provisional(36_000.0, 6.0, ()), cells=(cell,) * MOST_CELLS)
    assert len(to_text(most)) < MOST_BYTES
