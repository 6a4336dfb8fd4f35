"""Who is served next: class with ageing, then account, then job, within caps and hosts' limits.

Fair means: of two accounts (then of two jobs of one account) the one with less of the fleet comes
first, and of two with equally much the one that has waited longer. Without the second half a fleet
that does one item at a time would serve the oldest job for ever.
"""

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from storage import claim_rows, host_rows, room_rows
from storage.claim_rows import ClaimedFacts, ClaimOrder
from storage.database import STEADY, one_trip, send
from storage.host_rows import HostPace
from storage.room_rows import ClaimRoom, RoomsAsked
from storage.states import ItemKind


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What holds in the whole fleet."""

    ageing_s: float = 300.0  # a job that got nothing for so long goes a class up, for one claim
    # how often one host is asked for media; a polite crawler's pace, with room for a short list
    host: HostPace = field(default_factory=lambda: HostPace(rate_per_s=5.0, burst=10.0))


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim has taken, before its turns are noted."""

    items: list[ClaimedFacts]
    had_rivals: bool  # other jobs waited too


def claim_fairly(connection: Connection, order: ClaimOrder, rules: ClaimRules) -> Claimed:
    """Take up to `order.most` items of whatever jobs come first.

    Args:
        connection: in a transaction of its own.
        order: for whom, how many, of which kind; its hosts are filled in here.
        rules: of the fleet.
    """
    asked = RoomsAsked.for_items(order.most)
    with one_trip(connection):
        send(connection, STEADY)
        claim_rows.promote_deferred(connection)
        found = room_rows.ask_claim_room(connection, order, rules.ageing_s, asked)
        hosts = host_rows.ask_busy_hosts(connection, order.kind, rules.host)
    rooms = [ClaimRoom(**row) for row in found]
    order = replace(order, busy_hosts=tuple(row["host"] for row in hosts))
    items = _take_turns(connection, order, rooms)
    if len(items) < order.most and not asked.are_all_in(rooms):
        # what came first had nothing that may be done now: its hosts are busy, or others took it
        found = room_rows.ask_claim_room(connection, order, rules.ageing_s)
        rest = replace(order, most=order.most - len(items))
        items += _take_turns(connection, rest, [ClaimRoom(**row) for row in found])
    return Claimed(items, had_rivals=len(rooms) > 1)


def note_turns(connection: Connection, claimed: Claimed, rules: ClaimRules) -> None:
    """Note whose turn it was, of accounts, jobs and hosts; to be sent with the commit."""
    items = claimed.items
    hosts = Counter(it.host for it in items if it.host and it.kind == ItemKind.MEDIA)
    if hosts or claimed.had_rivals:  # a job that is alone has nobody to wait for
        accounts, jobs = {it.account_id for it in items}, {it.job_id for it in items}
        room_rows.mark_served(connection, accounts, jobs)
    host_rows.take_turns(connection, hosts, rules.host)


def _take_turns(
    connection: Connection, order: ClaimOrder, rooms: list[ClaimRoom]
) -> list[ClaimedFacts]:
    """Claim by turns; where a job has less than its turns, the others have more."""
    claimed: list[ClaimedFacts] = []
    may_wait = True
    while rooms and len(claimed) < order.most:
        turns = _next_turns(rooms, order.most - len(claimed))
        open_turns = dict(turns)
        for room in sorted(rooms, key=lambda it: it.job_id):
            if room.max_running is not None and room.job_id in turns:
                free = room_rows.lock_room(connection, room, may_wait=may_wait)
                open_turns[room.job_id] = min(turns[room.job_id], free)
                may_wait = False
        taken = claim_rows.claim_items(connection, order, open_turns)
        claimed += taken
        jobs = Counter(it.job_id for it in taken)
        accounts = Counter(it.account_id for it in taken)
        rooms = [
            replace(
                room,
                # one claim for its age, the next in its own class
                priority=room.own_priority if jobs[room.job_id] else room.priority,
                job_running=room.job_running + jobs[room.job_id],
                account_running=room.account_running + accounts[room.account_id],
            )
            for room in rooms
            if jobs[room.job_id] == turns[room.job_id]  # the others have nothing left
        ]
    return claimed


def _next_turns(rooms: Sequence[ClaimRoom], most: int) -> Counter[int]:
    """Return how many of the next items come from which job, if all have enough."""
    turns: Counter[int] = Counter()
    running = {room.account_id: room.account_running for room in rooms}
    waiting = [_turn(room, room.account_running) for room in rooms]
    heapq.heapify(waiting)  # hundreds of accounts may wait
    while turns.total() < most:
        turn = heapq.heappop(waiting)
        room = turn.room
        if turn == (now := _turn(room, running[room.account_id])):
            turns[room.job_id] += 1
            running[room.account_id] += 1
            room = replace(room, priority=room.own_priority, job_running=room.job_running + 1)
            now = _turn(room, running[room.account_id])
        heapq.heappush(waiting, now)  # also where its account got something meanwhile
    return turns


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
