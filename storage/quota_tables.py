"""The tables of quotas: what accounts and keys may use, and what they used."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import NOW, Table


class QuotaRow(Table):
    """What an account may use; NULL: no limit. Whoever charges a limited account locks its row."""

    __tablename__ = "quota"

    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"), primary_key=True)
    items_a_day: Mapped[int | None] = mapped_column(Integer)
    audio_s_a_day: Mapped[float | None]
    stored_bytes: Mapped[int | None]
    requests_a_minute: Mapped[int | None] = mapped_column(Integer)
    items_a_month: Mapped[int | None]
    audio_s_a_month: Mapped[float | None]
    requests_a_day: Mapped[int | None]
    requests_a_month: Mapped[int | None]


class KeyQuotaRow(Table):
    """What a key may use of its account's; NULL: no limit of its own."""

    __tablename__ = "key_quota"

    key_id: Mapped[str] = mapped_column(ForeignKey("api_key.key_id"), primary_key=True)
    items_a_day: Mapped[int | None]
    items_a_month: Mapped[int | None]
    audio_s_a_day: Mapped[float | None]
    audio_s_a_month: Mapped[float | None]
    requests_a_day: Mapped[int | None]
    requests_a_month: Mapped[int | None]
    stored_bytes: Mapped[int | None]


class UsageRow(Table):
    """What an account used on one day (UTC)."""

    __tablename__ = "usage"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    n_items: Mapped[int] = mapped_column(Integer, server_default="0")
    audio_s: Mapped[float] = mapped_column(server_default="0")
    n_requests: Mapped[int] = mapped_column(server_default="0")


class KeyUsageRow(Table):
    """What was used by a key on one day (UTC); it counts for the key's account as well."""

    __tablename__ = "key_usage"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    key_id: Mapped[str] = mapped_column(ForeignKey("api_key.key_id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    n_items: Mapped[int] = mapped_column(server_default="0")
    audio_s: Mapped[float] = mapped_column(server_default="0")
    n_requests: Mapped[int] = mapped_column(server_default="0")


class AudioChargeRow(Table):
    """An item whose sound was charged: a second attempt at it costs nothing."""

    __tablename__ = "audio_charge"
    __table_args__ = (Index("audio_charge_at", "at"),)

    item_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # of `any_item`
    audio_s: Mapped[float]
    at: Mapped[datetime] = mapped_column(server_default=NOW)


class RequestBucketRow(Table):
    """Requests that a subject may still make now, where several servers share the limits."""

    __tablename__ = "request_bucket"
    # unlogged: a database that crashed may forget what is worth a minute
    __table_args__ = ({"prefixes": ["UNLOGGED"], "postgresql_with": {"fillfactor": 50}},)

    subject: Mapped[str] = mapped_column(primary_key=True)  # `account:…`, `key:…`, `address:…`
    tokens: Mapped[float]  # at `filled_at`
    filled_at: Mapped[datetime]
