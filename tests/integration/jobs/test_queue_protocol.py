"""The queue's protocol under every order of events: many workers, stalls, a clock that jumps.

Hypothesis plays workers that claim, beat, finish, fail, give back and wake up late, people who
cancel, pause and retry, and hours that go by at once; after each step the real tables must agree
with a small model of who owns what. The same game is played with queues that are broken on
purpose: a checker that does not catch those would prove nothing.
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as play
from sqlalchemy import Engine, text

from jobs.retry import RetryDecision
from jobs.spec import Beat, ItemClaim
from jobs.work_queue import WorkQueue
from pipeline.errors import StaleClaimError, VerityError
from storage import end_rows
from tests.integration.jobs.queue_makers import AWAY, CORRUPT, make_job, make_result

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

LEASE_S = 3600.0  # no real time matters: only jumps make a lease run out
N_ITEMS = 3
WORKERS = ("ann", "ben", "eve")
TABLES = "report, segment, analysis, attempt, item, job_delta, job"


@dataclass
class Model:
    """What should be true."""

    owner: dict[str, int] = field(default_factory=dict)  # item -> fence that may write
    reported: dict[str, int] = field(default_factory=dict)  # item -> attempt that has the report
    claims: list[ItemClaim] = field(default_factory=list)  # all that were ever given out
    ends: set[tuple[str, int, str]] = field(default_factory=set)  # item, fence, how it ended


class Protocol(RuleBasedStateMachine):
    """One game on an empty queue with one job."""

    engine: Engine  # set by `game_on`

    def __init__(self) -> None:
        super().__init__()
        with self.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE"))
            connection.execute(
                text("UPDATE queue_pulse SET beat_at = now(), reclaim_after = now()")
            )
        self.queue = WorkQueue(self.engine, LEASE_S, may_listen=False)
        self.job_id = make_job(self.queue, N_ITEMS).job_id
        self.model = Model()

    # workers

    @initialize()
    def begin(self) -> None:
        self.claim("ann", 2)

    @rule(worker=st.sampled_from(WORKERS), limit=st.integers(1, 2))
    def claim(self, worker: str, limit: int) -> None:
        for claim in self.queue.claim(worker, limit):
            assert claim.item_id not in self.model.owner, "an item was given to two workers"
            self.model.owner[claim.item_id] = claim.fence
            self.model.claims.append(claim)

    @precondition(lambda self: self.model.claims)
    @rule(which=st.integers(0, 99))
    def beat(self, which: int) -> None:
        claim = self.model.claims[which % len(self.model.claims)]
        reply = self.queue.heartbeat([Beat(claim, "decode")])
        assert (claim.item_id in reply.lost) is not self.owns(claim)

    @precondition(lambda self: self.model.claims)
    @rule(which=st.integers(0, 99))
    def finish(self, which: int) -> None:
        claim = self.model.claims[which % len(self.model.claims)]
        before = self.model.reported.get(claim.item_id)
        owns, is_again = self.owns(claim), before == claim.attempt
        try:
            self.queue.finish(claim, make_result(claim, n_segments=1))
        except StaleClaimError:
            assert not owns, "the owner's result was refused"
            return
        assert owns or is_again, "a late worker's result was taken"
        self.model.owner.pop(claim.item_id, None)
        self.model.reported[claim.item_id] = claim.attempt

    @precondition(lambda self: self.model.claims)
    @rule(which=st.integers(0, 99), way=st.sampled_from(("fail", "later", "release")))
    def give_up(self, which: int, way: str) -> None:
        claim = self.model.claims[which % len(self.model.claims)]
        owns = self.owns(claim)
        try:
            if way == "release":
                self.queue.release(claim)
            else:
                retry = RetryDecision(60.0) if way == "later" else None
                self.queue.fail(claim, AWAY if retry else CORRUPT, retry=retry)
        except StaleClaimError:
            assert not owns, "the owner could not end its attempt"
            return
        end = (claim.item_id, claim.fence, "release" if way == "release" else "fail")
        assert owns or end in self.model.ends, "a late worker ended somebody else's attempt"
        self.model.ends.add(end)
        self.model.owner.pop(claim.item_id, None)

    # time

    @rule(hours=st.sampled_from((0.5, 1.1, 3.0)), was_tended=st.booleans())
    def jump(self, hours: float, was_tended: bool) -> None:
        """Let hours go by, with the fleet's other workers alive, or the database away for all."""
        shift = text("""
            WITH i AS (UPDATE item SET lease_until = lease_until - make_interval(hours => :h, secs => :s),
                                available_at = available_at - make_interval(hours => :h, secs => :s))
            UPDATE queue_pulse SET reclaim_after = reclaim_after - make_interval(hours => :h, secs => :s),
                beat_at = CASE WHEN :tended THEN beat_at
                          ELSE beat_at - make_interval(hours => :h, secs => :s) END
        """)
        values = {"h": int(hours), "s": (hours % 1) * 3600, "tended": was_tended}
        with self.engine.begin() as connection:
            connection.execute(shift, values)

    @precondition(lambda self: self.model.owner)
    @rule(worker=st.sampled_from(WORKERS))
    def stall_and_be_replaced(self, worker: str) -> None:
        """Let all holders stall for longer than a lease; another worker claims what they had."""
        self.tend()  # after an outage reclaiming waits a lease: it goes by in the jump
        self.jump(1.1, was_tended=True)
        self.tend()
        self.claim(worker, 2)

    @rule()
    def tend(self) -> None:
        expired = self.ids("state = 'running' AND lease_until < clock_timestamp()")
        n_reclaimed = self.queue.tend()
        gone = self.model.owner.keys() - self.ids("state = 'running'")
        assert len(gone) == n_reclaimed
        assert gone <= expired, "a living lease was taken away"
        for item_id in gone:
            del self.model.owner[item_id]

    # people

    @rule(what=st.sampled_from(("pause", "resume", "retry_failed")))
    def decide(self, what: str) -> None:
        getattr(self.queue.desk, what)(self.job_id)

    # what must always hold

    @invariant()
    def counters_equal_the_rows(self) -> None:
        counts = self.queue.desk.job_status(self.job_id).counts
        statement = "SELECT state, count(*) FROM item WHERE kind = 'media' GROUP BY state"
        with self.engine.connect() as connection:
            rows = {state: n for state, n in connection.execute(text(statement))}
        media = {state: rows.get(state, 0) for state in ("done", "failed", "running")}
        assert counts.total == N_ITEMS
        assert media == {
            "done": counts.done,
            "failed": counts.failed,
            "running": counts.running,
        }

    @invariant()
    def each_finished_item_has_its_one_report(self) -> None:
        with self.engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT i.item_id::text, (r.document->>'attempt')::int FROM item i"
                    " JOIN report r USING (item_id) WHERE state = 'done'"
                )
            ).all()
        reports = {item_id: attempt for item_id, attempt in rows}
        assert len(rows) == len(reports)
        assert reports == {
            i: self.model.reported.get(i) for i in self.ids("state = 'done' AND kind = 'media'")
        }

    def owns(self, claim: ItemClaim) -> bool:
        return self.model.owner.get(claim.item_id) == claim.fence

    def ids(self, condition: str) -> set[str]:
        with self.engine.connect() as connection:
            statement = text(f"SELECT item_id::text FROM item WHERE {condition}")  # noqa: S608
            return set(connection.scalars(statement))


def game_on(engine: Engine) -> type[Protocol]:
    return type("Game", (Protocol,), {"engine": engine})


def rules(n_games: int, n_steps: int) -> settings:
    return settings(
        max_examples=n_games,
        stateful_step_count=n_steps,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),  # a failure is told as it was found: shrinking takes minutes
        suppress_health_check=list(HealthCheck),
    )


def test_no_order_of_events_breaks_the_protocol(engine: Engine) -> None:
    play(game_on(engine), settings=rules(10, 20))


BROKEN = {
    "no fence": ("AND fence = :fence AND state", "AND state"),
    "finish asks for a living lease": (
        "AND fence = :fence AND state",
        "AND fence = :fence AND lease_until > clock_timestamp() AND state",
    ),
    "lease only": ("AND fence = :fence AND state", "AND lease_until > clock_timestamp() AND state"),
}


@pytest.fixture(params=BROKEN)
def broken_queue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Break the one statement that ends attempts."""
    right, wrong = BROKEN[request.param]
    statement = str(end_rows._END)
    assert statement.count(right) == 1
    monkeypatch.setattr(end_rows, "_END", text(statement.replace(right, wrong)))
    return str(request.param)


def test_a_broken_queue_is_caught(engine: Engine, broken_queue: str) -> None:
    with pytest.raises((AssertionError, VerityError)):
        play(game_on(engine), settings=rules(40, 15))
