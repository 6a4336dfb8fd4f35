"""Text that no database holds and no UTF-8 writes is refused at the door, wherever in a request it stands.

NUL and halves of surrogate pairs come by JSON escapes and by `%00`; deeper inside each would be an error of ours.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData

from pipeline.errors import InputError
from storage.stored_text import is_storable


async def plain_text(request: Request) -> None:
    """Pass where a request's path, query and typed body hold nothing but text.

    Only a body that was read for the route's own parameters is looked at; files stream past.

    Raises:
        InputError: one holds NUL or half of a surrogate pair (`request_invalid`).
    """
    # FastAPI reads and keeps the body before it asks a route's dependencies
    form = getattr(request, "_form", None)
    typed = {
        "path": dict(request.path_params),
        "query": request.query_params.multi_items(),
        "body": form.multi_items()
        if isinstance(form, FormData)
        else getattr(request, "_json", None),
    }
    for place, said in typed.items():
        if not all(map(is_storable, _texts(said))):
            raise InputError(
                f"{place}: text holds a character that is none (NUL, or half of a pair).",
                "request_invalid",
            )


def _texts(said: Any) -> Iterator[str]:  # noqa: ANN401 (what JSON is)
    """Yield every text of a value, names of fields too; not by recursion, as it may be deep."""
    waiting = [said]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list | tuple):
            waiting += one
