"""One item analysed again, and what else was found in the same bytes, in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class AskedItem:
    """How an item was asked for."""

    account_id: str
    source_uri: str
    title: str
    host: str
    facts: Mapping[str, str]
    options: Mapping[str, Any]
    keep_media_days: int | None
    keep_report_days: int | None
    media_sha256: str | None  # None: its bytes never came


_ASKED = text("""
SELECT i.account_id, i.source_uri, i.title, i.host, i.facts, j.options, j.keep_media_days,
       j.keep_report_days, m.sha256 AS media_sha256
FROM any_item i JOIN job j USING (job_id) LEFT JOIN analysis a USING (item_id)
LEFT JOIN media m USING (media_id)
WHERE i.item_id = :item_id AND i.kind = 'media'
""")


def read_asked(connection: Connection, item_id: int) -> AskedItem | None:
    """Return how an item was asked for; None: there is none."""
    row = connection.execute(_ASKED, {"item_id": item_id}).mappings().one_or_none()
    return None if row is None else AskedItem(**row)


@dataclass(frozen=True, slots=True)
class OtherAnalysis:
    """What another item of the account found in the same bytes."""

    item_id: int
    job_id: int
    verdict: str
    llr: float | None
    hop_s: float
    detector: str  # name of its model; "" where none took part
    detector_sha256: str
    analysed_at: datetime
    is_reused: bool  # a copy of an earlier one's


_OTHERS = text("""
SELECT a.item_id, a.job_id, coalesce(a.verdict, '') AS verdict, a.llr,
       CAST(a.options->>'hop_s' AS float) AS hop_s, coalesce(d.name, '') AS detector,
       coalesce(d.sha256, '') AS detector_sha256, a.analysed_at,
       a.reused_item_id IS NOT NULL AS is_reused
FROM media m JOIN analysis a USING (media_id) LEFT JOIN model d ON d.sha256 = a.detector
WHERE m.account_id = :account_id AND m.sha256 = :sha256 AND a.account_id = :account_id
  AND a.item_id <> :item_id
ORDER BY a.analysed_at DESC, a.item_id DESC LIMIT :most
""")


def read_others(
    connection: Connection, account_id: str, sha256: str, item_id: int, most: int
) -> Sequence[OtherAnalysis]:
    """Return the account's other analyses of the same bytes, the newest first."""
    values = {"account_id": account_id, "sha256": sha256, "item_id": item_id, "most": most}
    return [OtherAnalysis(**row) for row in connection.execute(_OTHERS, values).mappings()]


_CUSTODY = text("""
SELECT custody FROM analysis WHERE item_id = :item_id AND account_id = :account_id
""")


def read_custody(connection: Connection, account_id: str, item_id: int) -> dict[str, Any] | None:
    """Return how an item's bytes were had; None: nothing is known of them."""
    values = {"item_id": item_id, "account_id": account_id}
    custody: dict[str, Any] | None = connection.scalar(_CUSTODY, values)
    return custody
