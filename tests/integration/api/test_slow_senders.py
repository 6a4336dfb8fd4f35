"""Who sends or reads slowly is cut off; who is merely quiet between requests is not cut off by that."""

import asyncio
import select
import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import Response, StreamingResponse

from console.api.settings import ApiSettings
from console.api.slow_senders import PatientProtocol
from console.server import server_config
from tests.integration.api.conftest import serving
from tests.integration.api.slow_lines import GET, MOST_S, SIGN_IN, Hasty, drip, line_to, send

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]


@pytest.fixture
def url(app: FastAPI) -> Iterator[str]:
    config: uvicorn.Config = server_config(app, ApiSettings())
    assert config.http is PatientProtocol
    config.http = Hasty
    with serving(config) as url:
        yield url


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"GET / HTTP/1.1\r\n", b"x"),
        (b"", b""),
        (SIGN_IN + b"content-length: 90000\r\n\r\n{", b" "),
        (SIGN_IN + b"transfer-encoding: chunked\r\n\r\n", b"0"),
        (GET + b"GET / HT", b"x"),
    ],
    ids=["head", "nothing", "body", "length of a piece", "second head"],
)
def test_what_drips_is_not_waited_for(url: str, first: bytes, then: bytes) -> None:
    assert drip(url, first, then).after_s < MOST_S


def test_a_kept_connection_may_be_quiet_between_requests(url: str) -> None:
    with line_to(url) as line:
        for _ in range(2):
            line.sendall(GET)
            assert line.recv(4096).startswith(b"HTTP/1.1 200")
            time.sleep(1.5)  # longer than a head may take


def test_a_head_that_is_too_large_is_refused(url: str) -> None:
    with line_to(url) as line:
        send(line, GET[:-2] + b"x: " + b"a" * (1 << 17))
        assert b" 400 " in line.recv(4096)


@pytest.mark.parametrize("path", ["/stream", "/whole"])
def test_an_answer_that_nobody_reads_is_not_kept_for_ever(path: str) -> None:
    app, is_over = FastAPI(), threading.Event()

    async def without_end() -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(1 << 16)
                await asyncio.sleep(0)  # uvicorn drops what nobody takes without a pause
        finally:
            is_over.set()

    app.get("/stream")(lambda: StreamingResponse(without_end()))
    app.get("/whole")(lambda: Response(bytes(64 << 20)))  # more than any kernel holds
    config = server_config(app, ApiSettings())
    config.http = Hasty
    with serving(config) as url, line_to(url) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        ends = select.poll()
        ends.register(line, 0)  # errors and the other side's end, not what could be read
        assert ends.poll(MOST_S * 1000), "the server waits for ever"
        assert path == "/whole" or is_over.wait(MOST_S)


def test_an_answer_that_is_read_slowly_but_steadily_is_given_whole() -> None:
    app, n_bytes = FastAPI(), 8 << 20
    app.get("/whole")(lambda: Response(bytes(n_bytes)))
    config = server_config(app, ApiSettings())
    config.http = Hasty
    with serving(config) as url, line_to(url) as line:
        line.sendall(b"GET /whole HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        n_read = 0
        while piece := line.recv(1 << 20):
            n_read += len(piece)
            time.sleep(0.2)
    assert n_read > n_bytes
