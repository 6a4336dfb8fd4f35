"""Runs the API under uvicorn or Ray Serve, keeps house, and starts a fleet worker where none runs."""

import functools
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import uvicorn
from fastapi import FastAPI

from console.api.settings import ApiSettings, ServedBy
from console.api.slow_senders import PatientProtocol
from console.queue_access import QueueAccess, open_queue
from console.replica import KEPT_CONNECTIONS, for_replicas, open_app, open_replica
from console.serve_proxy import PATIENT_HOOK
from console.settings import ConsoleSettings
from console.terminal import errors
from pipeline.errors import ConfigError
from workers.housekeeper import Housekeeper
from workers.running_workers import has_workers
from workers.settings import FleetSettings

GRACE_S = 5  # for answers that are being given
WORKER_END_S = 40.0  # as `verity work` itself needs
HEAD_BYTES = 64 << 10  # of a request: longer ones are attacks
KEEP_ALIVE_S = 30

_log = logging.getLogger(__name__)


def run_server(settings: ConsoleSettings, host: str, port: int, *, with_worker: bool) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        ConfigError: a setting is wrong, or the port is taken.
        DatabaseError: the database does not answer.
    """
    api = ApiSettings.from_env(settings.environ)
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(host, port))
        access = stack.enter_context(open_queue(settings, KEPT_CONNECTIONS))
        stack.enter_context(Housekeeper(access.engine, settings.jobs, settings.storage))
        if with_worker and not has_workers(settings.storage):
            stack.enter_context(_worker(settings.environ))
        if api.served_by is ServedBy.RAY:
            _run_replicas(settings, api, access, listener)
            return
        config = server_config(stack.enter_context(open_app(settings, access)), api)
        _say_where(api, listener.getsockname())
        # uvicorn raises again what ended it: by default that would be our end, before we clean up
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: None)
        uvicorn.Server(config).run([listener])


def _run_replicas(
    settings: ConsoleSettings, api: ApiSettings, access: QueueAccess, listener: socket.socket
) -> None:
    """Answer by Ray Serve's replicas until SIGTERM or SIGINT."""
    from workers.serving import ServingPlace, serve_replicas  # Ray takes a second to import

    host, port = listener.getsockname()[:2]
    listener.close()  # it told that the port is free; Serve's proxy listens there now
    place = ServingPlace(
        host, port, api.replicas, api.certificate, api.certificate_key, PATIENT_HOOK
    )
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: asked.set())
    opener = functools.partial(open_replica, for_replicas(settings, access))
    with serve_replicas(place, FleetSettings.from_env(settings.environ), opener):
        _say_where(api, (host, port))
        asked.wait()


def _say_where(api: ApiSettings, bound: tuple[Any, ...]) -> None:
    scheme = "https" if api.certificate else "http"
    errors.print(
        f"Voice Verity: {api.public_url or f'{scheme}://{bound[0]}:{bound[1]}'}",
        markup=False,
        soft_wrap=True,
    )


def server_config(app: FastAPI, settings: ApiSettings) -> uvicorn.Config:
    """Return how uvicorn serves an app."""
    return uvicorn.Config(
        app,
        http=PatientProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # `addresses.py` reads them, as far as they are to be believed
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
    )


@contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigError(
            f"{host}:{port} cannot be listened on ({error.strerror}): name another with --port."
        ) from error
    with listener:
        yield listener


@contextmanager
def _worker(environ: Mapping[str, str]) -> Iterator[None]:
    """Keep a fleet worker beside the server; it ends with it."""
    command = [sys.executable, "-m", "workers"]
    with subprocess.Popen(command, env=dict(environ), start_new_session=True) as worker:  # noqa: S603 (ours)
        _log.info("fleet worker started", extra={"worker_pid": worker.pid})
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(WORKER_END_S)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(worker.pid, signal.SIGKILL)
