"""Small values that a browser keeps for us for some minutes and cannot read, change or make."""

import base64
import binascii
import json

from fastapi import Request, Response

from console.api.context import ApiContext
from pipeline.errors import AccessError, ConfigError

MOST_CHARS = 3800  # browsers keep 4096 bytes of a cookie


def put_sealed(
    context: ApiContext, response: Response, name: str, values: dict[str, str], lasts_s: float
) -> None:
    """Give a browser values to keep; each is bound to its cookie's name."""
    sealed = context.jobs_settings.sealer.seal(json.dumps(values), f"cookie:{name}")
    response.set_cookie(
        _full(context, name),
        base64.urlsafe_b64encode(sealed).decode(),
        max_age=int(lasts_s),
        secure=context.settings.is_https,
        httponly=True,
        samesite="lax",  # comes along when a provider sends the browser back
        path="/",
    )


def read_sealed(context: ApiContext, request: Request, name: str) -> dict[str, str] | None:
    """Return what a browser kept; None: nothing, or not from us."""
    said = request.cookies.get(_full(context, name), "")
    if not said or len(said) > MOST_CHARS:
        return None
    try:
        sealed = base64.urlsafe_b64decode(said)
        values = json.loads(context.jobs_settings.sealer.open(sealed, f"cookie:{name}"))
    except (binascii.Error, ValueError, AccessError, ConfigError):
        return None
    return {str(key): str(value) for key, value in values.items()}


def drop_sealed(context: ApiContext, response: Response, name: str) -> None:
    """Let a browser forget."""
    response.delete_cookie(
        _full(context, name), path="/", secure=context.settings.is_https, httponly=True
    )


def _full(context: ApiContext, name: str) -> str:
    return f"__Host-{name}" if context.settings.is_https else name
