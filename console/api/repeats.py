"""Requests with an `Idempotency-Key`: sent twice, they are done once, and answered alike.

Key, deed and answer are one transaction: equal requests at the same time wait for the first one's answer,
and a server that dies in between leaves neither a job nor a key that is taken.
"""

import hashlib
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Header
from pydantic import BaseModel
from sqlalchemy import Connection

from console.api.context import ApiContext
from console.api.principals import Principal
from pipeline.errors import InputError
from storage import repeat_rows
from storage.database import transaction

IdempotencyKey = Annotated[str, Header(alias="idempotency-key", max_length=200)]
Shown = TypeVar("Shown", bound=BaseModel)


def once(
    context: ApiContext,
    asking: Principal,
    key: str,
    asked: str,
    answered: type[Shown],
    do: Callable[[Connection], Shown],
) -> Shown:
    """Do what is asked, or return what the same request was answered within the last day.

    Args:
        context: the database.
        asking: whose key it is.
        key: "" does it in any case.
        asked: what is asked for, as text; the same key with another text is a mistake.
        answered: what `do` returns.
        do: the work, in the transaction that it is given and no other; where it raises, the key is free.

    Raises:
        InputError: another request had this key (`repeat_differs`).
    """
    with transaction(context.engine) as connection:
        if not key:
            return do(connection)
        sha256 = hashlib.sha256(f"{answered.__name__} {asked}".encode()).hexdigest()
        # waits while an equal request is under way
        before = repeat_rows.begin(connection, asking.account_id, key, sha256)
        if before is not None:
            if before.request_sha256 != sha256:
                raise InputError(
                    "Another request had this Idempotency-Key: use a new one.", "repeat_differs"
                )
            if before.body is not None:
                return answered.model_validate(before.body)
        answer = do(connection)
        body = answer.model_dump(mode="json")
        repeat_rows.keep(connection, asking.account_id, key, 201, body)
        return answer
