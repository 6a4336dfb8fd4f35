import logging
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import httpx
import pytest

from storage.egress import EgressGuard, resolve_by_system
from storage.egress_policy import EgressPolicy, parse_allow
from storage.egress_proxy import ProxyLimits
from tests.local_site import Answer, LocalSite, local_site

SOON_S = 60.0  # what comes within a second on a quiet machine
PUBLIC = "93.184.216.34"  # never connected to: it stands beside an answer that closes the name


@pytest.fixture
def site() -> Iterator[LocalSite]:
    with local_site() as site:
        site.answers["/hello"] = Answer(b"hello", "text/plain")
        yield site


@pytest.fixture
def guard(site: LocalSite) -> Iterator[EgressGuard]:
    with EgressGuard(EgressPolicy(parse_allow(site.host))) as guard:
        yield guard


@contextmanager
def client_of(guard: EgressGuard) -> Iterator[httpx.Client]:
    with httpx.Client(
        proxy=guard.proxy_url, trust_env=False, follow_redirects=True, timeout=SOON_S
    ) as client:
        yield client


def ask(guard: EgressGuard, message: bytes) -> bytes:
    """Send bytes to the guard as they are, and return its whole answer."""
    place = ("127.0.0.1", urlsplit(guard.proxy_url).port or 0)
    with socket.create_connection(place, SOON_S) as end:
        end.sendall(message)
        answer = b""
        while data := end.recv(1 << 16):
            answer += data
    return answer


def token_of(guard: EgressGuard) -> bytes:
    """Return the header that opens the guard."""
    header = httpx.Proxy(guard.proxy_url).raw_auth
    assert header is not None
    request = httpx.BasicAuth(*header).auth_flow(httpx.Request("GET", "http://x/"))
    return b"Proxy-Authorization: " + next(request).headers["authorization"].encode() + b"\r\n"


def test_an_open_address_is_reached_and_the_token_stays_here(
    guard: EgressGuard, site: LocalSite
) -> None:
    with client_of(guard) as client:
        answer = client.get(site.url("/hello?a=1"), headers={"X-Ours": "kept"})
    assert (answer.status_code, answer.text) == (200, "hello")
    (asked,) = site.asked
    assert asked.path == "/hello?a=1"
    assert asked.headers["x-ours"] == "kept"
    assert asked.headers["host"] == site.host
    assert not [name for name in asked.headers if name.startswith("proxy")]


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "2130706433", "127.1"])
def test_other_loopback_addresses_of_the_same_server_stay_closed(
    guard: EgressGuard, site: LocalSite, host: str
) -> None:
    with client_of(guard) as client:
        answer = client.get(site.url("/hello", host))
    assert answer.status_code == 403
    assert answer.reason_phrase.startswith("egress_refused")
    assert not site.asked


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://10.0.0.1:8080/",
    ],
)
def test_inner_addresses_are_refused_by_name(guard: EgressGuard, url: str) -> None:
    with client_of(guard) as client:
        answer = client.get(url)
        assert answer.status_code == 403
        with pytest.raises(httpx.ProxyError, match="egress_refused"):
            client.get(url.replace("http:", "https:"))


@pytest.mark.parametrize("target", ["http://127.0.0.2:{port}/", "http://169.254.169.254/"])
def test_a_redirect_to_an_inner_address_is_refused(
    guard: EgressGuard, site: LocalSite, target: str
) -> None:
    location = target.format(port=site.port)
    site.answers["/away"] = Answer(status=302, headers={"Location": location})
    with client_of(guard) as client:
        answer = client.get(site.url("/away"))
    assert answer.reason_phrase.startswith("egress_refused private_address")
    assert [asked.path for asked in site.asked] == ["/away"]


def test_a_dns_answer_that_changes_is_not_asked_for_twice(site: LocalSite) -> None:
    """The address that was checked is the address that is connected to."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    policy = EgressPolicy(parse_allow(f"rebind.test:{site.port}"))
    with (
        EgressGuard(policy, resolve=lambda _host, _port: next(answers)) as guard,
        client_of(guard) as client,
    ):
        assert client.get(site.url("/hello", "rebind.test")).text == "hello"
    assert next(answers) == ["127.0.0.2"], "one look-up for one connection"


@pytest.mark.parametrize("second", ["127.0.0.1", "169.254.169.254", "::1"])
def test_a_dns_answer_that_turns_inwards_is_refused(site: LocalSite, second: str) -> None:
    answers = iter([[second], [PUBLIC, second]])
    policy = EgressPolicy(ports=frozenset({site.port}))
    with (
        EgressGuard(policy, resolve=lambda _host, _port: next(answers)) as guard,
        client_of(guard) as client,
    ):
        reasons = [client.get(site.url("/hello", "rebind.test")).reason_phrase for _ in range(2)]
    assert [reason.split()[1] for reason in reasons] == ["private_address"] * 2
    assert not site.asked


def test_the_systems_own_resolver_is_checked_as_well(site: LocalSite) -> None:
    assert "127.0.0.1" in resolve_by_system("localhost", 80)
    with (
        EgressGuard(EgressPolicy(ports=frozenset({site.port}))) as guard,
        client_of(guard) as client,
    ):
        answer = client.get(site.url("/hello", "localhost"))
    assert answer.reason_phrase.startswith("egress_refused private_address")


@pytest.mark.parametrize(
    "target",
    [
        b"http://127.0.0.1:%d@127.0.0.2/hello",
        b"http://user:word@127.0.0.1:%d/hello",
        b"http://127.0.0.1:%d\\@127.0.0.2/hello",
        b"http://127.0.0.1%%00:%d/hello",
        b"https://127.0.0.1:%d/hello",
        b"file:///etc/passwd?%d",
        b"/hello?%d",
        b"ftp://127.0.0.1:%d/hello",
    ],
)
def test_targets_that_can_be_read_in_two_ways_are_refused(
    guard: EgressGuard, site: LocalSite, target: bytes
) -> None:
    line = b"GET " + target % site.port + b" HTTP/1.1\r\nHost: " + site.host.encode() + b"\r\n"
    answer = ask(guard, line + token_of(guard) + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 403 egress_refused bad_target")
    assert not site.asked


def test_the_host_header_follows_the_checked_target(guard: EgressGuard, site: LocalSite) -> None:
    line = f"GET {site.url('/hello')} HTTP/1.1\r\nHost: inner.test\r\n".encode()
    answer = ask(guard, line + token_of(guard) + b"\r\n")
    assert answer.endswith(b"hello")
    assert site.asked[0].headers["host"] == site.host


def test_a_second_request_on_a_connection_is_not_served(
    guard: EgressGuard, site: LocalSite
) -> None:
    one = f"GET {site.url('/hello')} HTTP/1.1\r\nHost: a\r\n".encode() + token_of(guard) + b"\r\n"
    two = one.replace(b"127.0.0.1", b"127.0.0.2")
    answer = ask(guard, one + two)
    assert answer.count(b"HTTP/1.1 200") == 1
    assert len(site.asked) == 1


@pytest.mark.parametrize("header", [b"", b"Proxy-Authorization: Basic dmVyaXR5Ong=\r\n"])
def test_a_process_without_the_token_gets_nothing(
    guard: EgressGuard, site: LocalSite, header: bytes
) -> None:
    for line in (b"GET http://%s/hello HTTP/1.1\r\n", b"CONNECT %s HTTP/1.1\r\n"):
        answer = ask(guard, line % site.host.encode() + b"Host: a\r\n" + header + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 407")
    assert not site.asked


def test_a_tunnel_carries_bytes_both_ways_until_both_ends_are_done(
    guard: EgressGuard, site: LocalSite
) -> None:
    line = f"CONNECT {site.host} HTTP/1.1\r\nHost: {site.host}\r\n".encode()
    inner = b"GET /hello HTTP/1.0\r\n\r\n"
    answer = ask(guard, line + token_of(guard) + b"\r\n" + inner)
    assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\n")
    assert answer.endswith(b"hello")


def test_bodies_are_passed_on(guard: EgressGuard, site: LocalSite) -> None:
    site.answers["/post"] = lambda asked: Answer(asked.headers["content-length"].encode())
    with client_of(guard) as client:
        assert client.post(site.url("/post"), content=b"x" * 300_000).content == b"300000"


def test_a_site_cannot_speak_for_the_guard(guard: EgressGuard, site: LocalSite) -> None:
    site.answers["/fake"] = Answer(b"", headers={"Proxy-Status": "verity; error=x"})
    with client_of(guard) as client:
        assert "proxy-status" not in client.get(site.url("/fake")).headers


def test_a_cut_answer_looks_cut(guard: EgressGuard, site: LocalSite) -> None:
    site.answers["/cut"] = Answer(b"x" * 1000, break_after=500)
    with client_of(guard) as client, pytest.raises(httpx.RemoteProtocolError):
        client.get(site.url("/cut"))


def test_a_name_that_does_not_exist_is_told_apart(guard: EgressGuard) -> None:
    with client_of(guard) as client:
        assert client.get("http://nothing.invalid/").reason_phrase.startswith(
            "egress_name_not_found"
        )


def test_the_unix_socket_is_the_same_guard_in_a_private_folder(
    guard: EgressGuard, site: LocalSite
) -> None:
    assert stat.S_IMODE(guard.socket_path.parent.stat().st_mode) == 0o700
    line = f"GET {site.url('/hello')} HTTP/1.1\r\nHost: a\r\n".encode()
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(str(guard.socket_path))
        end.sendall(line + token_of(guard) + b"\r\n")
        answer = b"".join(iter(lambda: end.recv(1 << 16), b""))
    assert answer.endswith(b"hello")


def test_heads_that_are_too_long_or_too_slow_are_ended(site: LocalSite) -> None:
    policy = EgressPolicy(parse_allow(site.host))
    with EgressGuard(policy, ProxyLimits(head_bytes=4096)) as guard:
        assert ask(guard, b"GET http://a/ HTTP/1.1\r\nX: " + b"x" * 9000).split()[1] == b"431"
    with EgressGuard(policy, ProxyLimits(head_s=0.3)) as guard:
        assert ask(guard, b"GET http://a/ HTT").split()[1] == b"408"


def test_a_silent_tunnel_is_ended(site: LocalSite) -> None:
    with EgressGuard(EgressPolicy(parse_allow(site.host)), ProxyLimits(idle_s=0.3)) as guard:
        line = f"CONNECT {site.host} HTTP/1.1\r\nHost: {site.host}\r\n".encode()
        assert ask(guard, line + token_of(guard) + b"\r\n").split()[1] == b"200"  # and its end


def test_connections_over_the_limit_are_turned_away(site: LocalSite) -> None:
    limits = ProxyLimits(n_connections=2)
    with EgressGuard(EgressPolicy(parse_allow(site.host)), limits) as guard:
        port = urlsplit(guard.proxy_url).port or 0
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
        deadline = time.monotonic() + SOON_S
        while not (answer := ask(guard, b"")).startswith(b"HTTP/1.1 503"):
            assert time.monotonic() < deadline, answer
        for end in held:
            end.close()


def test_leaving_ends_open_connections_and_removes_the_socket(site: LocalSite) -> None:
    before = set(threading.enumerate())  # a session's guard of other tests may be one
    with EgressGuard(EgressPolicy(parse_allow(site.host))) as guard:
        folder, port = guard.socket_path.parent, urlsplit(guard.proxy_url).port or 0
        held = socket.create_connection(("127.0.0.1", port), SOON_S)
    with held, suppress(ConnectionResetError):
        assert held.recv(10) == b""
    assert not folder.exists()
    assert "egress-guard" not in {one.name for one in set(threading.enumerate()) - before}


def test_exceptions_are_warned_of_at_the_start(
    site: LocalSite, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), EgressGuard(EgressPolicy(parse_allow(site.host))):
        pass
    assert "VERITY_FETCH_ALLOW" in caplog.text
