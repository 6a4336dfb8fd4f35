"""Accounts in SQL: a wall between customers; one exists from the first migration on."""

from sqlalchemy import Connection, text

from pipeline.errors import InputError

DEFAULT_ACCOUNT = "default"


def is_account(connection: Connection, account_id: str) -> bool:
    """Tell whether the account exists."""
    found = connection.scalar(
        text("SELECT 1 FROM account WHERE account_id = :account_id"), {"account_id": account_id}
    )
    return found is not None


def require_account(connection: Connection, account_id: str) -> None:
    """Pass where the account exists.

    Raises:
        InputError: it does not.
    """
    if not is_account(connection, account_id):
        raise InputError(f"There is no account {account_id}.", "account_not_found")
