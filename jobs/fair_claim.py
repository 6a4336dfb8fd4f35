"""Who is served next: class with ageing, then account, then job, within caps and hosts' limits.

Fair means: of two accounts (then of two jobs of one account) the one with less of the fleet comes
first, and of two with equally much the one that has waited longer. Without the second half a fleet
that does one item at a time would serve the oldest job for ever.
"""

import heapq
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from storage import claim_rows, host_rows, room_rows
from storage.claim_rows import ClaimedFacts, ClaimOrder
from storage.database import unanswered
from storage.host_rows import HostPace
from storage.room_rows import ClaimRoom
from storage.states import ITEM_VERSION, ItemKind


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What holds in the whole fleet."""

    ageing_s: float = 300.0  # a job that got nothing for so long goes a class up, for one claim
    # how often one host is asked for media; a polite crawler's pace, with room for a short list
    host: HostPace = field(default_factory=lambda: HostPace(rate_per_s=5.0, burst=10.0))


def claim_fairly(
    connection: Connection, order: ClaimOrder, rules: ClaimRules
) -> list[ClaimedFacts]:
    """Take up to `order.most` items of whatever jobs come first.

    Args:
        connection: in a transaction of its own.
        order: for whom, how many, of which kind; its job and hosts are filled in here.
        rules: of the fleet.
    """
    with unanswered(connection):
        claim_rows.promote_deferred(connection)
    rooms = room_rows.read_claim_room(
        connection, order.kind, rules.ageing_s, ITEM_VERSION, order.detectors
    )
    if not rooms:
        return []
    if order.kind is ItemKind.LIST:
        busy = host_rows.blocked_hosts(connection)
    else:
        busy = host_rows.busy_hosts(connection, rules.host)
    order = replace(order, busy_hosts=busy)
    claimed = _take_turns(connection, order, rooms)
    hosts = Counter(it.host for it in claimed if it.host and it.kind == ItemKind.MEDIA)
    if hosts or (claimed and len(rooms) > 1):  # a job that is alone has nobody to wait for
        with unanswered(connection):
            room_rows.mark_served(
                connection, {it.account_id for it in claimed}, {it.job_id for it in claimed}
            )
            host_rows.take_turns(connection, hosts, rules.host)
    return claimed


def _take_turns(
    connection: Connection, order: ClaimOrder, rooms: list[ClaimRoom]
) -> list[ClaimedFacts]:
    """Claim item by item, each from the job whose turn it is."""
    claimed: list[ClaimedFacts] = []
    running = {room.account_id: room.account_running for room in rooms}
    waiting = [_turn(room, room.account_running) for room in rooms]
    heapq.heapify(waiting)  # hundreds of accounts may wait
    may_wait = True
    while waiting and len(claimed) < order.most:
        turn = heapq.heappop(waiting)
        room = turn.room
        if turn != (now := _turn(room, running[room.account_id])):
            heapq.heappush(waiting, now)  # its account got something meanwhile
            continue
        # alone in the queue: no need to ask for one item at a time
        most = wanted = 1 if waiting else order.most - len(claimed)
        if room.max_running is not None:
            most = min(most, room_rows.lock_room(connection, room, may_wait=may_wait))
            may_wait = False
        mine = replace(order, job_id=room.job_id, most=most)
        taken = claim_rows.claim_items(connection, mine) if most else []
        claimed += taken
        running[room.account_id] += len(taken)
        if len(taken) == wanted:
            n_running = room.job_running + len(taken)
            # one claim for its age, the next in its own class
            room = replace(room, priority=room.own_priority, job_running=n_running)
            heapq.heappush(waiting, _turn(room, running[room.account_id]))
    return claimed


@dataclass(frozen=True, slots=True, order=True)
class _Turn:
    """A job's place in the order in which jobs are served; the lowest is next."""

    priority: int
    account_running: int
    account_served_at: datetime
    job_running: int
    job_served_at: datetime
    job_id: int
    room: ClaimRoom = field(compare=False)


def _turn(room: ClaimRoom, account_running: int) -> _Turn:
    return _Turn(
        room.priority,
        account_running,
        room.account_served_at,
        room.job_running,
        room.job_served_at,
        room.job_id,
        room,
    )
