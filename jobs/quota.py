"""What an account and a key may still use: asked about by people, charged in the user's transaction.

The rules: an item counts when a listing adds it (a file answered at once: before it is scored); the
length of a recording counts once, when it was decoded and is known, and before it is scored, however
often the item is tried; a result that is used again costs an item and no sound; stored bytes are what
lies there now. What would go over a limit is refused whole, and nothing is counted for it. Reports of
what was let in are always written, so that storage may end above its limit by those that were under way.
"""

from collections.abc import Iterable, Sequence
from typing import cast

from sqlalchemy import Connection, Engine

from jobs.spec import ItemClaim
from pipeline.errors import AccessError, SourceNotFoundError, StaleClaimError
from storage import claim_rows, job_rows, key_rows, object_rows, quota_rows
from storage.account_rows import is_account
from storage.database import STEADY, committing, send, transaction
from storage.quota_rows import Level, Quota, Resource, Spending, Standing, Subject

QUOTA_USED_UP = "quota_used_up"
_WORDS = {Resource.ITEMS: "items", Resource.REQUESTS: "requests"}


class QuotaDesk:
    """Where limits are set and looked at, and what needs a transaction of its own is charged."""

    def __init__(self, engine: Engine) -> None:
        """Use a migrated database."""
        self._engine = engine

    def standings(self, account_id: str, key_id: str | None = None) -> list[Standing]:
        """Return what an account, and a key of it, used and may use.

        Raises:
            SourceNotFoundError: the account has no such key.
        """
        with transaction(self._engine) as connection:
            found = quota_rows.read_standings(connection, Subject.ACCOUNT, account_id)
            if key_id is not None:
                _require_key(connection, account_id, key_id)
                found += quota_rows.read_standings(connection, Subject.KEY, key_id)
        return found

    def limited(self, account_id: str, key_id: str | None = None) -> list[Standing]:
        """Return how the limits of an account, and of a key of it, stand; none where there are none."""
        with transaction(self._engine) as connection:
            return quota_rows.read_limited(connection, account_id, key_id)

    def quota(self, account_id: str, key_id: str | None = None) -> Quota:
        """Return the limits of an account, or of a key of it.

        Raises:
            SourceNotFoundError: there is no such account or key.
        """
        subject, subject_id = _subject(account_id, key_id)
        with transaction(self._engine) as connection:
            _require(connection, account_id, key_id)
            return quota_rows.read_quota(connection, subject, subject_id) or Quota()

    def set_quota(self, quota: Quota, account_id: str, key_id: str | None = None) -> None:
        """Set all limits of an account, or of a key of it; from the next transaction on they hold.

        Raises:
            SourceNotFoundError: there is no such account or key.
        """
        subject, subject_id = _subject(account_id, key_id)
        with transaction(self._engine) as connection:
            _require(connection, account_id, key_id)
            quota_rows.put_quota(connection, subject, subject_id, quota)

    def charge_request(self, account_id: str, key_id: str | None) -> None:
        """Count a request of an account or key that has a limit of requests by day or month.

        Raises:
            AccessError: there are none left (`quota_used_up`).
        """
        self._charge(account_id, key_id, Spending(n_requests=1))

    def charge_file(self, account_id: str, key_id: str | None, audio_s: float) -> None:
        """Count a file that is answered at once.

        Raises:
            AccessError: there is not enough left (`quota_used_up`).
        """
        self._charge(account_id, key_id, Spending(n_items=1, audio_s=audio_s))

    def charge_live(self, account_id: str, key_id: str | None, audio_s: float) -> None:
        """Count sound that is heard while it is recorded; the whole recording counts when it is sent.

        Raises:
            AccessError: there is not enough left (`quota_used_up`).
        """
        self._charge(account_id, key_id, Spending(audio_s=audio_s))

    def charge_sound(self, claim: ItemClaim, audio_s: float) -> None:
        """Count an item's sound, once for all of its attempts, before it is scored.

        Raises:
            AccessError: there is not enough left, or no room to store (`quota_used_up`).
            StaleClaimError: a newer attempt owns the item; nothing was counted.
        """
        item_id = int(claim.item_id)
        # not waited for: nobody is told of it before the item's end is committed on top of it
        with transaction(self._engine) as connection, committing(connection, waits=False):
            send(connection, STEADY)
            asked = quota_rows.ask_unlimited_charge(connection, item_id, claim.fence, audio_s)
        found = asked.fetchone()
        if found is None:
            raise StaleClaimError(f"Another attempt owns item {claim.item_id}.")
        if found["is_limited"]:
            self._charge_limited_sound(claim, audio_s)

    def _charge_limited_sound(self, claim: ItemClaim, audio_s: float) -> None:
        item_id = int(claim.item_id)
        with transaction(self._engine) as connection:
            if not claim_rows.lock_held(connection, item_id, claim.fence):
                raise StaleClaimError(f"Another attempt owns item {claim.item_id}.")
            _, key_id = job_rows.owner_of_job(connection, int(claim.job_id))
            standings = quota_rows.lock_standings(connection, claim.account_id, key_id)
            if not quota_rows.charge_sound_once(connection, item_id, audio_s):
                return
            require_left(standings, Spending(audio_s=audio_s), Resource.STORED)
            quota_rows.add_use(connection, claim.account_id, key_id, Spending(audio_s=audio_s))

    def _charge(self, account_id: str, key_id: str | None, spent: Spending) -> None:
        with transaction(self._engine) as connection:
            require_left(quota_rows.lock_standings(connection, account_id, key_id), spent)
            quota_rows.add_use(connection, account_id, key_id, spent)


def require_begin(
    connection: Connection, account_id: str, key_id: str | None, n_items: int = 1
) -> None:
    """Pass where a job may begin: its known items are left, and something of sound and storage.

    Raises:
        AccessError: nothing is left (`quota_used_up`).
    """
    standings = quota_rows.lock_standings(connection, account_id, key_id)
    require_left(standings, Spending(n_items=n_items), Resource.AUDIO, Resource.STORED)


def require_room(connection: Connection, claim: ItemClaim, key: str, n_bytes: int) -> None:
    """Pass where an item's medium may be stored; what the account has already costs nothing.

    Args:
        connection: in the transaction that notes the object.
        claim: the item.
        key: of the object.
        n_bytes: its size.

    Raises:
        AccessError: there is no room (`quota_used_up`).
    """
    _, key_id = job_rows.owner_of_job(connection, int(claim.job_id))
    standings = quota_rows.lock_standings(connection, claim.account_id, key_id)
    limited = [one for one in standings if one.resource is Resource.STORED]
    if limited and not object_rows.is_there(connection, key):
        require_left(limited, Spending(stored_bytes=n_bytes))


def require_upload(
    connection: Connection, account_id: str, key_id: str | None, n_bytes: int
) -> None:
    """Pass where so many bytes may be sent; from the commit on they are counted as stored.

    Raises:
        AccessError: there is no room (`quota_used_up`).
    """
    standings = quota_rows.lock_standings(connection, account_id, key_id)
    require_left(standings, Spending(stored_bytes=n_bytes))


def require_left(standings: Iterable[Standing], spent: Spending, *begun: Resource) -> None:
    """Pass where limits leave what is to be used, and anything at all of the resources `begun`.

    Raises:
        AccessError: one does not (`quota_used_up`, with `retry_after_s`).
    """
    wanted = {
        Resource.ITEMS: spent.n_items,
        Resource.AUDIO: spent.audio_s,
        Resource.REQUESTS: spent.n_requests,
        Resource.STORED: spent.stored_bytes,
    }
    for one in standings:
        amount = wanted[one.resource]
        over = amount > 0 and one.left is not None and amount > one.left
        if over or (one.resource in begun and one.level is Level.USED_UP):
            raise AccessError(refusal(one, amount), QUOTA_USED_UP, one.reset_s)


def room_for_items(standings: Sequence[Standing]) -> Standing | None:
    """Return the limit of items that leaves least, or None where there is none."""
    found = [one for one in standings if one.resource is Resource.ITEMS]
    return min(found, key=lambda one: cast("float", one.left), default=None)


def refusal(standing: Standing, amount: float = 0) -> str:
    """Return the sentence that says what is used up, and when it begins anew."""
    assert standing.limit is not None, "what has no limit refuses nothing"
    whose = "This key" if standing.subject is Subject.KEY else "The account"
    limit = f"{_said(standing.resource, standing.limit)}"
    if standing.resource is Resource.STORED:
        return f"{whose} may store {limit}, and stores as much: delete some, or ask for more."
    left = _said(standing.resource, standing.left or 0.0)
    asks = f", and this needs {_said(standing.resource, amount)}" if amount else ""
    at = f"{standing.resets_at:%Y-%m-%d %H:%M} UTC" if standing.resets_at else ""
    return (
        f"{whose} may use {limit} a {standing.period}: {left} left{asks}. It begins anew on {at};"
        " until then ask for more."
    )


def _said(resource: Resource, amount: float) -> str:
    if resource is Resource.AUDIO:
        return f"{amount / 3600:.2f} hours of sound"
    if resource is Resource.STORED:
        return f"{amount / (1 << 30):.2f} GiB"
    return f"{amount:.0f} {_WORDS[resource]}"


def _subject(account_id: str, key_id: str | None) -> tuple[Subject, str]:
    return (Subject.ACCOUNT, account_id) if key_id is None else (Subject.KEY, key_id)


def _require(connection: Connection, account_id: str, key_id: str | None) -> None:
    if key_id is not None:
        _require_key(connection, account_id, key_id)
    elif not is_account(connection, account_id):
        raise SourceNotFoundError(f"There is no account {account_id[:40]}.", "account_not_found")


def _require_key(connection: Connection, account_id: str, key_id: str) -> None:
    if not key_rows.is_key_of(connection, account_id, key_id):
        raise SourceNotFoundError(f"There is no key {key_id[:40]}.", "key_not_found")
