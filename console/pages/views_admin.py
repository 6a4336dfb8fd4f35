"""What admins look after: what failed, the fleet, everybody's accounts; each page asks the API's routes."""

from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import RedirectResponse, Response

from console.api import routes_admin_fleet, routes_admin_people, routes_admin_settings
from console.api.admin_scope import Scope
from console.api.context import Context
from console.api.principals import Admin, Operator
from console.api.routes_admin_fleet import Code
from console.api.routes_admin_people import DisabledBody, Search
from console.api.routes_members import PersonId
from console.pages.render import PageHere

router = APIRouter(prefix="/admin")
Retried = Annotated[int | None, Query(ge=0, le=10**9)]


@router.get("")
def overview(
    page: PageHere, asking: Admin, scope: Scope, context: Context, retried: Retried = None
) -> Response:
    """Show what failed, by code, and what there is to look after."""
    del asking
    return page.show(
        "admin.html",
        failures=routes_admin_fleet.failures_in(context, scope, page.language),
        is_everywhere=scope is None,
        retried=retried,
    )


@router.post("/failures/{code}/retry")
def retry(code: Code, asking: Admin, scope: Scope, context: Context) -> Response:
    """Queue again what failed with a code."""
    done = routes_admin_fleet.retry(code, asking, scope, context)
    everywhere = "&everywhere=true" if scope is None else ""
    return RedirectResponse(f"/admin?retried={done.n_items}{everywhere}", 303)


@router.get("/fleet")
def fleet(page: PageHere, asking: Operator, context: Context) -> Response:
    """Show workers, nodes, the queue, what runs, and stage times."""
    return page.show("admin_fleet.html", fleet=routes_admin_fleet.fleet(asking, context))


@router.get("/fleet/now")
def fleet_now(page: PageHere, asking: Operator, context: Context) -> Response:
    """Return the fleet as a part of its page, asked for every five seconds."""
    return page.show("parts/fleet.html", fleet=routes_admin_fleet.fleet(asking, context))


@router.get("/accounts")
def accounts(page: PageHere, asking: Operator, context: Context) -> Response:
    """List the accounts with what they use, and all keys."""
    return page.show(
        "admin_accounts.html",
        accounts=routes_admin_people.accounts(asking, context),
        keys=routes_admin_people.keys(None, context),
    )


@router.get("/people")
def everybody(page: PageHere, asking: Operator, context: Context, search: Search = "") -> Response:
    """List everybody in the installation."""
    found = routes_admin_people.people(None, context, search)
    return page.show("admin_people.html", people=found, search=search, own=asking.person_id)


@router.post("/people/{person_id}/disabled")
def set_disabled(
    person_id: PersonId, asking: Operator, context: Context, disabled: Annotated[bool, Form()]
) -> Response:
    """Lock somebody out, or let them in again."""
    routes_admin_people.set_disabled(person_id, DisabledBody(disabled=disabled), asking, context)
    return RedirectResponse("/admin/people", 303)


@router.get("/people/{person_id}")
def sessions(
    page: PageHere, person_id: PersonId, asking: Admin, scope: Scope, context: Context
) -> Response:
    """Show where somebody is signed in."""
    del asking
    found = routes_admin_people.sessions(person_id, scope, context)
    places = [
        one for one in routes_admin_people.people(scope, context) if one.person_id == person_id
    ]
    return page.show(
        "admin_sessions.html",
        sessions=found,
        places=places,
        person_id=person_id,
        is_everywhere=scope is None,
    )


@router.post("/people/{person_id}/sign-out")
def end_sessions(person_id: PersonId, asking: Admin, scope: Scope, context: Context) -> Response:
    """Sign somebody out."""
    routes_admin_people.end_sessions(person_id, asking, scope, context)
    everywhere = "?everywhere=true" if scope is None else ""
    return RedirectResponse(f"/admin/people/{person_id}{everywhere}", 303)


@router.get("/settings")
def settings(page: PageHere, asking: Operator, context: Context) -> Response:
    """List the settings of this server with their source."""
    return page.show(
        "admin_settings.html", settings=routes_admin_settings.settings(asking, context)
    )
