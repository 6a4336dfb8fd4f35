import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.retry import (
    GIVE_UP_AFTER_FAILURES,
    GIVE_UP_AFTER_LOSSES,
    LONGEST_PAUSE_S,
    QUARANTINE_AFTER,
    Count,
    RetryClass,
    Tries,
    counted_as,
    retry_class,
    retry_decision,
)
from pipeline.vocabulary import Failure
from storage.states import AttemptEnd

CORRUPT = Failure("media_corrupt", "damaged", "decode")
AWAY = Failure("fetch_failed", "no answer", "fetch", retryable=True)
STORE_AWAY = Failure("object_store_failed", "no answer", "write", retryable=True)


def decide(
    failure: Failure,
    cause: AttemptEnd = AttemptEnd.FAILED,
    tries: Tries | None = None,
    retry_after_s: float | None = None,
    seed: int = 0,
) -> float | None:
    rng = np.random.default_rng(seed)
    decision = retry_decision(failure, cause, tries or Tries(), rng, retry_after_s)
    return None if decision is None else decision.delay_s


def test_what_the_sender_must_change_is_final_at_once() -> None:
    assert decide(CORRUPT) is None


def test_pauses_grow_and_end() -> None:
    pauses = [
        decide(AWAY, tries=Tries(n_failures=n), seed=n) for n in range(GIVE_UP_AFTER_FAILURES)
    ]
    assert pauses[-1] is None
    told = [pause for pause in pauses if pause is not None]
    assert told == sorted(told)
    assert 5 < told[0] < 15


def test_pauses_of_a_crowd_differ() -> None:
    assert len({decide(AWAY, seed=seed) for seed in range(20)}) == 20


@pytest.mark.parametrize("cause", [AttemptEnd.CRASHED_IN_STAGE, AttemptEnd.STALLED])
def test_third_crash_or_stall_is_final(cause: AttemptEnd) -> None:
    assert decide(CORRUPT, cause, Tries(n_crashes=QUARANTINE_AFTER - 2)) is not None
    assert decide(CORRUPT, cause, Tries(n_crashes=QUARANTINE_AFTER - 1)) is None


@pytest.mark.parametrize("cause", [AttemptEnd.NODE_LOST, AttemptEnd.DRIVER_LOST])
def test_lost_worker_costs_no_pause_and_counts_towards_no_quarantine(cause: AttemptEnd) -> None:
    assert decide(CORRUPT, cause, Tries(n_crashes=2, n_losses=10)) == 0
    assert decide(CORRUPT, cause, Tries(n_losses=GIVE_UP_AFTER_LOSSES - 1)) is None


def test_own_outage_is_waited_for_without_end() -> None:
    for n_outages in (0, 5, 500):
        for failure, cause in ((STORE_AWAY, AttemptEnd.FAILED), (CORRUPT, AttemptEnd.OUTAGE)):
            pause_s = decide(failure, cause, Tries(n_losses=19, n_outages=n_outages))
            assert pause_s is not None
            assert 10 < pause_s < 400


def test_site_that_named_a_time_is_never_asked_before_it() -> None:
    for seed in range(20):
        pause_s = decide(AWAY, retry_after_s=7200, seed=seed)
        assert pause_s is not None
        assert pause_s > 7200


def test_site_that_asks_for_days_is_a_failure() -> None:
    assert decide(AWAY, retry_after_s=3 * 86_400) is None


@pytest.mark.parametrize(
    ("failure", "retry_after_s", "kind"),
    [
        (CORRUPT, None, RetryClass.PERMANENT),
        (AWAY, None, RetryClass.TRANSIENT),
        (AWAY, 7200.0, RetryClass.LATER),
        (AWAY, 3 * 86_400.0, RetryClass.PERMANENT),
    ],
)
def test_failures_have_three_classes(
    failure: Failure, retry_after_s: float | None, kind: RetryClass
) -> None:
    assert retry_class(failure, retry_after_s) is kind


def test_services_of_our_own_are_never_counted_against_an_item() -> None:
    assert counted_as(STORE_AWAY, AttemptEnd.FAILED) is Count.OUTAGE
    assert counted_as(CORRUPT, AttemptEnd.OUTAGE) is Count.OUTAGE
    assert counted_as(AWAY, AttemptEnd.FAILED) is Count.FAILURE
    assert counted_as(CORRUPT, AttemptEnd.RELEASED) is None


def test_cancelled_item_is_not_tried_again() -> None:
    assert decide(AWAY, AttemptEnd.CANCELLED) is None


def test_third_try_after_crashes_runs_alone() -> None:
    assert [Tries(n_crashes=n).is_alone for n in range(3)] == [False, False, True]
    assert Tries(n_losses=3).is_alone


@given(
    cause=st.sampled_from(AttemptEnd),
    failure=st.sampled_from([CORRUPT, AWAY, STORE_AWAY]),
    tries=st.builds(Tries, *(st.integers(0, 1000),) * 4),
    seed=st.integers(0, 2**32),
)
def test_pause_is_finite_and_never_negative(
    cause: AttemptEnd, failure: Failure, tries: Tries, seed: int
) -> None:
    pause_s = decide(failure, cause, tries, seed=seed)
    assert pause_s is None or 0 <= pause_s <= LONGEST_PAUSE_S * 2


@given(failure=st.sampled_from([CORRUPT, AWAY]), n=st.integers(0, 100))
def test_items_own_trouble_always_ends(failure: Failure, n: int) -> None:
    """Whatever happens inside an item, a bounded number of tries decides."""
    for cause in (AttemptEnd.FAILED, AttemptEnd.CRASHED_IN_STAGE, AttemptEnd.STALLED):
        tries = Tries(n_crashes=QUARANTINE_AFTER + n, n_failures=GIVE_UP_AFTER_FAILURES + n)
        assert decide(failure, cause, tries) is None
