"""Heads and bodies that are too many, never end or lie: refused or cut off, and others are answered meanwhile."""

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from uvicorn.config import HTTP_PROTOCOLS

from console.api.context import ApiContext
from console.api.settings import ApiSettings
from console.api.slow_senders import PatientProtocol
from console.people.roles import Role
from console.serve_proxy import PATIENT_HOOK, be_patient
from console.server import server_config
from tests.integration.api.conftest import PASSWORD, serving
from tests.integration.api.slow_lines import MOST_S, Hasty, line_to, rest_of, send

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
PIECE = b"8000\r\n" + b"a" * 0x8000 + b"\r\n"


@pytest.fixture
def url(app: FastAPI) -> Iterator[str]:
    config: uvicorn.Config = server_config(app, ApiSettings())
    config.http = Hasty
    with serving(config) as url:
        yield url


@pytest.fixture
def head(context: ApiContext) -> bytes:
    """Give what requests of a key begin with."""
    context.people.sign_up("ada@example.org", PASSWORD)
    key = context.keys.make_key("default", "script", Role.ANALYST).key
    return f"host: x\r\nauthorization: Bearer {key}\r\n".encode()


def is_answered(url: str) -> bool:
    return httpx.get(f"{url}/v1/health/live", timeout=MOST_S).status_code == 200


@pytest.mark.parametrize(("n_headers", "status"), [(100, b" 200 "), (10_000, b" 400 ")])
def test_heads_of_many_fields_are_refused_by_their_length(
    url: str, n_headers: int, status: bytes
) -> None:
    fields = b"".join(b"x-%d: %d\r\n" % (n, n) for n in range(n_headers))
    with line_to(url) as line:
        send(line, b"GET /v1/health/live HTTP/1.1\r\nhost: x\r\n" + fields + b"\r\n")
        assert status in line.recv(4096)
    assert is_answered(url)


ODD_FIELDS = [
    b"authorization: Bearer vv_\xff_\xff",
    b"authorization: Bearer vv_\xb2_x",
    b"authorization: \xff",
    b"cookie: verity_session=\xff\xfe",
    b"x-forwarded-for: \xff, \xfe",
    b"if-none-match: \xff",
    b"last-event-id: \xff",
    b"accept-language: \xff;q=\xfe",
    b"content-length: 5_0",
]


def test_bytes_of_a_head_that_are_no_text_are_no_error_of_ours(url: str) -> None:
    for path in (b"/v1/jobs", b"/v1/jobs/events", b"/v1/health/live"):
        for field in ODD_FIELDS:
            with line_to(url) as line:
                line.sendall(b"GET " + path + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n")
                line.sendall(field + b"\r\n\r\n")
                status = rest_of(line).split(b" ")[1]
            assert status in {b"200", b"400", b"401"}, (path, field)


def test_a_key_of_odd_bytes_for_repeats_is_a_key(url: str, head: bytes) -> None:
    body = b'{"sources": ["https://example.org/a.mp3"]}'
    said = []
    for _ in range(2):
        with line_to(url) as line:
            line.sendall(b"POST /v1/jobs HTTP/1.1\r\n" + head + b"idempotency-key: \xff\xfe\r\n")
            line.sendall(b"content-type: application/json\r\nconnection: close\r\n")
            line.sendall(b"content-length: %d\r\n\r\n" % len(body) + body)
            said.append(rest_of(line))
    assert all(one.startswith(b"HTTP/1.1 201 ") for one in said)
    assert said[0].rpartition(b"\r\n")[2] == said[1].rpartition(b"\r\n")[2]


def test_a_body_in_pieces_without_end_is_cut_off_at_the_limit(
    url: str, head: bytes, context: ApiContext
) -> None:
    most = context.settings.upload_bytes
    with line_to(url) as line:
        line.sendall(b"POST /v1/predict HTTP/1.1\r\n" + head)
        line.sendall(b"transfer-encoding: chunked\r\n\r\n")
        n_sent = 0
        try:
            while n_sent < 64 * most:
                line.sendall(PIECE)
                n_sent += len(PIECE)
        except OSError:
            pass
        assert n_sent < 64 * most, "somebody ends it"
        assert is_answered(url)


def test_a_body_that_is_shorter_than_it_says_is_cut_off_and_not_analysed(
    url: str, head: bytes, context: ApiContext
) -> None:
    with line_to(url) as line:
        line.sendall(b"POST /v1/predict HTTP/1.1\r\n" + head)
        line.sendall(b"content-length: 100000\r\n\r\nRIFF")
        assert is_answered(url)
        assert b" 200 " not in rest_of(line)


def test_what_follows_a_body_is_no_part_of_it(url: str, head: bytes) -> None:
    body = b'{"sources": ["https://example.org/a.mp3"]}'
    with line_to(url) as line:
        line.sendall(b"POST /v1/jobs HTTP/1.1\r\n" + head + b"content-type: application/json\r\n")
        line.sendall(b"content-length: %d\r\n\r\n" % len(body) + body + b"and more\r\n\r\n")
        said = rest_of(line)
    assert said.startswith(b"HTTP/1.1 201 ")
    assert said.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 400 " in said
    assert is_answered(url)


def test_a_form_that_breaks_off_leaves_no_job_and_no_upload(url: str, head: bytes) -> None:
    form = (
        b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        + b"a" * 2_000_000
    )
    with line_to(url) as line:
        line.sendall(b"POST /v1/jobs/batch HTTP/1.1\r\n" + head)
        line.sendall(b"content-type: multipart/form-data; boundary=b\r\n")
        send(line, b"content-length: %d\r\n\r\n" % (len(form) + 1000) + form)
        assert b" 201 " not in rest_of(line)
    key = {"authorization": head.decode().split("authorization: ")[1].strip()}
    assert httpx.get(f"{url}/v1/jobs", headers=key, timeout=MOST_S).json()["jobs"] == []
    until = time.monotonic() + MOST_S
    while time.monotonic() < until:
        uploads = httpx.get(f"{url}/v1/uploads", headers=key, timeout=MOST_S).json()["uploads"]
        if not uploads:
            break
        time.sleep(0.2)
    assert uploads == []


def test_a_hundred_slow_senders_keep_nobody_else_waiting(url: str, head: bytes) -> None:
    lines = []
    try:
        for n in range(100):
            line = socket.create_connection(("127.0.0.1", urlsplit(url).port or 0))
            lines.append(line)
            whole = b"POST /v1/predict HTTP/1.1\r\n" + head + b"content-length: 90000\r\n\r\nRI"
            line.sendall(whole if n % 2 else whole[:20])
        assert is_answered(url)
        for line in lines:
            line.settimeout(MOST_S)
            assert b" 200 " not in rest_of(line)
    finally:
        for line in lines:
            line.close()


def test_serves_proxy_takes_our_patience(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    module, _, name = PATIENT_HOOK.rpartition(".")
    assert (module, name) == (be_patient.__module__, be_patient.__name__)
    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", HTTP_PROTOCOLS["auto"])  # back after this test
    assert be_patient() == []
    config = uvicorn.Config(app)  # as Serve makes it: it names no protocol
    config.load()
    assert config.http_protocol_class is PatientProtocol
