"""What surrounds every answer: security headers, and bodies that are cut off when they lie."""

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.api.limits import Allowance
from console.api.problems import problem, unexpected

# No inline script or style, nothing from elsewhere; pictures and sound also from the page itself.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'; manifest-src 'self'"
)
_HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self)",
}
HSTS = "max-age=31536000; includeSubDomains"
SMALL_BODY = 1 << 20  # of requests that upload nothing


class SecurityHeaders:
    """Adds the headers that keep browsers from being talked into things."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        """Wrap an app."""
        self._app = app
        self._headers = _HEADERS | ({"strict-transport-security": HSTS} if is_https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        state = scope.setdefault("state", {})  # `principals.py` puts what is left there

        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                allowance = state.get("allowance")
                if isinstance(allowance, Allowance):
                    headers.update(allowance.headers)
                headers.update(state.get("quota_headers", {}))  # by `spending.py`
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/v1"):
                    headers.setdefault("cache-control", "no-store")
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            # the framework's own last answer would go out beside us, without headers
            if not has_begun:
                await unexpected()(scope, receive, send_with_headers)
            raise


class BodyLimit:
    """Refuses bodies that are too large, by what they say and by what they send."""

    def __init__(self, app: ASGIApp, *, limits: Mapping[str, int]) -> None:
        """Wrap an app.

        Args:
            app: the app.
            limits: bytes that are taken below a path; elsewhere `SMALL_BODY`.
        """
        self._app = app
        self._limits = dict(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        most = next((it for at, it in self._limits.items() if path.startswith(at)), SMALL_BODY)
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared) > most:
            await _refuse(most)(scope, receive, send)
            return
        n_bytes = 0

        async def receive_counted() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > most:
                raise _TooLargeError
            return message

        has_begun = False

        async def send_noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive_counted, send_noted)
        except _TooLargeError:
            if has_begun:
                raise
            await _refuse(most)(scope, receive, send)


class _TooLargeError(Exception):
    """More came than is taken."""


def _refuse(most: int) -> ASGIApp:
    said = f"This is too large: at most {most // (1 << 20)} MiB are taken here."
    return problem(413, "too_large", said, {"connection": "close"})
