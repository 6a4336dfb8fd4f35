"""Answers requests by replicas of one web app behind Ray Serve; what the app is, its opener knows.

Replicas keep no state of their own beyond what the app says of itself, so that any of them may answer.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import ray
from ray import serve
from ray.serve.config import HTTPOptions, ProxyLocation
from ray.serve.schema import LoggingConfig
from starlette.types import ASGIApp

from pipeline.errors import WorkerLostError
from workers.ray_runtime import open_ray
from workers.settings import FleetSettings

NAME = "verity"
MOST_REQUESTS = 2000  # of one replica at once: event streams are long, and cost little
GRACE_S = 5.0  # for answers that are being given
KEEP_ALIVE_S = 30
OpenApp: TypeAlias = Callable[[], AbstractContextManager[ASGIApp]]
# Serve's proxy says what it does to standard error, which is ours
PROXY_HOOK = "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH"
QUIET = {"RAY_SERVE_LOG_TO_STDERR": "0"}


@dataclass(frozen=True, slots=True)
class ServingPlace:
    """Where requests come in, and how many processes answer them."""

    host: str
    port: int
    n_replicas: int
    certificate: Path | None = None  # with `certificate_key`: HTTPS
    certificate_key: Path | None = None
    # what Serve's proxy calls in its own process before it opens the port, as `module.function`
    proxy_hook: str = ""


class Replica:
    """Holds the app for the actor's life."""

    def __init__(self, open_app: OpenApp) -> None:
        """Open the app; its process ends with it."""
        self._stack = ExitStack()
        self._app = self._stack.enter_context(open_app())

    def __serve_build_asgi_app__(self) -> ASGIApp:
        """Return the app that answers, as Serve asks for it."""
        return self._app

    def __del__(self) -> None:
        """Close what the app needs: Serve calls it when the replica is told to end."""
        self._stack.close()


@contextmanager
def serve_replicas(
    place: ServingPlace, settings: FleetSettings, open_app: OpenApp
) -> Iterator[None]:
    """Answer by replicas until the end of the block.

    Args:
        place: where, and by how many.
        settings: which Ray; the local one ends with the block.
        open_app: called in each replica.

    Raises:
        ConfigError: Ray cannot be started or joined.
        WorkerLostError: the replicas do not start.
    """
    environ = os.environ  # noqa: TID251 (Ray and its servers read it and nothing else)
    for name, value in QUIET.items():
        environ.setdefault(name, value)
    environ[PROXY_HOOK] = place.proxy_hook
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    deployment = serve.deployment(
        name=NAME,
        num_replicas=place.n_replicas,
        max_ongoing_requests=MOST_REQUESTS,
        graceful_shutdown_timeout_s=GRACE_S,
        ray_actor_options={"num_cpus": 0},  # they wait more than they compute
    )(serve.ingress()(Replica))
    with open_ray(settings):
        try:
            serve.start(
                proxy_location=ProxyLocation.HeadOnly,
                http_options=HTTPOptions(
                    host=place.host,
                    port=place.port,
                    keep_alive_timeout_s=KEEP_ALIVE_S,
                    ssl_certfile=str(place.certificate) if place.certificate else None,
                    ssl_keyfile=str(place.certificate_key) if place.certificate_key else None,
                ),
                logging_config=LoggingConfig(log_level="ERROR", enable_access_log=False),
            )
            serve.run(deployment.bind(open_app), name=NAME, route_prefix="/")
        except (RuntimeError, ray.exceptions.RayError) as error:
            raise WorkerLostError(
                f"The replicas do not start: {str(error).splitlines()[0]}", "ray_lost"
            ) from error
        try:
            yield
        finally:
            serve.shutdown()  # type: ignore[no-untyped-call]
