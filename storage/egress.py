"""The one way out: a local forward proxy that resolves, checks and connects (DESIGN.md §8).

Whatever is fetched from outside (media sites, links, feeds, webhooks) goes through an EgressGuard.
It resolves names itself, refuses addresses that are not public and connects to the very address
that it checked, so that a DNS answer that changes afterwards helps nobody. `VERITY_FETCH_ALLOW`
names exact exceptions for tests and laptops.
"""

import asyncio
import logging
import os
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeAlias

from pipeline.errors import ConfigError
from storage.egress_policy import EgressPolicy
from storage.egress_proxy import PROXY_USER, ProxyConnection, ProxyLimits, turn_away
from storage.egress_upstream import Upstream

FOLDER_PREFIX = "verity-egress-"  # of the private folder with the socket
SOCKET_NAME = "guard.sock"
logger = logging.getLogger(__name__)

ResolveNames: TypeAlias = Callable[[str, int], Sequence[str]]

N_RESOLVERS = 16  # names looked up at a time; getaddrinfo blocks a thread each


def resolve_by_system(host: str, port: int) -> list[str]:
    """Return the addresses that this machine's resolver gives for a name, in its order.

    Raises:
        OSError: there is no such name, or nobody answered.
    """
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class EgressGuard:
    """A local proxy for one process, alive inside its `with` block.

    It listens on 127.0.0.1 and on a Unix socket (for children that have no network at all), and
    takes only requests that carry its token, so that other local processes cannot use it.
    """

    def __init__(
        self,
        policy: EgressPolicy | None = None,
        limits: ProxyLimits | None = None,
        resolve: ResolveNames = resolve_by_system,
        upstream: Upstream | None = None,
    ) -> None:
        """Keep what is let out; nothing listens yet."""
        self._policy = policy or EgressPolicy()
        self._limits = limits or ProxyLimits()
        self._resolve_names = resolve
        self._upstream = upstream
        self._token = secrets.token_urlsafe(24)
        self._port = 0
        self._folder: Path | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._resolvers: ThreadPoolExecutor | None = None
        self._connections: dict[asyncio.Task[None], socket.socket] = {}

    @property
    def proxy_url(self) -> str:
        """The proxy for HTTP clients, with its token: a secret, never logged."""
        return f"http://{PROXY_USER}:{self._token}@127.0.0.1:{self._port}"

    def through(self, upstream: Upstream) -> "EgressGuard":
        """Return a guard with the same rules that goes out by a proxy; it is not running yet."""
        return EgressGuard(self._policy, self._limits, self._resolve_names, upstream)

    @property
    def socket_path(self) -> Path:
        """The same proxy as a Unix socket in a private folder."""
        if self._folder is None:
            raise ConfigError("The egress guard is not running: use it inside its `with` block.")
        return self._folder / SOCKET_NAME

    def __enter__(self) -> Self:
        """Start listening, and say so where exceptions are open."""
        for exception in sorted(map(str, self._policy.allow)):
            logger.warning(
                "VERITY_FETCH_ALLOW opens an address: for tests and laptops only",
                extra={"address": exception},
            )
        self._folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        self._resolvers = ThreadPoolExecutor(N_RESOLVERS, thread_name_prefix="egress-resolver")
        started = threading.Event()
        failures: list[OSError] = []
        self._thread = threading.Thread(
            target=self._run, args=(started, failures), name="egress-guard", daemon=True
        )
        self._thread.start()
        started.wait()
        if failures:
            self._leave()
            raise ConfigError(f"The egress guard cannot listen: {failures[0]}.") from failures[0]
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection and stop listening."""
        if self._loop and self._stop:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._leave()

    def _leave(self) -> None:
        if self._thread:
            self._thread.join()
        if self._resolvers:
            self._resolvers.shutdown(wait=False, cancel_futures=True)
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = self._loop = self._stop = self._thread = self._resolvers = None

    def _run(self, started: threading.Event, failures: list[OSError]) -> None:
        try:
            asyncio.run(self._listen(started))
        except OSError as error:
            failures.append(error)
        finally:
            started.set()

    async def _listen(self, started: threading.Event) -> None:
        loop = self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        listeners = [socket.create_server(("127.0.0.1", 0)), _bind(self.socket_path)]
        self._port = listeners[0].getsockname()[1]
        for listener in listeners:
            listener.setblocking(False)
            loop.add_reader(listener, self._accept, listener)
        started.set()
        await self._stop.wait()
        for listener in listeners:
            loop.remove_reader(listener)
            listener.close()
        left = dict(self._connections)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for connection in left.values():
            connection.close()  # a task that had not begun yet did not

    def _accept(self, listener: socket.socket) -> None:
        # Not asyncio's own server: what that has accepted and not yet handed over is lost on leaving.
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        is_free = len(self._connections) < self._limits.n_connections
        task = asyncio.get_running_loop().create_task(self._serve(connection, is_free))
        self._connections[task] = connection
        task.add_done_callback(self._connections.pop)

    async def _serve(self, connection: socket.socket, is_free: bool) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        if not is_free:
            await turn_away(writer)
            return
        client = ProxyConnection(
            (reader, writer), self._policy, self._limits, self._resolve, self._upstream
        )
        await client.serve(self._token)

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._resolvers, self._resolve_names, host, port)


def _bind(path: Path) -> socket.socket:
    """Return a Unix socket bound to a path of any length (the kernel's limit is 107 bytes)."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")
        listener.listen()
    except OSError:
        listener.close()
        raise
    finally:
        os.close(folder)
    return listener
