"""What is left of the quotas: told in headers before it bites, and charged where a file is answered.

Headers are those of draft-ietf-httpapi-ratelimit-headers-10: a policy for each limit, named
`account-items-day` or `key-audio_s-month`, as it stood when the request came.
"""

from collections.abc import Callable, Iterable
from typing import Annotated

from fastapi import Depends, Request

from console.api.context import ApiContext, Context
from console.api.principals import Analyst, Principal
from jobs.quota import require_left
from storage.quota_rows import Level, Period, Resource, Spending, Standing

_WINDOW_S = {Period.DAY: 86_400, Period.MONTH: 31 * 86_400}


def told(request: Request, asking: Analyst, context: Context) -> list[Standing]:
    """Let the answer say what is left; return it."""
    standings = context.quota.limited(asking.account_id, asking.key_id)
    request.state.quota_headers = headers_of(standings)
    return standings


def file_left(standings: Annotated[list[Standing], Depends(told)]) -> None:
    """Pass where another file may be answered, before it is read.

    Raises:
        AccessError: nothing is left (`quota_used_up`).
    """
    require_left(standings, Spending(n_items=1), Resource.AUDIO)


def charging(context: ApiContext, asking: Principal) -> Callable[[float], None]:
    """Return what charges a file that is answered at once, by its length in seconds."""
    return lambda audio_s: context.quota.charge_file(asking.account_id, asking.key_id, audio_s)


def headers_of(standings: Iterable[Standing]) -> dict[str, str]:
    """Return limits as headers; none where nothing is limited."""
    limited = [one for one in standings if one.limit is not None]
    if not limited:
        return {}
    worst = max(limited, key=lambda one: list(Level).index(one.level))
    return {
        "ratelimit-policy": ", ".join(
            f'"{_name(one)}";q={one.limit:.0f}{_window(one)}' for one in limited
        ),
        "ratelimit": ", ".join(
            f'"{_name(one)}";r={int(one.left or 0)}{_reset(one)}' for one in limited
        ),
        "verity-quota-level": worst.level.value,
    }


def _name(one: Standing) -> str:
    return f"{one.subject}-{one.resource}-{one.period}"


def _window(one: Standing) -> str:
    return f";w={_WINDOW_S[one.period]}" if one.period in _WINDOW_S else ""


def _reset(one: Standing) -> str:
    return "" if one.reset_s is None else f";t={one.reset_s:.0f}"
