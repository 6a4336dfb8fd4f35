"""What Prometheus is told of one server process: requests by route and status, and the queue's depth."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import Engine
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workers.metrics import QueueCollector

BUCKETS_S = (0.005, 0.02, 0.1, 0.3, 1.0, 3.0, 10.0, 60.0)
API = "/v1"
_UNKNOWN = "other"  # paths that are no route: their number has no end


class ApiMetrics:
    """Counts what one server answers; several of them are added up by whoever asks them all."""

    def __init__(self, engine: Engine) -> None:
        """Start with a registry of its own: several servers may live in one process."""
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "verity_api_requests", "Requests answered.", ["method", "route", "status"],
            registry=registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "verity_api_seconds", "Time until the answer's head.", ["route"],
            buckets=BUCKETS_S, registry=registry,
        )  # fmt: skip
        self.held = Gauge("verity_api_held_requests", "Requests in work.", registry=registry)
        registry.register(QueueCollector(engine))

    def text(self) -> bytes:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self._registry)


class Measured:
    """Measures every request."""

    def __init__(self, app: ASGIApp, *, metrics: ApiMetrics) -> None:
        """Wrap an app."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = _route_of(scope)
                self._metrics.seconds.labels(route).observe(time.perf_counter() - began)
                self._metrics.requests.labels(scope["method"], route, message["status"]).inc()
            await send(message)

        with self._metrics.held.track_inprogress():
            await self._app(scope, receive, send_measured)


def _route_of(scope: Scope) -> str:
    path = getattr(scope.get("route"), "path", None)  # as its router knows it
    if path is None:
        return _UNKNOWN
    return f"{API}{path}" if scope["path"].startswith(f"{API}/") else str(path)
