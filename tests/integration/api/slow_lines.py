"""Lines over which little comes, or something else than was said: what slow and lying senders do."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from console.api.slow_senders import PatientProtocol

MOST_S = 60.0  # for what takes a second or two on a quiet machine
GET = b"GET /v1/health/live HTTP/1.1\r\nhost: x\r\n\r\n"
SIGN_IN = b"POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


class Hasty(PatientProtocol):
    """As in earnest, with shorter times."""

    head_s = 1.0
    body_window_s = 1.0
    read_window_s = 1.0


@dataclass(frozen=True, slots=True)
class Closed:
    """How the other side ended a line."""

    after_s: float
    said: bytes


@contextmanager
def line_to(url: str) -> Iterator[socket.socket]:
    """Open a line to a server."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 0)) as line:
        line.settimeout(MOST_S)
        yield line


def send(line: socket.socket, said: bytes) -> None:
    """Send what may be refused before all of it is sent: the answer is there to be read all the same."""
    with suppress(ConnectionError):
        line.sendall(said)


def rest_of(line: socket.socket) -> bytes:
    """Return what is answered until the connection is closed."""
    said = b""
    try:
        while piece := line.recv(1 << 16):
            said += piece
    except ConnectionError:
        pass
    return said


def drip(url: str, first: bytes, then: bytes = b"", every_s: float = 0.2) -> Closed:
    """Send some bytes, and then a few after another, until the other side ends it or `MOST_S` are over."""
    began, said = time.monotonic(), b""
    with line_to(url) as line:
        line.settimeout(every_s)
        try:
            line.sendall(first)
            while time.monotonic() - began < MOST_S:
                line.sendall(then)
                try:
                    if not (piece := line.recv(4096)):
                        break
                    said += piece
                except TimeoutError:
                    continue
        except OSError:
            pass
    return Closed(time.monotonic() - began, said)
