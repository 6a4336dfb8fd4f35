"""When a failed attempt is tried again: a pure function of what happened and how often.

Three classes (`RetryClass`): what the sender must change is never tried again; what may pass by
itself is tried a few times with growing pauses; a service that named a time is asked again then,
and nothing else is asked of its host before. Three more are told apart from the item's own
failures (`Count`): crashes and stalls count towards quarantine, lost workers give an item up only
after many, and outages of our own services never do.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pipeline.errors import DatabaseError, ObjectStoreError, SigningError
from pipeline.vocabulary import Failure
from storage.states import AttemptEnd

QUARANTINE_AFTER = 3  # crashes and stalls; the third try ran alone in a process of its own
ALONE_AFTER_CRASHES = 2
ALONE_AFTER_LOSSES = 3  # a worker that always dies with this item shall take no other along
GIVE_UP_AFTER_FAILURES = 5  # tries of what may pass by itself: 10 s + 30 s + 90 s + 270 s
GIVE_UP_AFTER_LOSSES = 20  # about ten minutes of dying workers with the default lease
TRIES_TO_REPORT = 5  # claims of an item that was given up, which only write its report
FIRST_PAUSE_S = 10.0
PAUSE_FACTOR = 3.0
LONGEST_PAUSE_S = 900.0
OUTAGE_PAUSE_S = 15.0  # our own service is away: everybody waits, so little growth
LONGEST_OUTAGE_PAUSE_S = 300.0
LONGEST_ASKED_PAUSE_S = 86_400.0  # a "come back in" beyond a day is answered with a failure
JITTER = 0.25  # share of the pause by which it varies, so that a crowd does not return at once

QUARANTINE_CAUSES = frozenset({AttemptEnd.CRASHED_IN_STAGE, AttemptEnd.STALLED})
LOSS_CAUSES = frozenset({AttemptEnd.NODE_LOST, AttemptEnd.DRIVER_LOST})
OBJECT_STORE_REFUSES = "object_store_refuses"  # its key or bucket went while workers ran
OWN_OUTAGE_CODES = frozenset(
    {
        DatabaseError.default_code,
        ObjectStoreError.default_code,
        SigningError.default_code,
        *("disk_full", "memory_short", "object_swept", OBJECT_STORE_REFUSES),
    }
)


class RetryClass(StrEnum):
    """What an item's own failure asks for."""

    PERMANENT = "permanent"  # the sender must change something
    TRANSIENT = "transient"  # may pass by itself: a few tries, growing pauses
    LATER = "later"  # the service named a time


class Count(StrEnum):
    """Which of an item's counts an attempt's end adds to."""

    CRASH = "crash"
    FAILURE = "failure"
    LOSS = "loss"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class Tries:
    """What went wrong with an item before this attempt, counted since the last manual retry."""

    n_crashes: int = 0  # crashed in a stage or stalled
    n_failures: int = 0  # named errors that may pass
    n_losses: int = 0  # workers and nodes that went away
    n_outages: int = 0  # services of ours that went away: waited for without end

    @property
    def is_alone(self) -> bool:
        """Tell whether the next try runs in a process of its own."""
        return self.n_crashes >= ALONE_AFTER_CRASHES or self.n_losses >= ALONE_AFTER_LOSSES


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """Try again, after this long."""

    delay_s: float
    asked_pause_s: float = 0.0  # the service wants to be left alone for so long


def retry_class(failure: Failure, retry_after_s: float | None = None) -> RetryClass:
    """Return the class of an item's own failure.

    Args:
        failure: what this attempt ended with.
        retry_after_s: when the service asked to be asked again, if it said so.
    """
    if not failure.retryable:
        return RetryClass.PERMANENT
    if retry_after_s is None:
        return RetryClass.TRANSIENT
    # beyond a day nobody waits for an answer
    return RetryClass.LATER if retry_after_s <= LONGEST_ASKED_PAUSE_S else RetryClass.PERMANENT


def counted_as(failure: Failure, cause: AttemptEnd) -> Count | None:
    """Return the count that an attempt's bad end adds to, or None."""
    if cause in QUARANTINE_CAUSES:
        return Count.CRASH
    if cause in LOSS_CAUSES:
        return Count.LOSS
    if cause == AttemptEnd.OUTAGE or (
        cause == AttemptEnd.FAILED and failure.code in OWN_OUTAGE_CODES
    ):
        return Count.OUTAGE
    return Count.FAILURE if cause == AttemptEnd.FAILED else None


def retry_decision(
    failure: Failure,
    cause: AttemptEnd,
    tries: Tries,
    rng: np.random.Generator,
    retry_after_s: float | None = None,
) -> RetryDecision | None:
    """Return when to try again, or None: the failure is final.

    Args:
        failure: what this attempt ended with.
        cause: how it ended.
        tries: what was counted before this attempt.
        rng: for the jitter.
        retry_after_s: when the service asked to be asked again, if it said so.
    """
    counted = counted_as(failure, cause)
    if counted is Count.CRASH:
        if tries.n_crashes + 1 >= QUARANTINE_AFTER:
            return None
        return RetryDecision(_jittered(FIRST_PAUSE_S / 10, rng))
    if counted is Count.LOSS:
        return None if tries.n_losses + 1 >= GIVE_UP_AFTER_LOSSES else RetryDecision(0.0)
    if counted is Count.OUTAGE:
        pause_s = min(OUTAGE_PAUSE_S * (1 + tries.n_outages), LONGEST_OUTAGE_PAUSE_S)
        return RetryDecision(_jittered(pause_s, rng))
    kind = retry_class(failure, retry_after_s)
    if counted is None or kind is RetryClass.PERMANENT:
        return None
    if tries.n_failures + 1 >= GIVE_UP_AFTER_FAILURES:
        return None
    pause_s = min(FIRST_PAUSE_S * PAUSE_FACTOR**tries.n_failures, LONGEST_PAUSE_S)
    if retry_after_s is None:
        return RetryDecision(_jittered(pause_s, rng))
    pause_s = max(pause_s, retry_after_s)
    return RetryDecision(pause_s + _jittered(pause_s, rng) * JITTER, retry_after_s)  # never before


def _jittered(pause_s: float, rng: np.random.Generator) -> float:
    return float(pause_s * rng.uniform(1 - JITTER, 1 + JITTER))
