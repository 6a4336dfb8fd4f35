"""Routes whose work takes seconds: `slowly` lets one run among the account's slow work."""

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from console.api.context import ApiContext
from console.api.principals import Principal

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def slowly(work: Callable[Asked, Answer]) -> Callable[Asked, Awaitable[Answer]]:
    """Let a route with parameters `asking` and `context` run among slow work."""

    @functools.wraps(work)
    async def route(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        asking, context = kwargs["asking"], kwargs["context"]
        assert isinstance(asking, Principal)
        assert isinstance(context, ApiContext)
        slow_work = context.slow_work
        return await slow_work.run(asking.account_id, functools.partial(work, *args, **kwargs))

    return route
