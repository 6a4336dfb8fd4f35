"""Turns of hosts in SQL: a token bucket for each host that the whole fleet shares.

A host without a row has a full bucket. Workers that claim at the same moment may take the last
token together; the bucket is then in debt, and the average stays what it should be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor
from sqlalchemy import Connection, text

from storage.database import send
from storage.states import ItemKind


@dataclass(frozen=True, slots=True)
class HostPace:
    """How often one host is asked for a medium."""

    rate_per_s: float
    burst: float  # at once, after a pause


_BUSY = text("""
SELECT host FROM host_turn WHERE blocked_until > clock_timestamp()
   OR tokens + :rate * extract(epoch FROM clock_timestamp() - filled_at) < 1
""")


_BLOCKED = text("SELECT host FROM host_turn WHERE blocked_until > clock_timestamp()")


def ask_busy_hosts(
    connection: Connection, kind: ItemKind | None, pace: HostPace
) -> "Cursor[dict[str, Any]]":
    """Ask for the hosts that must not be asked now; for listings: those that want to be left alone."""
    if kind is ItemKind.LIST:
        return send(connection, _BLOCKED)
    return send(connection, _BUSY, {"rate": pace.rate_per_s})


# in one order, so that two claims cannot wait for each other
_TAKE = text("""
INSERT INTO host_turn AS h (host, tokens, filled_at)
SELECT host, :burst - n, clock_timestamp()
FROM unnest(CAST(:hosts AS text[]), CAST(:counts AS int[])) AS t(host, n) ORDER BY host
ON CONFLICT (host) DO UPDATE SET
    tokens = least(:burst,
        h.tokens + :rate * extract(epoch FROM clock_timestamp() - h.filled_at))
        - (:burst - excluded.tokens),
    filled_at = clock_timestamp()
""")


def take_turns(connection: Connection, counts: Mapping[str, int], pace: HostPace) -> None:
    """Take tokens for media that were claimed: host -> how many."""
    if counts:
        values = {
            "hosts": list(counts),
            "counts": list(counts.values()),
            "rate": pace.rate_per_s,
            "burst": pace.burst,
        }
        send(connection, _TAKE, values)


_BLOCK = text("""
INSERT INTO host_turn AS h (host, tokens, filled_at, blocked_until)
VALUES (:host, 0, clock_timestamp(), clock_timestamp() + make_interval(secs => :pause_s))
ON CONFLICT (host) DO UPDATE SET blocked_until = greatest(h.blocked_until, excluded.blocked_until)
""")


def block_host(connection: Connection, host: str, pause_s: float) -> None:
    """Let nobody ask a host for a while: it said so."""
    connection.execute(_BLOCK, {"host": host, "pause_s": pause_s})


_FORGET = text("""
DELETE FROM host_turn WHERE host IN (
    SELECT host FROM host_turn WHERE coalesce(blocked_until < clock_timestamp(), true)
      AND tokens + :rate * extract(epoch FROM clock_timestamp() - filled_at) >= :burst
    FOR UPDATE SKIP LOCKED)
""")


def forget_full(connection: Connection, pace: HostPace) -> None:
    """Remove the rows of hosts whose bucket is full again, so that claims read few."""
    connection.execute(_FORGET, {"rate": pace.rate_per_s, "burst": pace.burst})
