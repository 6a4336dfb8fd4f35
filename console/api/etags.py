"""Answers that have not changed are said in a line: ETag and If-None-Match (RFC 9110, 8.8.3 and 13.1.2).

A JSON answer's tag is a hash over its body, so nothing needs to know what makes it change; what is
saved is the way, not the work. Routes that give files answer for themselves: a report's tag is its hash.
"""

import hashlib
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 16 << 20  # held back until its hash is known; larger answers go as they are
_DROPPED = ("content-length", "content-type")  # a 304 has no body that they would be of


class UnchangedAnswers:
    """Answers 304 where whoever asks has the very answer already."""

    def __init__(self, app: ASGIApp, *, paths: Collection[str]) -> None:
        """Wrap an app; below these paths GET is looked at."""
        self._app = app
        self._paths = tuple(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        is_looked_at = scope["type"] == "http" and scope["method"] == "GET"
        if not (is_looked_at and scope["path"].startswith(self._paths)):
            await self._app(scope, receive, send)
            return
        wanted = Headers(scope=scope).get("if-none-match", "")
        start: Message | None = None
        body = bytearray()

        async def send_once(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_whole(message):
                start = message
                return
            if start is None or message["type"] != "http.response.body":
                await send(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            await _answer(send, start, bytes(body), wanted)

        await self._app(scope, receive, send_once)


def is_known(wanted: str, tag: str) -> bool:
    """Tell whether an If-None-Match names a tag, or any."""
    named = (one.strip().removeprefix("W/") for one in wanted.split(","))
    return bool(tag) and any(one in ("*", tag.removeprefix("W/")) for one in named)


def _is_whole(start: Message) -> bool:
    """Tell whether an answer is JSON of known length: sound and streams of events go as they are."""
    headers = Headers(raw=start["headers"])
    length = headers.get("content-length", "")
    is_json = headers.get("content-type", "").startswith("application/json")
    is_small = length.isdecimal() and int(length) <= MOST_BYTES
    return start["status"] == 200 and is_json and is_small


async def _answer(send: Send, start: Message, body: bytes, wanted: str) -> None:
    headers = MutableHeaders(raw=start["headers"])
    # weak: the same finding may be written in another order one day
    tag = headers.setdefault("etag", f'W/"{hashlib.sha256(body).hexdigest()[:32]}"')
    if not is_known(wanted, tag):
        await send(start)
        await send({"type": "http.response.body", "body": body})
        return
    for name in _DROPPED:
        del headers[name]
    await send({**start, "status": 304})
    await send({"type": "http.response.body", "body": b""})
