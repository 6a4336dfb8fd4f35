"""Who sends slowly is cut off; who is merely quiet between requests is not cut off by that."""

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import uvicorn
from fastapi import FastAPI

from console.api.settings import ApiSettings
from console.api.slow_senders import PatientProtocol
from console.server import server_config
from tests.integration.api.conftest import serving

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
HEAD = b"POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


class Hasty(PatientProtocol):
    """As in earnest, with shorter times."""

    head_s = 1.0
    body_window_s = 1.0


@pytest.fixture
def place(app: FastAPI) -> Iterator[tuple[str, int]]:
    config: uvicorn.Config = server_config(app, ApiSettings())
    assert config.http is PatientProtocol
    config.http = Hasty
    with serving(config) as url:
        yield "127.0.0.1", urlsplit(url).port or 0


def drip(place: tuple[str, int], first: bytes, then: bytes, most_s: float) -> float:
    """Send some bytes and then one byte after another; return when the connection was closed."""
    began = time.monotonic()
    with socket.create_connection(place) as line:
        line.settimeout(0.2)
        line.sendall(first)
        while time.monotonic() - began < most_s:
            try:
                line.sendall(then)
                if line.recv(4096) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    return time.monotonic() - began


def test_a_head_that_never_ends_is_not_waited_for(place: tuple[str, int]) -> None:
    assert drip(place, b"GET / HTTP/1.1\r\n", b"x", 15.0) < 10.0
    assert drip(place, b"", b"", 15.0) < 10.0


def test_a_body_that_drips_is_not_waited_for(place: tuple[str, int]) -> None:
    assert drip(place, HEAD + b"content-length: 90000\r\n\r\n{", b" ", 15.0) < 10.0


def test_a_second_slow_request_on_a_kept_connection_is_cut_off_too(place: tuple[str, int]) -> None:
    whole = b"GET /v1/health/live HTTP/1.1\r\nhost: x\r\n\r\n"
    assert drip(place, whole + b"GET / HT", b"x", 15.0) < 10.0


def test_a_kept_connection_may_be_quiet_between_requests(place: tuple[str, int]) -> None:
    whole = b"GET /v1/health/live HTTP/1.1\r\nhost: x\r\n\r\n"
    with socket.create_connection(place) as line:
        line.settimeout(10)
        for _ in range(2):
            line.sendall(whole)
            assert line.recv(4096).startswith(b"HTTP/1.1 200")
            time.sleep(2.0)  # longer than a head may take


def test_a_head_that_is_too_large_is_refused(place: tuple[str, int]) -> None:
    with socket.create_connection(place) as line:
        line.settimeout(10)
        line.sendall(b"GET /v1/health/live HTTP/1.1\r\nhost: x\r\nx: " + b"a" * (1 << 17))
        assert b" 400 " in line.recv(4096)
