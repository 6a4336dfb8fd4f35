"""The tables of people: who signs in, in which accounts, with which keys."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, Integer, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import NOW, Table


class PersonRow(Table):
    """Somebody who signs in."""

    __tablename__ = "person"
    __table_args__ = (Index("person_email", text("lower(email)"), unique=True),)

    person_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    password_hash: Mapped[str]  # argon2id, in its own form
    language: Mapped[str] = mapped_column(server_default="en")
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    totp_step: Mapped[int | None]  # the last one that was used: a code counts once
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    disabled_at: Mapped[datetime | None]


class MemberRow(Table):
    """A person's place in an account."""

    __tablename__ = "member"
    __table_args__ = (Index("member_of_person", "person_id"),)

    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    role: Mapped[str]
    joined_at: Mapped[datetime] = mapped_column(server_default=NOW)


class SessionRow(Table):
    """A browser that is signed in; only the hash of its token is kept."""

    __tablename__ = "session"
    __table_args__ = (Index("session_of_person", "person_id"),)

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.person_id"))
    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    seen_at: Mapped[datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[datetime]
    browser: Mapped[str] = mapped_column(server_default="")  # as it names itself
    address: Mapped[str] = mapped_column(server_default="")


class ApiKeyRow(Table):
    """A program's key; only the hash of its secret is kept."""

    __tablename__ = "api_key"
    __table_args__ = (Index("api_key_of_account", "account_id"),)

    key_id: Mapped[str] = mapped_column(primary_key=True)  # public: it begins the key
    account_id: Mapped[str] = mapped_column(ForeignKey("account.account_id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.person_id"))  # who made it
    name: Mapped[str]
    secret_sha256: Mapped[str]
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    requests_a_minute: Mapped[int | None] = mapped_column(Integer)  # NULL: as its account


class OneTimeTokenRow(Table):
    """A link that works once: an invitation, a forgotten password."""

    __tablename__ = "one_time_token"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]  # invite, reset
    account_id: Mapped[str | None] = mapped_column(ForeignKey("account.account_id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.person_id"))
    email: Mapped[str] = mapped_column(server_default="")
    role: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LoginTryRow(Table):
    """Failed tries to sign in, by address and by person: who tries too often waits."""

    __tablename__ = "login_try"
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)

    subject: Mapped[str] = mapped_column(primary_key=True)  # `address:…` or `email:…`
    n_failed: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]


class AccessRow(Table):
    """Who saw and did what in the console and its API; append-only."""

    __tablename__ = "access"
    __table_args__ = (Index("access_of_account", "account_id", "access_id"),)

    access_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    account_id: Mapped[str | None]
    person_id: Mapped[int | None]
    key_id: Mapped[str | None]
    what: Mapped[str]  # `job.submit`, `report.read`, `session.start` …
    target: Mapped[str] = mapped_column(server_default="")  # such as `item:4711`
    address: Mapped[str] = mapped_column(server_default="")


class FeedbackRow(Table):
    """What a reader thinks of a finding; counted, and never mixed into it."""

    __tablename__ = "feedback"
    __table_args__ = (Index("feedback_of_account", "account_id", "verdict"),)

    item_id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.person_id"), primary_key=True)
    account_id: Mapped[str]
    opinion: Mapped[str]  # agree, disagree, unsure
    why: Mapped[str] = mapped_column(server_default="")
    verdict: Mapped[str]  # the finding at that time
    at: Mapped[datetime] = mapped_column(server_default=NOW)


class RepeatRow(Table):
    """An answer that is given again to a request that comes again (idempotency key)."""

    __tablename__ = "repeat"
    __table_args__ = (Index("repeat_at", "at"),)

    account_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[str]
    status: Mapped[int | None] = mapped_column(Integer)  # NULL: being worked on
    body: Mapped[dict[str, Any] | None]
    at: Mapped[datetime] = mapped_column(server_default=NOW)
