"""Media sites: yt-dlp itself, in its cage, against a local site."""

import hashlib
import io
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jobs.sources import FetchLimits, SourceAccess, fetch, list_items
from jobs.sources.items import NewItem
from jobs.sources.site_process import SiteRequest, site_events
from pipeline.errors import VerityError
from storage.egress import EgressGuard
from storage.egress_policy import EgressPolicy, parse_allow
from tests.local_site import Answer, LocalSite, local_site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]  # each child loads all of yt-dlp

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Feed</title>
<item><title>one &#128512;\n=cmd()</title><guid>ep1</guid><enclosure url="{here}/a.wav"/></item>
<item><title>two</title><guid>ep1</guid><link>{here}/watch/2</link></item>
<item><title>three</title><link>file:///etc/passwd</link></item>
<item><title>four</title><link>http://user:word@127.0.0.1/</link></item>
<item><title>five</title><link>s3://private/board.wav</link></item>
<item><title>six</title><enclosure url="S3://private/call.wav"/></item>
</channel></rss>"""
MANIFEST = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n{segments}#EXT-X-ENDLIST\n"


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 16000, 0, "NONE", ""))
        writer.writeframes(bytes(32000))
    return file.getvalue()


@pytest.fixture
def site() -> Iterator[LocalSite]:
    with local_site() as site:
        site.answers["/a.wav"] = Answer(sound(), "audio/wav")
        site.answers["/watch/2"] = Answer(sound(), "audio/wav")
        yield site


@pytest.fixture
def access(site: LocalSite) -> Iterator[SourceAccess]:
    with EgressGuard(EgressPolicy(parse_allow(site.host))) as guard:
        yield SourceAccess(guard)


def manifest(*urls: str) -> Answer:
    segments = "".join(f"#EXTINF:2,\n{url}\n" for url in urls)
    return Answer(MANIFEST.format(segments=segments).encode(), "application/vnd.apple.mpegurl")


def code_of(url: str, folder: Path, access: SourceAccess) -> str:
    """Return the code with which fetching a page fails."""
    with pytest.raises(VerityError) as caught:
        fetch(NewItem(url, "t", "k", {"via": "site"}), folder / "item", access)
    return caught.value.code


def test_a_feed_is_listed_and_each_entry_passes_the_gate(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    here = site.url("")
    site.answers["/feed"] = Answer(FEED.format(here=here).encode(), "application/rss+xml")
    items = list(list_items(f"{here}/feed", access))
    assert [item.title for item in items[:2]] == ["one 😀\n=cmd()", "two"]
    assert [item.facts.get("via") for item in items[:2]] == ["link", "site"]
    assert [item.facts.get("error_code") for item in items[2:]] == [
        "local_not_allowed",
        "password_in_url",
        "scheme_not_allowed",
        "scheme_not_allowed",
    ]
    assert len({item.source_key for item in items}) == 6, "the feed gives ep1 twice"
    again = list(list_items(f"{here}/feed", access))
    assert [item.source_key for item in again] == [item.source_key for item in items]
    fetched = fetch(items[1], tmp_path / "item", access)
    assert fetched.sha256 == hashlib.sha256(sound()).hexdigest()
    assert [path.name for path in (tmp_path / "item").iterdir()] == ["media.bin"]
    assert fetched.custody.acquired_by.startswith("yt-dlp 20")
    assert fetched.custody.facts["extractor"] == "generic"


def test_segments_of_a_stream_are_put_together(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    site.answers["/s.m3u8"] = manifest("/1.ts", "/2.ts")
    site.answers |= {"/1.ts": Answer(b"one"), "/2.ts": Answer(b"two")}
    (item,) = list_items(site.url("/s.m3u8"), access)
    seen: list[int] = []
    fetched = fetch(item, tmp_path / "item", access, lambda done, _of: seen.append(done))
    assert fetched.path.read_bytes() == b"onetwo"
    assert seen[-1] == 6


@pytest.mark.parametrize("inner", ["127.0.0.2", "169.254.169.254"])
def test_a_manifest_that_points_inside_is_refused(
    site: LocalSite, access: SourceAccess, tmp_path: Path, inner: str
) -> None:
    site.answers["/s.m3u8"] = manifest(site.url("/1.ts", inner))
    site.answers["/1.ts"] = Answer(b"inside")
    assert code_of(site.url("/s.m3u8"), tmp_path, access) == "egress_refused"
    assert not [asked for asked in site.asked if asked.path == "/1.ts"]


def test_a_manifest_with_local_files_reads_none(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    site.answers["/s.m3u8"] = manifest("file:///etc/passwd")
    with pytest.raises(VerityError):
        fetch(NewItem(site.url("/s.m3u8"), "t", "k", {"via": "site"}), tmp_path / "item", access)
    assert not list(tmp_path.glob("item/media.bin"))


def test_a_page_that_redirects_inside_is_refused(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    location = {"Location": site.url("/watch/2", "127.0.0.2")}
    site.answers["/away"] = Answer(status=302, headers=location)
    assert code_of(site.url("/away"), tmp_path, access) == "egress_refused"
    assert [asked.path for asked in site.asked] == ["/away"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(b"<html><title>x</title>nothing</html>", "text/html"), "no_media"),
        (Answer(status=429), "rate_limited"),
    ],
)
def test_pages_without_media_are_named(
    site: LocalSite, access: SourceAccess, tmp_path: Path, answer: Answer, code: str
) -> None:
    site.answers["/page"] = answer
    assert code_of(site.url("/page"), tmp_path, access) == code


def test_a_file_behind_a_page_with_a_media_name_is_found(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    page = f'<html><title>x</title><video src="{site.url("/a.wav")}"></video></html>'
    site.answers["/clip.mp4"] = Answer(page.encode(), "text/html")
    (item,) = list_items(site.url("/clip.mp4"), access)
    assert fetch(item, tmp_path / "item", access).sha256 == hashlib.sha256(sound()).hexdigest()


def test_bytes_over_the_limit_end_the_fetch(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    small = replace(access, limits=FetchLimits(max_bytes=1000))
    item = NewItem(site.url("/watch/2"), "t", "k", {"via": "site"})
    with pytest.raises(VerityError) as caught:
        fetch(item, tmp_path / "item", small)
    assert caught.value.code == "too_many_bytes"
    assert not list(tmp_path.glob("item/*"))


def test_a_listing_that_is_left_leaves_no_process(site: LocalSite, access: SourceAccess) -> None:
    here = site.url("")
    site.answers["/feed"] = Answer(FEED.format(here=here).encode(), "text/html")  # yt-dlp reads it
    listing = list_items(f"{here}/feed", access)
    next(listing)
    before = _children()
    listing.close()  # type: ignore[attr-defined]
    assert len(_children()) == len(before) - 1


def _children() -> set[str]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {pid for path in tasks for pid in path.read_text().split()}


def test_the_child_has_no_way_out_but_the_guard(site: LocalSite, access: SourceAccess) -> None:
    """Where the system gives namespaces, a socket to this very site finds nobody there."""
    with site_events(SiteRequest("list", site.url("/watch/2")), access) as events:
        start = next(events)
        assert [event["event"] for event in events] == ["single"]
    assert start["is_caged"] is True or not Path("/proc/self/ns/user").exists()
    assert (urlsplit(access.guard.proxy_url).password or "?") not in str(start)
