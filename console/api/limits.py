"""Limits of requests: a token bucket for each account, key and visitor's address, in this process.

A bucket holds a minute's requests and fills steadily, so that a burst may be as large as the limit.
Servers do not share buckets: several of them let through several times the limit. Everything here
runs on the event loop and needs no lock; only the look at the database leaves it.
"""

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from pipeline.errors import AccessError
from storage import quota_rows
from storage.database import transaction

MINUTE_S = 60.0
QUOTA_KEPT_S = 30.0  # then an account's own limit is looked up again
MOST_BUCKETS = 20_000  # then those that are full again are forgotten


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


class Limits:
    """The buckets of one server process, and how many requests each account made."""

    def __init__(
        self, engine: Engine, default: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Know nobody yet.

        Args:
            engine: where accounts have limits of their own.
            default: requests a minute of who has none; 0: no limit.
            clock: seconds that never go back.
        """
        self._engine = engine
        self._default = default
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._quotas: dict[str, tuple[float, int]] = {}
        self._counted: Counter[str] = Counter()

    async def take_as_account(
        self, account_id: str, key_id: str | None, key_limit: int | None
    ) -> Allowance | None:
        """Count a request of an account, and of a key where there is one.

        Returns:
            The tighter of both limits, or None where there is none.

        Raises:
            AccessError: too many requests (`too_many_requests`, with `retry_after_s`).
        """
        self._counted[account_id] += 1
        limit = await self.limit_of(account_id)
        wanted = {f"account:{account_id}": limit}
        if key_id is not None:
            wanted[f"key:{key_id}"] = key_limit or limit
        return self._take(wanted)

    def take_as_visitor(self, address: str) -> Allowance | None:
        """Count a request of whoever is not known.

        Raises:
            AccessError: too many requests (`too_many_requests`, with `retry_after_s`).
        """
        return self._take({f"address:{address}": self._default})

    async def limit_of(self, account_id: str) -> int:
        """Return an account's requests a minute; 0: no limit."""
        at, limit = self._quotas.get(account_id, (-math.inf, 0))
        if self._clock() - at < QUOTA_KEPT_S:
            return limit
        own = await run_in_threadpool(self._read_limit, account_id)
        limit = self._default if own is None else own
        if len(self._quotas) > MOST_BUCKETS:
            self._quotas.clear()
        self._quotas[account_id] = (self._clock(), limit)
        return limit

    def forget_limit(self, account_id: str) -> None:
        """Look an account's limit up again."""
        self._quotas.pop(account_id, None)

    async def keep_counts(self) -> None:
        """Write down how many requests came since the last call."""
        if self._counted:
            counted, self._counted = self._counted, Counter()
            await run_in_threadpool(self._write_counts, counted)

    def _take(self, wanted: dict[str, int]) -> Allowance | None:
        """Take one of each bucket, or of none where one is empty."""
        now = self._clock()
        limited = {subject: limit for subject, limit in wanted.items() if limit}
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets = {k: one for k, one in self._buckets.items() if now - one.at < MINUTE_S}
        buckets = []
        for subject, limit in limited.items():
            bucket = self._buckets.setdefault(subject, _Bucket(limit, now))
            bucket.tokens = min(limit, bucket.tokens + (now - bucket.at) * limit / MINUTE_S)
            bucket.at = now
            if bucket.tokens < 1:
                wait_s = math.ceil((1 - bucket.tokens) * MINUTE_S / limit)
                raise AccessError(
                    f"Too many requests: {limit} a minute are allowed. Wait {wait_s} s.",
                    "too_many_requests",
                    float(wait_s),
                )
            buckets.append((bucket, limit))
        for bucket, _ in buckets:
            bucket.tokens -= 1
        left = [
            Allowance(
                limit,
                int(bucket.tokens),
                math.ceil((limit - bucket.tokens) * MINUTE_S / limit),
            )
            for bucket, limit in buckets
        ]
        return min(left, key=lambda one: one.remaining, default=None)

    def _read_limit(self, account_id: str) -> int | None:
        with transaction(self._engine) as connection:
            return quota_rows.read_requests_a_minute(connection, account_id)

    def _write_counts(self, counted: Counter[str]) -> None:
        with transaction(self._engine) as connection:
            quota_rows.add_requests(connection, counted)
