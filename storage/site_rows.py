"""What admins look at, in SQL: people, keys, use and feedback of one account or, with None, of all."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """Somebody's place in an account, and how they use it."""

    person_id: int
    email: str
    name: str
    account_id: str
    account_name: str
    role: str
    joined_at: datetime
    disabled_at: datetime | None
    has_second_factor: bool
    is_federated: bool
    n_sessions: int  # in this account
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account as the operator sees it: how much, never what."""

    account_id: str
    name: str
    created_at: datetime
    n_people: int
    n_keys: int
    n_sweeps: int
    n_items: int  # in 30 days
    audio_s: float
    n_requests: int
    requests_a_minute: int | None  # None: as everybody


@dataclass(frozen=True, slots=True)
class OpinionCount:
    """How many readers think so of findings with one verdict."""

    verdict: str
    opinion: str
    count: int


@dataclass(frozen=True, slots=True)
class OpinionFacts:
    """What one reader thinks of one finding."""

    item_id: int
    email: str
    verdict: str
    opinion: str
    why: str
    at: datetime


_OF = "(CAST(:account_id AS text) IS NULL OR {0}.account_id = :account_id)"
_PLACES = text(f"""
SELECT p.person_id, p.email, p.name, m.account_id, a.name AS account_name, m.role, m.joined_at,
       p.disabled_at, p.totp_secret IS NOT NULL AS has_second_factor,
       EXISTS (SELECT FROM federated f WHERE f.person_id = p.person_id) AS is_federated,
       coalesce(s.n, 0) AS n_sessions, s.seen_at
FROM member m JOIN person p USING (person_id) JOIN account a USING (account_id)
LEFT JOIN LATERAL (
    SELECT count(*) AS n, max(seen_at) AS seen_at FROM session
    WHERE session.person_id = m.person_id AND session.account_id = m.account_id
      AND expires_at > clock_timestamp()
) s ON true
WHERE {_OF.format("m")}
  AND (:search = '' OR position(lower(:search) IN lower(p.email || ' ' || p.name)) > 0)
ORDER BY m.joined_at, p.person_id LIMIT :most
""")  # noqa: S608 (a constant of ours)


def read_places(
    connection: Connection, account_id: str | None, search: str = ""
) -> list[PlaceFacts]:
    """Return people by account, in the order of joining, at most `MOST_ROWS`."""
    values = {"account_id": account_id, "search": search, "most": MOST_ROWS}
    return [PlaceFacts(**row) for row in connection.execute(_PLACES, values).mappings()]


_ACCOUNTS = text("""
SELECT a.account_id, a.name, a.created_at,
       (SELECT count(*) FROM member m WHERE m.account_id = a.account_id) AS n_people,
       (SELECT count(*) FROM api_key k WHERE k.account_id = a.account_id AND k.revoked_at IS NULL
           AND coalesce(k.expires_at > clock_timestamp(), true)) AS n_keys,
       (SELECT count(*) FROM sweep s WHERE s.account_id = a.account_id AND s.removed_at IS NULL)
           AS n_sweeps,
       coalesce(u.n_items, 0) AS n_items, coalesce(u.audio_s, 0) AS audio_s,
       coalesce(u.n_requests, 0) AS n_requests, q.requests_a_minute
FROM account a LEFT JOIN quota q USING (account_id)
LEFT JOIN LATERAL (
    SELECT sum(n_items)::bigint AS n_items, sum(audio_s)::float AS audio_s,
           sum(n_requests)::bigint AS n_requests
    FROM usage WHERE usage.account_id = a.account_id
      AND day > (clock_timestamp() AT TIME ZONE 'UTC')::date - 30
) u ON true
ORDER BY n_items DESC, a.created_at LIMIT :most
""")


def read_accounts(connection: Connection) -> list[AccountFacts]:
    """Return all accounts, those that use most first, at most `MOST_ROWS`."""
    rows = connection.execute(_ACCOUNTS, {"most": MOST_ROWS})
    return [AccountFacts(**row) for row in rows.mappings()]


@dataclass(frozen=True, slots=True)
class SiteKeyFacts:
    """A key in some account; its secret is not in the database."""

    key_id: str
    account_id: str
    account_name: str
    name: str
    role: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


_KEYS = text(f"""
SELECT k.key_id, k.account_id, a.name AS account_name, k.name, k.role, k.created_at, k.expires_at,
       k.used_at, k.revoked_at
FROM api_key k JOIN account a USING (account_id) WHERE {_OF.format("k")}
ORDER BY k.created_at DESC LIMIT :most
""")  # noqa: S608 (a constant of ours)


def read_site_keys(connection: Connection, account_id: str | None) -> list[SiteKeyFacts]:
    """Return keys, the newest first, at most `MOST_ROWS`."""
    rows = connection.execute(_KEYS, {"account_id": account_id, "most": MOST_ROWS})
    return [SiteKeyFacts(**row) for row in rows.mappings()]


def count_opinions(connection: Connection, account_id: str | None) -> list[OpinionCount]:
    """Count what readers think, by verdict."""
    rows = connection.execute(
        text(
            "SELECT verdict, opinion, count(*) AS count FROM feedback"
            " WHERE (CAST(:account_id AS text) IS NULL OR account_id = :account_id)"
            " GROUP BY verdict, opinion ORDER BY verdict, opinion"
        ),
        {"account_id": account_id},
    )
    return [OpinionCount(**row) for row in rows.mappings()]


def newest_opinions(connection: Connection, account_id: str, most: int) -> list[OpinionFacts]:
    """Return what an account's readers wrote last; another account's words are never asked for."""
    rows = connection.execute(
        text(
            "SELECT f.item_id, p.email, f.verdict, f.opinion, f.why, f.at"
            " FROM feedback f JOIN person p USING (person_id) WHERE f.account_id = :account_id"
            " ORDER BY f.at DESC LIMIT :most"
        ),
        {"account_id": account_id, "most": most},
    )
    return [OpinionFacts(**row) for row in rows.mappings()]
