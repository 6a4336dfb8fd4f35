"""Limits of requests: a token bucket for each account, key and visitor's address.

A bucket holds a minute's requests and fills steadily, so that a burst may be as large as the limit.
One server keeps its buckets in its process; several keep them in the database (`is_shared`). Limits
by day and month are always the database's (`jobs.quota`). What is kept here is used on the event loop
and needs no lock; only looks at the database leave it.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from console.people.senders import sender_of
from jobs.quota import QuotaDesk
from pipeline.errors import AccessError
from storage import bucket_rows, quota_rows
from storage.bucket_rows import MINUTE_S, Taken
from storage.database import transaction
from storage.quota_rows import Spending

QUOTA_KEPT_S = 30.0  # then an account's own limit is looked up again
MOST_BUCKETS = 20_000  # then those that are full again are forgotten
SWEPT_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit."""

    limit: int  # requests a minute
    remaining: int
    reset_s: int  # until all of it is there again

    @property
    def headers(self) -> dict[str, str]:
        """Return it as headers (draft-ietf-httpapi-ratelimit-headers-07)."""
        return {
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": str(self.remaining),
            "ratelimit-reset": str(self.reset_s),
        }


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database said of an account, and of a key of it."""

    at: float
    a_minute: int  # 0: no limit
    is_limited: bool  # by day or month


class Limits:
    """The buckets of one server process, and how many requests each account and key made."""

    def __init__(
        self,
        engine: Engine,
        default: int,
        clock: Callable[[], float] = time.monotonic,
        *,
        is_shared: bool = False,
    ) -> None:
        """Know nobody yet.

        Args:
            engine: where accounts have limits of their own.
            default: requests a minute of who has none; 0: no limit.
            clock: seconds that never go back.
            is_shared: other servers answer beside this one: buckets lie in the database.
        """
        self._engine = engine
        self._default = default
        self._clock = clock
        self._is_shared = is_shared
        self._buckets: dict[str, _Bucket] = {}
        self._swept_at = -math.inf
        self._known: dict[tuple[str, str | None], _Known] = {}
        self._counted: Counter[tuple[str, str | None]] = Counter()

    async def take_as_account(
        self, account_id: str, key_id: str | None, key_limit: int | None
    ) -> Allowance | None:
        """Count a request of an account, and of a key where there is one.

        Returns:
            The tighter of both limits, or None where there is none.

        Raises:
            AccessError: too many requests (`too_many_requests`, with `retry_after_s`), or none are
                left of the day or month (`quota_used_up`).
        """
        known = await self._look(account_id, key_id)
        if known.is_limited:
            await run_in_threadpool(QuotaDesk(self._engine).charge_request, account_id, key_id)
        else:
            self._counted[account_id, key_id] += 1
        wanted = {f"account:{account_id}": known.a_minute}
        if key_id is not None:
            wanted[f"key:{key_id}"] = key_limit or known.a_minute
        return await self._take(wanted)

    async def take_as_visitor(self, address: str) -> Allowance | None:
        """Count a request of whoever is not known.

        Raises:
            AccessError: too many requests (`too_many_requests`, with `retry_after_s`).
        """
        return await self._take({f"address:{sender_of(address)}": self._default})

    async def limit_of(self, account_id: str) -> int:
        """Return an account's requests a minute; 0: no limit."""
        return (await self._look(account_id, None)).a_minute

    def forget_limit(self, whose: str) -> None:
        """Look the limits of an account or key up again."""
        self._known = {ids: known for ids, known in self._known.items() if whose not in ids}

    async def keep_counts(self) -> None:
        """Write down how many requests came since the last call."""
        if self._counted:
            counted, self._counted = self._counted, Counter()
            await run_in_threadpool(self._write_counts, counted)

    async def _look(self, account_id: str, key_id: str | None) -> _Known:
        known = self._known.get((account_id, key_id))
        if known is not None and self._clock() - known.at < QUOTA_KEPT_S:
            return known
        own, is_limited = await run_in_threadpool(self._read_limits, account_id, key_id)
        known = _Known(self._clock(), self._default if own is None else own, is_limited)
        if len(self._known) > MOST_BUCKETS:
            self._known.clear()
        self._known[account_id, key_id] = known
        return known

    async def _take(self, wanted: Mapping[str, int]) -> Allowance | None:
        """Take one of each bucket, or of none where one is empty."""
        limited = {subject: limit for subject, limit in wanted.items() if limit}
        if not limited:
            return None
        if self._is_shared:
            taken = await run_in_threadpool(self._take_shared, limited)
        else:
            taken = self._take_own(limited)
        tightest = min(taken, key=lambda one: int(one.tokens))
        reset_s = math.ceil((tightest.limit - tightest.tokens) * MINUTE_S / tightest.limit)
        return Allowance(tightest.limit, int(tightest.tokens), reset_s)

    def _take_own(self, limited: Mapping[str, int]) -> list[Taken]:
        now = self._clock()
        if len(self._buckets) > MOST_BUCKETS and now - self._swept_at > SWEPT_EVERY_S:
            self._swept_at = now  # not at each request: that would cost more than answering it
            self._buckets = {k: one for k, one in self._buckets.items() if now - one.at < MINUTE_S}
        buckets = []
        for subject, limit in limited.items():
            bucket = self._buckets.setdefault(subject, _Bucket(limit, now))
            bucket.tokens = min(limit, bucket.tokens + (now - bucket.at) * limit / MINUTE_S)
            bucket.at = now
            _require(Taken(subject, limit, bucket.tokens - 1))
            buckets.append((subject, limit, bucket))
        for _, _, bucket in buckets:
            bucket.tokens -= 1
        return [Taken(subject, limit, bucket.tokens) for subject, limit, bucket in buckets]

    def _take_shared(self, limited: Mapping[str, int]) -> list[Taken]:
        with transaction(self._engine) as connection:  # rolled back where one is empty
            taken = bucket_rows.take(connection, limited)
            for one in taken:
                _require(one)
        return taken

    def _read_limits(self, account_id: str, key_id: str | None) -> tuple[int | None, bool]:
        with transaction(self._engine) as connection:
            return (
                quota_rows.read_requests_a_minute(connection, account_id),
                quota_rows.is_limited(connection, account_id, key_id),
            )

    def _write_counts(self, counted: Counter[tuple[str, str | None]]) -> None:
        # in one order: two servers cannot wait for each other
        order = sorted(counted, key=lambda ids: (ids[0], ids[1] or ""))
        with transaction(self._engine) as connection:
            for account_id, key_id in order:
                spent = Spending(n_requests=counted[account_id, key_id])
                quota_rows.add_use(connection, account_id, key_id, spent)


def _require(taken: Taken) -> None:
    if taken.tokens < 0:
        wait_s = math.ceil(-taken.tokens * MINUTE_S / taken.limit)
        raise AccessError(
            f"Too many requests: {taken.limit} a minute are allowed. Wait {wait_s} s.",
            "too_many_requests",
            float(wait_s),
        )
