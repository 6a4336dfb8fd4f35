"""Limits of accounts and keys: seen and set, in hours and mebibytes as people say them."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from console.api import routes_admin_people, routes_usage
from console.api.context import Context
from console.api.principals import Admin, Operator
from console.api.routes_usage import QuotaBody, QuotaShown
from console.pages.limit_lines import UNITS, amount_words
from console.pages.render import Page, PageHere
from pipeline.errors import SourceNotFoundError
from storage.quota_rows import LIMITS, Level

router = APIRouter()
A_MINUTE = "requests_a_minute"
MOST_TYPED = 20  # characters of a limit


@dataclass(frozen=True, slots=True)
class QuotaLine:
    """One limit in the form."""

    name: str  # as the API calls it
    words: str  # the key of what it is of: `limit.<words>`
    typed: str  # what stands in the field; "": no limit
    used: str
    level: Level


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose limits a form sets."""

    place: str  # where it is sent
    name: str
    code: str  # the id
    back: str


@router.get("/admin/accounts/{account_id}")
def account_page(page: PageHere, account_id: str, asking: Operator, context: Context) -> Response:
    """Show an account's limits."""
    quota = routes_usage.account_quota(account_id, asking, context)
    return _show(page, _account(account_id, asking, context), quota)


@router.post("/admin/accounts/{account_id}")
async def set_account(
    page: PageHere, request: Request, account_id: str, asking: Operator, context: Context
) -> Response:
    """Set an account's limits, or say which of them is none."""
    typed = await _typed(request)
    body, wrong = _body(typed)
    if body is None:
        quota = await run_in_threadpool(routes_usage.account_quota, account_id, asking, context)
        whose = await run_in_threadpool(_account, account_id, asking, context)
        return _show(page, whose, quota, typed, wrong)
    await routes_usage.set_quota(account_id, body, request, asking, context)
    return RedirectResponse(f"/admin/accounts/{account_id}?saved=1", 303)


@router.get("/keys/{key_id}")
def key_page(page: PageHere, key_id: str, asking: Admin, context: Context) -> Response:
    """Show a key's limits."""
    quota = routes_usage.key_quota(key_id, asking, context)
    return _show(page, _key(key_id, asking, context), quota)


@router.post("/keys/{key_id}")
async def set_key(
    page: PageHere, request: Request, key_id: str, asking: Admin, context: Context
) -> Response:
    """Set a key's limits, or say which of them is none."""
    typed = await _typed(request)
    body, wrong = _body(typed)
    if body is None:
        quota = await run_in_threadpool(routes_usage.key_quota, key_id, asking, context)
        whose = await run_in_threadpool(_key, key_id, asking, context)
        return _show(page, whose, quota, typed, wrong)
    await routes_usage.set_key_quota(key_id, body, request, asking, context)
    return RedirectResponse(f"/keys/{key_id}?saved=1", 303)


def _account(account_id: str, asking: Operator, context: Context) -> Whose:
    found = routes_admin_people.accounts(asking, context)
    name = next((one.name for one in found if one.account_id == account_id), "")
    place = f"/admin/accounts/{account_id}"
    return Whose(place, name or account_id, account_id, "/admin/accounts")


def _key(key_id: str, asking: Admin, context: Context) -> Whose:
    for one in context.keys.keys(asking.account_id):
        if one.key_id == key_id:
            return Whose(f"/keys/{key_id}", one.name, f"vv_{key_id}", "/keys")
    raise SourceNotFoundError(f"There is no key {key_id[:40]}.", "key_not_found")


async def _typed(request: Request) -> dict[str, str]:
    """Return the limits that stand in the form."""
    form = await request.form()
    names = (*LIMITS, A_MINUTE)
    return {name: str(form.get(name, "")).strip()[:MOST_TYPED] for name in names}


def _body(typed: Mapping[str, str]) -> tuple[QuotaBody | None, str]:
    """Return the limits as the API takes them; None, and the name of one that is none."""
    limits: dict[str, float] = {}
    for name, said in typed.items():
        if not said:
            continue
        try:
            limits[name] = float(said.replace(",", ".")) * UNITS.get(_resource(name), 1.0)
        except ValueError:
            return None, name
    if "stored_bytes" in limits and limits["stored_bytes"] < float("inf"):
        limits["stored_bytes"] = float(int(limits["stored_bytes"]))  # a part of a byte is none
    try:
        return QuotaBody.model_validate(limits), ""
    except ValidationError as error:
        return None, str(error.errors()[0]["loc"][0])


def _resource(name: str) -> str:
    return LIMITS[name][0].value if name in LIMITS else ""


def _show(
    page: Page,
    whose: Whose,
    quota: QuotaShown,
    typed: Mapping[str, str] | None = None,
    wrong: str = "",
) -> Response:
    standings = {(one.resource, one.period): one for one in quota.quotas}
    lines = []
    for name, (resource, period) in LIMITS.items():
        limit = getattr(quota, name)
        stands = standings[resource, period]
        said = "" if limit is None else f"{limit / UNITS.get(resource, 1.0):.10g}"
        lines.append(
            QuotaLine(
                name,
                f"{resource}_{period}",
                said if typed is None else typed[name],
                amount_words(resource, stands.used),
                stands.level,
            )
        )
    a_minute = "" if quota.requests_a_minute is None else str(quota.requests_a_minute)
    return page.show(
        "quota.html",
        status=422 if wrong else 200,
        whose=whose,
        lines=lines,
        a_minute=a_minute if typed is None else typed[A_MINUTE],
        wrong=wrong,
        is_saved="saved" in page.request.query_params and not wrong,
    )
