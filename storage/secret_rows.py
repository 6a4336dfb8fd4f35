"""Sealed secrets of jobs in SQL: cookies and proxies. Only ciphertext comes and goes here."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, text

KEEP_DAYS = 7  # after the end of its job: a failed item may be tried again


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """One row."""

    secret_id: str
    kind: str  # `cookies` or `proxy`
    sealed: bytes


def insert_secret(
    connection: Connection, account_id: str, job_id: int | None, secret: SealedSecret
) -> None:
    """Keep a secret of a job, or of the account itself (None)."""
    connection.execute(
        text(
            "INSERT INTO source_secret (secret_id, account_id, job_id, kind, sealed)"
            " VALUES (:secret_id, :account_id, :job_id, :kind, :sealed)"
        ),
        {
            "secret_id": secret.secret_id,
            "account_id": account_id,
            "job_id": job_id,
            "kind": secret.kind,
            "sealed": secret.sealed,
        },
    )


def read_sealed(
    connection: Connection, secret_ids: Collection[str]
) -> dict[tuple[str, str], bytes]:
    """Return (account, secret id) -> sealed, for those that are there."""
    if not secret_ids:
        return {}
    rows = connection.execute(
        text(
            "SELECT account_id, secret_id, sealed FROM source_secret"
            " WHERE secret_id = ANY(CAST(:ids AS text[]))"
        ),
        {"ids": list(secret_ids)},
    )
    return {(account, secret_id): bytes(sealed) for account, secret_id, sealed in rows}


def hand_over(
    connection: Connection, account_id: str, secret_ids: Collection[str], sweep_id: int
) -> None:
    """Let the secrets of a sweep that ends go with its last job; at once where it had none."""
    values = {"account_id": account_id, "ids": list(secret_ids), "sweep_id": sweep_id}
    mine = "account_id = :account_id AND secret_id = ANY(CAST(:ids AS text[])) AND job_id IS NULL"
    connection.execute(
        text(
            "UPDATE source_secret SET job_id = (SELECT max(job_id) FROM sweep_run"  # noqa: S608 (words of our own)
            f" WHERE sweep_run.sweep_id = :sweep_id) WHERE {mine}"
        ),
        values,
    )
    connection.execute(text(f"DELETE FROM source_secret WHERE {mine}"), values)  # noqa: S608


def forget_old(connection: Connection, keep_days: float = KEEP_DAYS) -> int:
    """Remove the secrets of jobs that ended some days ago; return how many."""
    done = connection.execute(
        text(
            "DELETE FROM source_secret USING job WHERE job.job_id = source_secret.job_id"
            " AND job.closed_at < clock_timestamp() - make_interval(secs => :keep_s)"
        ),
        {"keep_s": keep_days * 86_400},
    )
    return done.rowcount
