"""Who asks: a signed-in browser or a program with a key; and what they may do.

A browser's request that changes something must carry the token that only our own pages know
(`x-csrf-token`, or `csrf` in a form), beside the cookie's SameSite=Lax. A key needs none: no browser
sends it by itself.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from console.api.addresses import address_of
from console.api.context import Context
from console.api.limits import Limits
from console.people.roles import Right, Role, rights_of
from console.people.typed import digest
from pipeline.errors import AccessError
from storage.account_rows import DEFAULT_ACCOUNT
from storage.key_rows import KeyFacts

COOKIE = "verity_session"
SECURE_COOKIE = "__Host-verity_session"  # browsers take it over HTTPS only, for this host only
FORM_TYPE = "application/x-www-form-urlencoded"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody or something that asks, in one account."""

    account_id: str
    role: Role
    person_id: int | None = None
    key_id: str | None = None
    session_sha256: str | None = None  # of a browser
    csrf: str = ""  # what this browser's changes must carry
    address: str = ""  # where the request came from

    @property
    def rights(self) -> frozenset[Right]:
        """Return what may be done; a key never runs the installation."""
        is_operator = self.account_id == DEFAULT_ACCOUNT and self.key_id is None
        return rights_of(self.role, is_operator=is_operator)


def csrf_of(token: str) -> str:
    """Return the token of a session's forms."""
    return hmac.digest(token.encode(), b"csrf", hashlib.sha256).hex()


async def principal_or_none(request: Request, context: Context) -> Principal | None:
    """Return who asks, or None for a visitor.

    Raises:
        AccessError: the key is not good (`sign_in_needed`), or the form's token is missing
            (`csrf_missing`), or there are too many requests (`too_many_requests`).
    """
    address = address_of(request, context.settings.trusted_proxies)
    limits = request.app.state.limits
    assert isinstance(limits, Limits)
    try:
        found, key_limit = await _find(request, context, address)
    except AccessError:
        await limits.take_as_visitor(address)
        raise
    request.state.asking = found  # a page that says what went wrong says it to somebody
    request.state.allowance = (
        await limits.take_as_visitor(address)
        if found is None
        else await limits.take_as_account(found.account_id, found.key_id, key_limit)
    )
    return found


async def principal(found: Annotated[Principal | None, Depends(principal_or_none)]) -> Principal:
    """Return who asks.

    Raises:
        AccessError: a visitor (`sign_in_needed`); see also `principal_or_none`.
    """
    if found is None:
        raise AccessError(
            "Sign in, or send an API key: Authorization: Bearer vv_...", "sign_in_needed"
        )
    return found


async def visit(request: Request, context: Context) -> None:
    """Count a request to a route that nobody need be known for, such as signing in.

    Raises:
        AccessError: too many requests (`too_many_requests`).
    """
    limits = request.app.state.limits
    assert isinstance(limits, Limits)
    address = address_of(request, context.settings.trusted_proxies)
    request.state.allowance = await limits.take_as_visitor(address)


def require(right: Right) -> Callable[[Principal], Principal]:
    """Return a dependency that lets only those pass who have a right."""

    def check(asking: Annotated[Principal, Depends(principal)]) -> Principal:
        if right not in asking.rights:
            raise AccessError(
                f"A {asking.role} may not do this: it needs the right to {right}.", "right_missing"
            )
        return asking

    return check


Visitor = Annotated[Principal | None, Depends(principal_or_none)]
Reader = Annotated[Principal, Depends(require(Right.READ))]
Analyst = Annotated[Principal, Depends(require(Right.WORK))]
Examiner = Annotated[Principal, Depends(require(Right.REVIEW))]
Admin = Annotated[Principal, Depends(require(Right.MANAGE))]
Operator = Annotated[Principal, Depends(require(Right.OPERATE))]


def cookie_name(is_https: bool) -> str:
    """Return the session cookie's name."""
    return SECURE_COOKIE if is_https else COOKIE


async def _find(
    request: Request, context: Context, address: str
) -> tuple[Principal | None, int | None]:
    """Return who asks, and the key's own limit of requests a minute."""
    said = request.headers.get("authorization", "")
    if said:
        facts = await _key_of(said, context)
        asking = Principal(
            facts.account_id, Role(facts.role), facts.person_id, facts.key_id, address=address
        )
        return asking, facts.requests_a_minute
    token = request.cookies.get(cookie_name(context.settings.is_https), "")
    return await _by_session(token, request, context, address) if token else None, None


async def _key_of(said: str, context: Context) -> KeyFacts:
    scheme, _, key = said.partition(" ")
    facts = None
    if scheme.lower() == "bearer":
        facts = await run_in_threadpool(context.keys.key_of, key.strip())
    if facts is None:
        raise AccessError("This API key is unknown, revoked or expired.", "sign_in_needed")
    return facts


async def _by_session(
    token: str, request: Request, context: Context, address: str
) -> Principal | None:
    session = await run_in_threadpool(context.people.session_of, token)
    if session is None:
        return None
    csrf = csrf_of(token)
    if request.method not in SAFE_METHODS:
        sent = request.headers.get("x-csrf-token", "")
        # of plain forms only: an upload is not read before we know who sends it
        if not sent and request.headers.get("content-type", "").startswith(FORM_TYPE):
            field = (await request.form()).get("csrf", "")
            sent = field if isinstance(field, str) else ""
        if not hmac.compare_digest(sent.encode(), csrf.encode()):
            raise AccessError("This page is too old: load it again.", "csrf_missing")
    return Principal(
        session.account_id,
        Role(session.role),
        session.person_id,
        session_sha256=digest(token),
        csrf=csrf,
        address=address,
    )
