"""A small web site and a proxy that breaks connections, for tests of what is fetched."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site says at one path."""

    body: bytes = b""
    content_type: str = "application/octet-stream"
    status: int = 200
    headers: Headers = field(default_factory=dict)
    takes_ranges: bool = False
    break_after: int | None = None  # bytes of the body, then the connection ends


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that the site saw."""

    method: str
    path: str
    headers: Headers  # names in lower case


@dataclass(slots=True)
class LocalSite:
    """A running site on every loopback address, 127.0.0.2 among them."""

    port: int
    answers: dict[str, Answer | Callable[[Asked], Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Return host and port, as an exception of the guard names them."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """Return the URL of a path."""
        return f"http://{host}:{self.port}{path}"


@contextmanager
def local_site() -> Iterator[LocalSite]:
    """Run a site until the block is left."""
    server = ThreadingHTTPServer(("0.0.0.0", 0), _SiteHandler)  # noqa: S104 - all of 127/8
    server.daemon_threads = True
    site = LocalSite(server.server_port)
    server.site = site  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def breaking_proxy(
    target: str, break_after: list[int], asked_after: list[int] | None = None
) -> Iterator[str]:
    """Pass connections on to `host:port`; the n-th one breaks after so many bytes of answer.

    Args:
        target: where to.
        break_after: bytes of answer, for each connection.
        asked_after: bytes of what is asked, likewise.

    Yields:
        the proxy's own `host:port`. Connections beyond the list are whole.
    """
    host, port = target.split(":")
    listener = socket.create_server(("127.0.0.1", 0))

    def pass_on() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            limit = break_after.pop(0) if break_after else None
            asked = asked_after.pop(0) if asked_after else None
            origin = socket.create_connection((host, int(port)))
            threading.Thread(target=_pump, args=(client, origin, asked), daemon=True).start()
            threading.Thread(target=_pump, args=(origin, client, limit), daemon=True).start()

    threading.Thread(target=pass_on, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


class _SiteHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site: LocalSite = self.server.site  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers)
        if length := int(headers.get("content-length", 0)):
            self.rfile.read(length)
        site.asked.append(asked)
        answer = site.answers.get(path, Answer(b"nothing here", "text/plain", 404))
        self._send(answer(asked) if callable(answer) else answer, asked)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - their name
        """Keep quiet."""

    def _send(self, answer: Answer, asked: Asked) -> None:
        body, status, extra = answer.body, answer.status, dict(answer.headers)
        wanted = asked.headers.get("range", "")
        if answer.takes_ranges and wanted.startswith("bytes=") and status == 200:
            first = int(wanted.removeprefix("bytes=").split("-")[0])
            extra["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
            body, status = body[first:], 206
        self.send_response(status)
        self.send_header("Content-Type", answer.content_type)
        extra.setdefault("Content-Length", str(len(body)))
        for name, value in extra.items():
            if value:  # an empty one takes the header away
                self.send_header(name, value)
        self.end_headers()
        if asked.method == "HEAD":
            return
        if answer.break_after is not None and answer.break_after < len(body):
            self.wfile.write(body[: answer.break_after])
            self.close_connection = True
            return
        self.wfile.write(body)


def _pump(one: socket.socket, other: socket.socket, limit: int | None) -> None:
    sent = 0
    try:
        while data := one.recv(1 << 14):
            if limit is not None and sent + len(data) > limit:
                other.sendall(data[: limit - sent])
                break
            other.sendall(data)
            sent += len(data)
    except OSError:
        pass
    finally:
        for end in (one, other):
            with suppress(OSError):  # the other side was quicker
                end.shutdown(socket.SHUT_RDWR)
            end.close()
