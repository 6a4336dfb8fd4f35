"""Buckets that the account reads: bind one with its keys, try it, take it away."""

import functools
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, SecretStr, StringConstraints, ValidationError
from starlette.concurrency import run_in_threadpool

from console.api.context import ApiContext, Context
from console.api.principals import Admin, Principal
from console.api.routes_connections import (
    ConnectionBody,
    ConnectionTried,
    Name,
    bind,
    connections,
    try_out,
    unbind,
)
from console.pages.render import Page, PageHere
from pipeline.errors import VerityError

router = APIRouter()
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1100)]


class ConnectionForm(BaseModel):
    """The form of a connection."""

    name: Line
    source: Line
    region: Line = "us-east-1"
    endpoint: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] = ""
    access_key: SecretStr
    secret_key: SecretStr
    csrf: str = ""


@router.get("/connections")
def connections_page(page: PageHere, asking: Admin, context: Context) -> Response:
    """List the account's connections."""
    return _show(page, asking, context)


@router.post("/connections")
def set_connection(
    page: PageHere, asking: Admin, context: Context, form: Annotated[ConnectionForm, Form()]
) -> Response:
    """Bind a bucket, or say why that cannot be."""
    try:
        body = ConnectionBody(**form.model_dump(exclude={"name", "csrf"}))
        bind(form.name, body, asking, context)
    except VerityError as error:
        return _show(page, asking, context, problem=page.said(error))
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        said = page.words["connections.wrong"].format(field=page.words[f"connections.{field}"])
        return _show(page, asking, context, problem=said)
    return RedirectResponse("/connections", 303)


@router.post("/connections/{name}/test")
async def test_connection(page: PageHere, asking: Admin, context: Context, name: Name) -> Response:
    """Look whether a connection leads to its bucket, and say so."""
    tried = await try_out(name=name, asking=asking, context=context)
    show = functools.partial(_show, page, asking, context, name=name, tried=tried)
    return await run_in_threadpool(show)


@router.post("/connections/{name}/remove")
def remove_connection(asking: Admin, context: Context, name: Name) -> Response:
    """Take a connection away."""
    unbind(name, asking, context)
    return RedirectResponse("/connections", 303)


def _show(
    page: Page,
    asking: Principal,
    context: ApiContext,
    problem: str = "",
    name: str = "",
    tried: ConnectionTried | None = None,
) -> Response:
    found = connections(asking, context)
    return page.show("connections.html", connections=found, problem=problem, name=name, tried=tried)
