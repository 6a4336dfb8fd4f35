"""What people are told of, on final states only: a job's end, a synthetic item, a sweep's digest.

A notice is written by the transaction that makes it true (an outbox): what was committed is told,
what was rolled back is not. `delivery.py` sends it.
"""

import base64
import secrets
from collections.abc import Collection

from sqlalchemy import Connection, Engine

from jobs.digest import Digest
from jobs.notice_spec import Channel, NoticeEvent, NoticeState, Subscription, channel_of
from pipeline.errors import InputError, SourceNotFoundError
from pipeline.vocabulary import Verdict, VerdictKind
from storage import notice_rows
from storage.account_rows import require_account
from storage.database import transaction
from storage.end_rows import EndedFacts
from storage.notice_rows import NoticeFacts
from storage.sealing import Sealer

SECRET_PREFIX = "whsec_"  # noqa: S105 (how Standard Webhooks mark a secret)
SECRET_BYTES = 24
_SUSPECT = (VerdictKind.SYNTHETIC, VerdictKind.PARTLY_SYNTHETIC)


class NoticeDesk:
    """Where people subscribe, and look at what was sent; holds no state but its database."""

    def __init__(self, engine: Engine, sealer: Sealer) -> None:
        """Use a migrated database, and a key for webhooks' secrets."""
        self._engine = engine
        self._sealer = sealer

    def subscribe(
        self, target: str, events: Collection[NoticeEvent], account_id: str = "default"
    ) -> tuple[str, str]:
        """Subscribe a URL or an e-mail address; return the id and a webhook's new secret.

        Raises:
            InputError: the target is neither, no event is named, or there is no such account.
            ConfigError: a webhook's secret cannot be sealed here.
        """
        if not events:
            raise InputError(f"Name an event: {', '.join(NoticeEvent)}.", "events_missing")
        channel = channel_of(target)
        secret, sealed = "", None
        if channel is Channel.WEBHOOK:
            secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
            sealed = self._sealer.seal(secret, bound_to(account_id, target))
        with transaction(self._engine) as connection:
            require_account(connection, account_id)
            number = notice_rows.insert_subscription(
                connection, account_id, channel, target, sorted(set(events)), sealed
            )
        return str(number), secret

    def subscriptions(self, account_id: str = "default") -> list[Subscription]:
        """Return an account's subscriptions, oldest first."""
        with transaction(self._engine) as connection:
            rows = notice_rows.read_subscriptions(connection, account_id)
        return [
            Subscription(
                str(row.subscription_id),
                Channel(row.channel),
                row.target,
                tuple(map(NoticeEvent, row.events)),
                row.created_at,
            )
            for row in rows
        ]

    def unsubscribe(self, subscription_id: str, account_id: str = "default") -> None:
        """End a subscription; what still waits for it is not sent.

        Raises:
            SourceNotFoundError: there is no such subscription.
        """
        is_id = _is_number(subscription_id)
        with transaction(self._engine) as connection:
            if not is_id or not notice_rows.remove_subscription(
                connection, account_id, int(subscription_id)
            ):
                raise SourceNotFoundError(
                    f"There is no subscription {subscription_id}.", "subscription_not_found"
                )

    def sent(
        self,
        account_id: str = "default",
        state: NoticeState | None = None,
        most: int = 50,
        before: int | None = None,
    ) -> list[NoticeFacts]:
        """Return an account's notices, newest first; those before a notice where one is named."""
        with transaction(self._engine) as connection:
            return notice_rows.read_notices(connection, account_id, state, most, before)

    def replay(self, notice_id: str | None, account_id: str = "default") -> int:
        """Send an ended notice again, or, without an id, all dead ones; return how many.

        Raises:
            SourceNotFoundError: there is no such ended notice.
        """
        is_id = notice_id is None or _is_number(notice_id)
        n_again = 0
        if is_id:
            with transaction(self._engine) as connection:
                number = None if notice_id is None else int(notice_id)
                n_again = notice_rows.replay(connection, account_id, number)
        if notice_id is not None and not n_again:
            raise SourceNotFoundError(
                f"There is no notice {notice_id} that was sent or given up.", "notice_not_found"
            )
        return n_again


def _is_number(text: str) -> bool:
    """Tell whether a text is a number as the database counts."""
    return text.isascii() and text.isdigit() and len(text) < 19


def bound_to(account_id: str, target: str) -> str:
    """Return what a webhook's sealed secret is bound to."""
    return f"webhook:{account_id}:{target}"


def note_item(connection: Connection, item: EndedFacts, verdict: Verdict, title: str) -> None:
    """Write notices of an item that ended, where it is synthetic in whole or part."""
    if verdict.kind not in _SUSPECT:
        return
    body = {
        "item_id": str(item.item_id),
        "job_id": str(item.job_id),
        "title": title,
        "verdict": verdict.kind.value,
        "llr": verdict.llr,
        "voiced_s": verdict.voiced_s,
        "spans": [[span.start_s, span.end_s] for span in verdict.spans],
    }
    notice_rows.insert_notices(
        connection, item.account_id, NoticeEvent.ITEM_SYNTHETIC, f"item:{item.item_id}", body
    )


def note_digest(connection: Connection, digest: Digest) -> None:
    """Write notices of a run's digest."""
    notice_rows.insert_notices(
        connection,
        digest.account_id,
        NoticeEvent.SWEEP_DIGEST,
        f"run:{digest.run_id}",
        digest.model_dump(mode="json"),
    )
