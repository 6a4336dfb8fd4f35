"""The words that rows carry: kinds and states of work, causes of an attempt's end."""

from enum import IntEnum, StrEnum

# What an item's row means. Raised where older workers would misread new items: they leave jobs of
# a newer version alone, and go on with the others while the fleet is being renewed.
ITEM_VERSION = 2  # 2: a job may name a detector
PLAIN_VERSION = 1  # of jobs that every worker reads


class ItemKind(StrEnum):
    """What work an item is."""

    LIST = "list"  # list a source: its work is to add items
    MEDIA = "media"  # fetch and analyse one medium


class ItemState(StrEnum):
    """Where an item stands."""

    READY = "ready"  # may be claimed
    DEFERRED = "deferred"  # waits for its `available_at`, then becomes ready
    RUNNING = "running"  # a claim holds it
    DONE = "done"  # has a verdict (a listing: its source is listed)
    FAILED = "failed"  # has a code and a message
    CANCELLED = "cancelled"


FINAL_STATES = (ItemState.DONE, ItemState.FAILED, ItemState.CANCELLED)


class JobState(StrEnum):
    """Where a job stands; derived from its counters, never stored."""

    LISTING = "listing"  # at least one source is still being listed
    RUNNING = "running"  # listed, items remain
    DONE = "done"  # every item is final: "done, N failed"
    CANCELLED = "cancelled"  # somebody stopped it; items that had ended keep their reports


class Priority(IntEnum):
    """Which jobs go first; a lower number goes first."""

    LIVE = 0  # somebody waits for the answer
    BATCH = 1  # the ordinary job
    SWEEP = 2  # repeated in the background


class AttemptEnd(StrEnum):
    """How an attempt ended; the first two causes of trouble count towards quarantine."""

    CRASHED_IN_STAGE = "crashed_in_stage"  # the process died in the item's own stage
    STALLED = "stalled"  # no progress within the stage's deadline
    NODE_LOST = "node_lost"  # the machine or its raylet went
    DRIVER_LOST = "driver_lost"  # the fleet process went; the lease ran out
    OUTAGE = "outage"  # a service of ours was away
    FAILED = "failed"  # a named error of this item
    RELEASED = "released"  # given back unharmed
    CANCELLED = "cancelled"
    DONE = "done"
