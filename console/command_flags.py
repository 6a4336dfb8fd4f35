"""Give a command the options that others have too: each group of them reaches it as one value."""

import functools
import inspect
from collections.abc import Callable, Collection
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def with_flags(
    command: Callable[P, R], *, leave_out: Collection[str] = (), **groups: Callable[..., object]
) -> Callable[..., R]:
    """Return the command with the options of each group in place of the argument of that name.

    Args:
        command: takes an argument for each group.
        leave_out: options that the command has itself; their group gets their defaults.
        groups: argument of the command -> function of keyword arguments alone, each an option.
    """
    own = inspect.signature(command)
    kept = [
        it.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, it in own.parameters.items()
        if name not in groups
    ]
    asked = {
        argument: [
            it for name, it in inspect.signature(group).parameters.items() if name not in leave_out
        ]
        for argument, group in groups.items()
    }
    parameters = [*kept, *(it for more in asked.values() for it in more)]

    @functools.wraps(command)
    def wrapped(**said: object) -> R:
        told = {
            argument: groups[argument](**{it.name: said.pop(it.name) for it in more})
            for argument, more in asked.items()
        }
        return command(**said, **told)  # type: ignore[call-arg,arg-type]

    wrapped.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {it.name: it.annotation for it in parameters}
    return wrapped
