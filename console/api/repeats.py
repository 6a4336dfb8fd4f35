"""Requests with an `Idempotency-Key`: sent twice, they are done once, and answered alike."""

import hashlib
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Header
from pydantic import BaseModel

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
    asked: BaseModel,
    answered: type[Shown],
    do: Callable[[], Shown],
) -> Shown:
    """Do what is asked, or return what the same request was answered within the last day.

    Args:
        context: the database.
        asking: whose key it is.
        key: "" does it in any case.
        asked: the request's body; the same key with another one is a mistake.
        answered: what `do` returns.
        do: the work; where it raises, the key is free again.

    Raises:
        InputError: another request had this key (`repeat_differs`), or is being worked on
            (`repeat_running`).
    """
    if not key:
        return do()
    sha256 = hashlib.sha256(asked.model_dump_json().encode()).hexdigest()
    with transaction(context.engine) as connection:
        is_first = repeat_rows.begin(connection, asking.account_id, key, sha256)
        before = repeat_rows.find(connection, asking.account_id, key)
    if not is_first and before is not None:
        return _again(sha256, before, answered)
    try:
        answer = do()
    except BaseException:
        with transaction(context.engine) as connection:
            repeat_rows.forget(connection, asking.account_id, key)
        raise
    with transaction(context.engine) as connection:
        repeat_rows.keep(connection, asking.account_id, key, 201, answer.model_dump(mode="json"))
    return answer


def _again(sha256: str, before: repeat_rows.RepeatFacts, answered: type[Shown]) -> Shown:
    if before.request_sha256 != sha256:
        raise InputError(
            "Another request had this Idempotency-Key: use a new one.", "repeat_differs"
        )
    if before.body is None:
        raise InputError("The first request with this key is being worked on.", "repeat_running")
    return answered.model_validate(before.body)
