"""What an item's row says after an attempt: ended well, badly, given back, or with its worker lost."""

from jobs.retry import (
    GIVE_UP_AFTER_LOSSES,
    TRIES_TO_REPORT,
    Count,
    RetryDecision,
    counted_as,
)
from jobs.spec import ItemResult
from pipeline.errors import WorkerLostError
from pipeline.vocabulary import Failure
from storage.claim_rows import ExpiredFacts
from storage.end_rows import ItemEnd
from storage.states import AttemptEnd, ItemKind, ItemState

GIVEN_BACK = ItemEnd(ItemState.READY, AttemptEnd.RELEASED, stage=None)


def end_of_success(result: ItemResult | None) -> ItemEnd:
    """Return the end of a medium with its result, or of a listing without one."""
    verdict = None if result is None else result.report.verdict
    return ItemEnd(
        state=ItemState.DONE,
        cause=AttemptEnd.DONE,
        stage="",
        verdict=verdict.kind.value if verdict else "",
        reason=verdict.reason.value if verdict else "",
        llr=verdict.llr if verdict else None,
        voiced_s=verdict.voiced_s if verdict else None,
    )


def end_of_failure(failure: Failure, cause: AttemptEnd, retry: RetryDecision | None) -> ItemEnd:
    """Return the end of an attempt that failed: tried again as `retry` says, or without one final."""
    counted = counted_as(failure, cause)
    if cause == AttemptEnd.CANCELLED:
        state = ItemState.CANCELLED
    elif retry is None:
        state = ItemState.FAILED
    else:
        state = ItemState.DEFERRED if retry.delay_s > 0 else ItemState.READY
    return ItemEnd(
        state=state,
        cause=cause,
        code=failure.code,
        message=failure.message,
        stage=failure.stage,
        delay_s=retry.delay_s if retry else 0.0,
        adds_crash=counted is Count.CRASH,
        adds_failure=counted is Count.FAILURE,
        adds_loss=counted is Count.LOSS,
        adds_outage=counted is Count.OUTAGE,
    )


def end_of_loss(item: ExpiredFacts) -> ItemEnd:
    """Return the end of an attempt whose worker is gone; an item given up is owed its report."""
    n_losses = item.n_losses + 1
    is_given_up = n_losses >= GIVE_UP_AFTER_LOSSES
    has_report = item.kind == ItemKind.MEDIA and n_losses < GIVE_UP_AFTER_LOSSES + TRIES_TO_REPORT
    message = (
        f"The worker was lost {n_losses} times while it held this item."
        if is_given_up
        else "The worker that held the item stopped sending signs of life."
    )
    return ItemEnd(
        state=ItemState.FAILED if is_given_up and not has_report else ItemState.READY,
        cause=AttemptEnd.DRIVER_LOST,
        code=WorkerLostError.default_code,
        message=message,
        stage=None,
        adds_loss=True,
        report_owed=message if is_given_up and has_report else "",
    )
