"""Sites that ask who asks, that throttle, hang, drip, redirect inside or change their DNS answer."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from jobs.source_options import SourceOptions
from jobs.sources import FetchLimits, SourceAccess, fetch, list_items
from jobs.sources.items import NewItem
from pipeline.errors import FetchFailedError, VerityError
from storage.egress import EgressGuard
from storage.egress_policy import EgressPolicy, parse_allow
from storage.egress_proxy import ProxyLimits
from storage.sealing import Sealer
from tests.local_proxies import connect_proxy, socks_proxy
from tests.local_site import Answer, Asked, LocalSite, local_site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]  # each child loads all of yt-dlp

SEALER = Sealer(SecretStr("a" * 64))
COOKIES = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tSID\tsecretword\n"


@pytest.fixture
def site() -> Iterator[LocalSite]:
    with local_site() as site:
        yield site


@pytest.fixture
def access(site: LocalSite) -> Iterator[SourceAccess]:
    allowed = f"{site.host},127.0.0.2:{site.port}"
    with EgressGuard(EgressPolicy(parse_allow(allowed))) as guard:
        yield SourceAccess(guard, sealer=SEALER)


def with_cookies(access: SourceAccess) -> SourceAccess:
    return replace(access, sealed={"c": SEALER.seal(COOKIES, "c")})


def item_of(url: str, **said: object) -> NewItem:
    options = SourceOptions.model_validate(said)
    return NewItem(url, "t", "k", {"via": "site"} | options.fetch_facts())


def error_of(item: NewItem, folder: Path, access: SourceAccess) -> VerityError:
    with pytest.raises(VerityError) as caught:
        fetch(item, folder / "item", access)
    assert not list(folder.glob("item/*"))
    return caught.value


def members_page(site: LocalSite) -> Callable[[Asked], Answer]:
    page = f'<html><title>x</title><video src="{site.url("/a.wav", "127.0.0.2")}"></video></html>'

    def answer(asked: Asked) -> Answer:
        is_member = "SID=secretword" in asked.headers.get("cookie", "")
        return Answer(page.encode(), "text/html") if is_member else Answer(status=403)

    return answer


def test_cookies_are_shown_only_where_a_site_asks_for_them(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    site.answers |= {"/watch": members_page(site), "/a.wav": Answer(b"sound", "audio/wav")}
    item = item_of(site.url("/watch"), cookies_id="c")
    fetched = fetch(item, tmp_path / "item", with_cookies(access))
    assert fetched.custody.facts["asked_as"] == "with cookies"
    assert "secretword" not in repr(fetched)
    pages = [asked.headers.get("cookie", "") for asked in site.asked if asked.path == "/watch"]
    assert pages[0] == "", "anonymous first"
    assert "SID=secretword" in pages[-1]
    media = [asked for asked in site.asked if asked.path == "/a.wav"]
    assert media
    assert not [asked for asked in media if "cookie" in asked.headers], "another host gets none"
    assert not list(tmp_path.rglob("*cookie*"))


def test_cookies_come_first_where_the_job_says_so(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    site.answers |= {"/watch": members_page(site), "/a.wav": Answer(b"sound", "audio/wav")}
    item = item_of(site.url("/watch"), cookies_id="c", login="first")
    fetch(item, tmp_path / "item", with_cookies(access))
    assert "SID=secretword" in site.asked[0].headers.get("cookie", "")


def test_a_refusal_with_cookies_says_nothing_of_them(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    site.answers["/watch"] = Answer(status=403)
    item = item_of(site.url("/watch"), cookies_id="c")
    error = error_of(item, tmp_path, with_cookies(access))
    assert error.code == "login_required"
    assert "secretword" not in error.message
    assert error_of(item, tmp_path, access).code == "secret_gone"


def test_a_playlist_for_members_is_listed_with_cookies(
    site: LocalSite, access: SourceAccess
) -> None:
    site.answers |= {"/watch": members_page(site), "/a.wav": Answer(b"sound", "audio/wav")}
    options = SourceOptions(cookies_id="c")
    assert len(list(list_items(site.url("/watch"), with_cookies(access), options))) == 1
    with pytest.raises(VerityError):
        list(list_items(site.url("/watch"), access, SourceOptions()))


def test_the_jobs_own_proxy_is_the_way_out_and_the_rules_stay(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    site.answers["/a.wav"] = Answer(b"sound", "audio/wav")
    location = {"Location": "http://169.254.169.254/latest"}
    site.answers["/away.wav"] = Answer(status=302, headers=location)
    with connect_proxy() as (port, heads):
        proxy = SEALER.seal(f"http://desk:pass%20word@127.0.0.1:{port}", "p")
        through = replace(access, sealed={"p": proxy})
        for via in ("link", "site"):
            item = item_of(site.url("/a.wav"), proxy_id="p")
            item = replace(item, facts=item.facts | {"via": via})
            fetch(item, tmp_path / via, through)
        n_asked = len(heads)
        away = replace(item_of(site.url("/away.wav"), proxy_id="p"))
        away = replace(away, facts=away.facts | {"via": "link"})
        assert error_of(away, tmp_path, through).code == "egress_refused"
    assert n_asked >= 2
    assert all(head.startswith(f"CONNECT 127.0.0.1:{site.port} ") for head in heads)
    assert "Basic ZGVzazpwYXNzIHdvcmQ=" in heads[0]
    assert error_of(item_of(site.url("/a.wav"), proxy_id="p"), tmp_path, through).retryable, "gone"


def test_a_socks_proxy_is_the_way_out_of_yt_dlp_too(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    site.answers["/a.wav"] = Answer(b"sound", "audio/wav")
    with socks_proxy(("desk", "word")) as (port, asked):
        proxy = SEALER.seal(f"socks5://desk:word@127.0.0.1:{port}", "p")
        through = replace(access, sealed={"p": proxy})
        fetched = fetch(item_of(site.url("/a.wav"), proxy_id="p"), tmp_path / "item", through)
    assert fetched.size_bytes == 5
    assert set(asked) == {f"127.0.0.1 {site.port}"}


def test_a_running_stream_is_recorded_for_the_stated_minutes(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    began_at = time.monotonic()

    def playlist(_: Asked) -> Answer:
        newest = 10 + int((time.monotonic() - began_at) * 4)  # four segments a second
        lines = "".join(f"#EXTINF:1.0,\n/{n}.ts\n" for n in range(newest - 4, newest + 1))
        head = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{newest - 4}\n"
        return Answer((head + lines).encode(), "application/vnd.apple.mpegurl")

    site.answers["/live.m3u8"] = playlist
    site.answers |= {f"/{n}.ts": Answer(f"<{n}>".encode()) for n in range(400) if n % 7}
    item = item_of(site.url("/live.m3u8"), live_minutes=0.1)
    fetched = fetch(item, tmp_path / "item", access)
    numbers = [int(n) for n in fetched.path.read_text().strip("<>").split("><")]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 6
    assert fetched.custody.facts["live_seconds"] == "6.0"
    missing = numbers[-1] - numbers[0] + 1 - len(numbers)
    # the recording may begin with one that is gone
    assert int(fetched.custody.facts["live_gaps"]) - missing in (0, 1)
    plain = item_of(site.url("/live.m3u8"))
    assert error_of(plain, tmp_path / "2", access).code == "live"


def test_a_stream_under_drm_is_not_recorded(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    key = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="/key"\n'
    body = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{key}#EXTINF:1,\n/1.ts\n"
    site.answers["/live.m3u8"] = Answer(body.encode(), "application/vnd.apple.mpegurl")
    error = error_of(item_of(site.url("/live.m3u8"), live_minutes=0.1), tmp_path, access)
    assert error.code == "drm_protected"


@pytest.mark.parametrize("via", ["link", "site"])
def test_a_site_that_throttles_says_when_to_come_back(
    site: LocalSite, access: SourceAccess, tmp_path: Path, via: str
) -> None:
    site.answers["/a.wav"] = Answer(status=429, headers={"Retry-After": "77"})
    item = replace(item_of(site.url("/a.wav")), facts={"via": via})
    error = error_of(item, tmp_path, access)
    assert isinstance(error, FetchFailedError)
    assert error.code == "rate_limited"
    assert error.retry_after_s == (77 if via == "link" else 3_600)


@pytest.mark.parametrize("via", ["link", "site"])
def test_a_site_that_hangs_is_given_up_in_time(
    site: LocalSite, access: SourceAccess, tmp_path: Path, via: str
) -> None:
    go_on = threading.Event()

    def hang(_: Asked) -> Answer:
        go_on.wait(60)
        return Answer(b"late")

    site.answers["/a.wav"] = hang
    hurried = replace(access, limits=FetchLimits(stall_s=0.5, n_resumes=1))
    item = replace(item_of(site.url("/a.wav")), facts={"via": via})
    began_at = time.monotonic()
    error = error_of(item, tmp_path, hurried)
    go_on.set()
    assert (error.code, error.retryable) == ("fetch_failed", True)
    assert time.monotonic() - began_at < 40


@pytest.mark.parametrize("via", ["link", "site"])
def test_a_site_that_drips_is_ended_by_the_clock(
    access: SourceAccess, tmp_path: Path, via: str
) -> None:
    with dripping_site() as port:
        allowed = parse_allow(f"127.0.0.1:{port}")
        with EgressGuard(EgressPolicy(allowed)) as guard:
            wall_s = 1.0 if via == "link" else 6.0  # yt-dlp takes some of it to begin
            hurried = replace(access, guard=guard, limits=FetchLimits(wall_s=wall_s))
            item = NewItem(f"http://127.0.0.1:{port}/a.wav", "t", "k", {"via": via})
            assert error_of(item, tmp_path, hurried).code == "fetch_too_slow"


def test_a_playlist_whose_entries_lead_inside_fails_entry_by_entry(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    away = {"Location": "http://169.254.169.254/latest/meta-data/"}
    site.answers["/1.mp3"] = Answer(status=302, headers=away)
    site.answers["/2.mp3"] = Answer(b"sound", "audio/mpeg")
    names = "".join(
        f'<item><title>{n}</title><enclosure url="{site.url(f"/{n}.mp3")}"/></item>' for n in (1, 2)
    )
    body = f"<rss version='2.0'><channel>{names}</channel></rss>"
    site.answers["/feed"] = Answer(body.encode(), "application/rss+xml")
    first, second = list_items(site.url("/feed"), access)
    assert error_of(first, tmp_path, access).code == "egress_refused"
    assert fetch(second, tmp_path / "2", access).size_bytes == 5


def test_a_name_that_changes_its_answer_reaches_nothing_inside(
    site: LocalSite, tmp_path: Path
) -> None:
    """The guard asks once a connection and connects to what it checked; the next answer is checked too."""
    answers = ["93.184.216.34", "169.254.169.254", "127.0.0.1"]

    def resolve(_host: str, _port: int) -> Sequence[str]:
        return [answers.pop(0) if len(answers) > 1 else answers[0]]

    limits = ProxyLimits(connect_s=0.3)
    policy = EgressPolicy(ports=frozenset({site.port}))
    site.answers["/a.wav"] = Answer(b"inside")
    with EgressGuard(policy, limits, resolve) as guard:
        access = SourceAccess(guard, limits=FetchLimits(n_resumes=0))
        url = f"http://rebind.example:{site.port}/a.wav"
        codes = []
        for via in ("link", "link", "site"):
            codes.append(error_of(NewItem(url, "t", "k", {"via": via}), tmp_path, access).code)
    assert codes == ["fetch_failed", "egress_refused", "egress_refused"]
    assert not site.asked


def test_a_search_asks_its_own_site_by_the_guard(tmp_path: Path) -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["169.254.169.254"]

    with EgressGuard(resolve=resolve) as guard, pytest.raises(VerityError) as caught:
        list(list_items("ytsearch3:press conference", SourceAccess(guard)))
    assert caught.value.code == "egress_refused"
    assert set(asked) == {"www.youtube.com"}


@contextmanager
def dripping_site() -> Iterator[int]:
    """Run a site that sends a byte every tenth of a second, without end."""
    listener = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def serve(client: socket.socket) -> None:
        with suppress(OSError), client:
            request = client.recv(1 << 14)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n")
            client.sendall(b"Content-Length: 1000000\r\nConnection: close\r\n\r\n")
            if request.startswith(b"HEAD"):
                return
            while not is_over.wait(0.1):
                client.sendall(b"x")

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=serve, args=(client,)).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        is_over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
