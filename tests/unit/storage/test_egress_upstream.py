"""The operator's own proxy, HTTP or SOCKS 5: told the checked address, and nothing else gets out by it."""

from collections.abc import Iterator

import httpx
import pytest

from storage.egress import EgressGuard
from storage.egress_policy import EgressPolicy, parse_allow
from storage.egress_proxy import ProxyLimits
from storage.egress_upstream import ProxyKind, Upstream, parse_proxy
from tests.local_proxies import answering_proxy, connect_proxy, socks_proxy
from tests.local_site import Answer, LocalSite, local_site

NAME = "studio.test"  # resolves here to 127.0.0.1


@pytest.fixture
def site() -> Iterator[LocalSite]:
    with local_site() as site:
        site.answers["/hello"] = Answer(b"hello", "text/plain")
        yield site


def ask(site: LocalSite, upstream: Upstream, host: str = NAME) -> httpx.Response:
    """Ask for a page by the guard, which goes out by the proxy."""
    allow = parse_allow(f"{NAME}:{site.port}")
    guard = EgressGuard(
        EgressPolicy(allow), ProxyLimits(connect_s=60), lambda _host, _port: ["127.0.0.1"], upstream
    )
    with guard, httpx.Client(proxy=guard.proxy_url, trust_env=False, timeout=60) as client:
        return client.get(site.url("/hello", host))


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_is_told_the_address_and_never_the_name(site: LocalSite, scheme: str) -> None:
    with socks_proxy() as (port, asked):
        assert ask(site, parse_proxy(f"{scheme}://127.0.0.1:{port}")).text == "hello"
    assert asked == [f"127.0.0.1 {site.port}"]


def test_a_socks_proxy_gets_the_name_and_password_that_it_asks_for(site: LocalSite) -> None:
    with socks_proxy(("desk", "pass:wörd")) as (port, asked):
        url = f"socks5://desk:pass%3Aw%C3%B6rd@127.0.0.1:{port}"
        assert ask(site, parse_proxy(url)).text == "hello"
        refused = [f"socks5://desk:other@127.0.0.1:{port}", f"socks5://127.0.0.1:{port}"]
        answers = [ask(site, parse_proxy(url)) for url in refused]
    assert [answer.status_code for answer in answers] == [502, 502]
    assert len(asked) == 1


def test_what_the_guard_refuses_is_not_asked_of_the_proxy_either(site: LocalSite) -> None:
    with socks_proxy() as (port, asked), connect_proxy() as (http_port, heads):
        for url in (f"socks5://127.0.0.1:{port}", f"http://127.0.0.1:{http_port}"):
            answer = ask(site, parse_proxy(url), "169.254.169.254")
            assert answer.reason_phrase.startswith("egress_refused")
    assert not asked
    assert not heads


ODD_ANSWERS = (
    *(b"", b"\x05", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x04\x00", b"\x05\xff"),
    *(b"\x05\x00\x05\x01\x00\x01" + bytes(6), b"\x05\x00\x05\x00\x00\x09" + bytes(6)),
    b"\x05\x00\x05\x00\x00\x01\x7f",
)


@pytest.mark.parametrize("said", ODD_ANSWERS)
def test_a_proxy_that_speaks_something_else_is_a_connection_that_failed(
    site: LocalSite, said: bytes
) -> None:
    with answering_proxy(said) as port:
        answer = ask(site, parse_proxy(f"socks5://127.0.0.1:{port}"))
    assert answer.status_code == 502
    assert answer.reason_phrase.startswith("egress_cannot_connect")


def test_a_socks_proxy_reaches_addresses_of_either_family() -> None:
    with socks_proxy() as (port, asked):
        policy = EgressPolicy(ports=frozenset({9}))  # nobody listens there
        upstream = parse_proxy(f"socks5://127.0.0.1:{port}")
        public = "2606:2800:220:1:248:1893:25c8:1946"
        guard = EgressGuard(policy, ProxyLimits(connect_s=20), lambda _host, _port: [public])
        with (
            guard.through(upstream) as through,
            httpx.Client(proxy=through.proxy_url, trust_env=False, timeout=60) as client,
        ):
            assert client.get("http://six.test:9/").status_code == 502
    assert asked == [f"{public} 9"]


def test_a_proxys_parts_are_read_and_its_password_is_not_shown() -> None:
    proxy = parse_proxy("socks5h://user:secret%40word@proxy.test:1080")
    assert (proxy.host, proxy.port, proxy.kind) == ("proxy.test", 1080, ProxyKind.SOCKS5)
    assert (proxy.user, proxy.password) == ("user", "secret@word")
    assert "secret" not in repr(proxy)
