"""Buckets that an operator bound to an account, in SQL; their keys are sealed secrets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class BoundBucket:
    """A prefix of a bucket that an account may read, and how it is reached."""

    name: str
    bucket: str
    prefix: str  # "" or with a slash at its end
    options: Mapping[str, str | bool]  # fields of SourceOptions: endpoint, region, role, keys
    created_at: datetime | None = None


def put_connection(connection: Connection, account_id: str, bound: BoundBucket) -> None:
    """Bind a bucket; one of the same name is replaced."""
    connection.execute(
        text(
            "INSERT INTO s3_connection (account_id, name, bucket, prefix, options)"
            " VALUES (:account_id, :name, :bucket, :prefix, CAST(:options AS jsonb))"
            " ON CONFLICT (account_id, name) DO UPDATE SET bucket = excluded.bucket,"
            " prefix = excluded.prefix, options = excluded.options"
        ),
        {
            "account_id": account_id,
            "name": bound.name,
            "bucket": bound.bucket,
            "prefix": bound.prefix,
            "options": json.dumps(dict(bound.options)),
        },
    )


def read_connections(connection: Connection, account_id: str) -> list[BoundBucket]:
    """Return the account's bound buckets, by name."""
    rows = connection.execute(
        text(
            "SELECT name, bucket, prefix, options, created_at FROM s3_connection"
            " WHERE account_id = :account_id ORDER BY name"
        ),
        {"account_id": account_id},
    )
    return [BoundBucket(*row) for row in rows]


def remove_connection(connection: Connection, account_id: str, name: str) -> bool:
    """Unbind a bucket; tell whether it was bound."""
    done = connection.execute(
        text("DELETE FROM s3_connection WHERE account_id = :account_id AND name = :name"),
        {"account_id": account_id, "name": name},
    )
    return done.rowcount > 0
