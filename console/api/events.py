"""Server-sent events of what is watched: one for each change, the last one when it is over.

An event is a whole state, and its id a hash of it: a reader that comes back with `Last-Event-ID`, to
whichever server, is told what is new to it, and nothing where nothing is. Whoever may read no more (a key
that was revoked, a session that ended) is told nothing more within `standing.ASKED_S`.
Source of the format: WHATWG HTML, "Server-sent events".
"""

import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from console.api.principals import Principal
from console.api.watch import Seen, Subject, Watch

SILENCE_S = 15.0  # then a comment, so that proxies keep the connection
RETRY_MS = 2000  # how soon
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


@dataclass(frozen=True, slots=True)
class Form:
    """How a look at something is written."""

    name: str  # equal names write alike, so that each change is written once for all readers
    event: str  # the event's name, until it is over
    write: Callable[[Seen], str]
    is_over: Callable[[Seen], bool] = lambda _: False


def stream(request: Request, asking: Principal, subject: Subject, form: Form) -> StreamingResponse:
    """Return the answer that follows a subject until it is over, or its reader may read no more."""
    watch = request.app.state.watch
    assert isinstance(watch, Watch)
    said = _said(watch, asking, subject, form, request.headers.get("last-event-id", ""))
    return StreamingResponse(said, media_type="text/event-stream", headers=_HEADERS)


def to_json(value: BaseModel) -> str:
    """Return an answer of the API as one line."""
    return json.dumps(value.model_dump(mode="json"), ensure_ascii=False)


async def _said(
    watch: Watch, asking: Principal, subject: Subject, form: Form, last_id: str
) -> AsyncIterator[str]:
    def write(seen: Seen) -> str:
        if seen is None:
            return _event("over", "")
        return _event("over" if form.is_over(seen) else form.event, form.write(seen))

    began, is_told = time.monotonic(), False
    yield f"retry: {RETRY_MS}\n\n"
    silence_s = min(SILENCE_S, watch.longest_s)
    async with aclosing(watch.follow(subject, silence_s)) as feeds:
        async for feed in feeds:
            if not await watch.standing.is_good(asking):
                return
            if feed is None:
                yield ": still here\n\n"
            else:
                text = feed.text(form.name, write)
                is_over = feed.seen is None or form.is_over(feed.seen)
                if is_told or is_over or not text.startswith(f"id: {last_id}\n"):
                    yield text
                is_told = True
                if is_over:
                    return
            if is_told and time.monotonic() - began > watch.longest_s:
                return  # readers come back by themselves, and show again who they are


def _event(name: str, text: str) -> str:
    lines = "\n".join(f"data: {line}" for line in text.splitlines()) or "data:"
    said = f"event: {name}\n{lines}\n\n"
    return f"id: {hashlib.sha256(said.encode()).hexdigest()[:16]}\n{said}"
