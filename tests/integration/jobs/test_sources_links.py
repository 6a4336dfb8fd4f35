"""Plain links, through the guard, against a local site."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.source_options import SourceOptions
from jobs.sources import FetchLimits, SourceAccess, fetch, list_items
from jobs.sources.items import NewItem
from pipeline.errors import FetchFailedError, VerityError
from storage.egress import EgressGuard
from storage.egress_policy import EgressPolicy, parse_allow
from tests.local_site import Answer, Asked, LocalSite, local_site

SOUND = bytes(range(256)) * 2048  # 512 KiB


@pytest.fixture
def site() -> Iterator[LocalSite]:
    with local_site() as site:
        site.answers["/a.wav"] = Answer(SOUND, "audio/wav", headers={"ETag": '"one"'})
        yield site


@pytest.fixture
def access(site: LocalSite) -> Iterator[SourceAccess]:
    with EgressGuard(EgressPolicy(parse_allow(site.host))) as guard:
        yield SourceAccess(guard, limits=FetchLimits(n_resumes=2))


def item_of(url: str) -> NewItem:
    return NewItem(url, "t", "k", {"via": "link"})


def code_of(url: str, folder: Path, access: SourceAccess) -> str:
    """Return the code with which fetching a link fails."""
    with pytest.raises(VerityError) as caught:
        fetch(item_of(url), folder / "item", access)
    assert not list(folder.glob("item/*"))
    return caught.value.code


def test_a_link_is_one_item_with_its_custody(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    (item,) = list_items(site.url("/a.wav"), access)
    assert item.title == "a.wav"
    fetched = fetch(item, tmp_path / "item", access)
    assert fetched.sha256 == hashlib.sha256(SOUND).hexdigest()
    assert fetched.custody.facts["content_type"] == "audio/wav"
    assert fetched.custody.source_version == '"one"'


def test_a_server_tells_media_without_a_media_name(site: LocalSite, access: SourceAccess) -> None:
    site.answers["/get"] = Answer(SOUND, "audio/ogg", headers={"ETag": '"v"'})
    (item,) = list_items(site.url("/get?id=7"), access)
    assert item.facts["via"] == "link"


def test_a_broken_download_goes_on_by_range(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    cuts = iter([100_000, 150_000])

    def answer(asked: Asked) -> Answer:
        return Answer(
            SOUND,
            "audio/wav",
            200,
            {"ETag": '"one"'},
            takes_ranges=True,
            break_after=next(cuts, None),
        )

    site.answers["/a.wav"] = answer
    fetched = fetch(item_of(site.url("/a.wav")), tmp_path / "item", access)
    assert fetched.sha256 == hashlib.sha256(SOUND).hexdigest()
    ranges = [asked.headers.get("range") for asked in site.asked]
    assert ranges == [None, "bytes=100000-", "bytes=250000-"]
    assert site.asked[1].headers["if-range"] == '"one"'


def test_without_a_version_a_broken_download_begins_again(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    cuts = iter([100_000])
    site.answers["/a.wav"] = lambda _: Answer(
        SOUND, takes_ranges=True, break_after=next(cuts, None)
    )
    fetched = fetch(item_of(site.url("/a.wav")), tmp_path / "item", access)
    assert fetched.sha256 == hashlib.sha256(SOUND).hexdigest()
    assert [asked.headers.get("range") for asked in site.asked] == [None, None]


def test_a_server_that_always_breaks_is_given_up(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    site.answers["/a.wav"] = Answer(SOUND, break_after=0)
    with pytest.raises(FetchFailedError):
        fetch(item_of(site.url("/a.wav")), tmp_path / "item", access)
    assert len(site.asked) == 3


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(status=404), "not_found"),
        (Answer(status=410), "not_found"),
        (Answer(status=401), "access_denied"),
        (Answer(status=451), "geo_blocked"),
        (Answer(status=429, headers={"Retry-After": "120"}), "rate_limited"),
        (Answer(status=503, headers={"Retry-After": "5"}), "site_failed"),
        (Answer(status=416), "link_refused"),
        (Answer(b"", "audio/wav"), "media_empty"),
        (Answer(status=302, headers={"Location": "/a.wav/"}), "too_many_redirects"),
        (Answer(status=302, headers={"Location": "file:///etc/passwd"}), "egress_refused"),
        (Answer(status=302, headers={"Location": "http://169.254.169.254/"}), "egress_refused"),
        (Answer(status=302, headers={"Location": "http://[::1]/"}), "egress_refused"),
        (Answer(status=302, headers={"Location": "http://nothing.invalid/"}), "host_not_found"),
    ],
)
def test_each_refusal_has_its_code(
    site: LocalSite, access: SourceAccess, tmp_path: Path, answer: Answer, code: str
) -> None:
    site.answers |= {"/a.wav": answer, "/a.wav/": answer}
    assert code_of(site.url("/a.wav"), tmp_path, access) == code


def test_a_redirect_to_the_next_loopback_address_is_refused(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    location = site.url("/b.wav", "127.0.0.2")
    site.answers["/a.wav"] = Answer(status=302, headers={"Location": location})
    assert code_of(site.url("/a.wav"), tmp_path, access) == "egress_refused"
    assert [asked.path for asked in site.asked] == ["/a.wav"]


def test_a_server_that_asks_to_wait_is_heard(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    site.answers["/a.wav"] = Answer(status=429, headers={"Retry-After": "120"})
    with pytest.raises(FetchFailedError) as caught:
        fetch(item_of(site.url("/a.wav")), tmp_path / "item", access)
    assert caught.value.retry_after_s == 120
    assert len(site.asked) == 1


def test_limits_hold_with_and_without_an_announced_size(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    small = replace(access, limits=FetchLimits(max_bytes=100_000))
    assert code_of(site.url("/a.wav"), tmp_path, small) == "too_many_bytes"
    site.answers["/b.wav"] = Answer(
        SOUND, headers={"Content-Length": "", "Connection": "close"}, break_after=len(SOUND) - 1
    )
    assert code_of(site.url("/b.wav"), tmp_path, small) == "too_many_bytes"
    slow = replace(access, limits=FetchLimits(wall_s=0.0))
    assert code_of(site.url("/a.wav"), tmp_path, slow) == "fetch_too_slow"


def test_a_packed_body_is_not_unpacked(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    site.answers["/a.wav"] = Answer(b"\x1f\x8b bomb", headers={"Content-Encoding": "gzip"})
    assert fetch(item_of(site.url("/a.wav")), tmp_path / "item", access).size_bytes == 7
    assert site.asked[0].headers["accept-encoding"] == "identity"


def test_a_list_on_the_web_names_the_web_only(site: LocalSite, access: SourceAccess) -> None:
    rows = f"url,name\n{site.url('/a.wav')},One\nfile:///etc/passwd,Two\ns3://b/c.wav,Three\n"
    site.answers["/l.csv"] = Answer(rows.encode(), "text/csv")
    items = list(list_items(site.url("/l.csv?token=1"), access))
    assert [item.title for item in items] == ["One", "Two", "Three"]
    assert [item.facts.get("error_code") for item in items] == [
        None,
        "local_not_allowed",
        "scheme_not_allowed",
    ]


def test_a_list_that_names_itself_on_the_web_ends(site: LocalSite, access: SourceAccess) -> None:
    site.answers["/l.txt"] = Answer(site.url("/l.txt").encode(), "text/plain")
    (item,) = list_items(site.url("/l.txt"), access)
    assert item.facts["error_code"] == "list_too_deep"
    assert len([asked for asked in site.asked if asked.method == "GET"]) <= 4


def test_new_media_alone_know_a_link_by_its_version(site: LocalSite, access: SourceAccess) -> None:
    keys = []
    for etag in ('"1"', '"1"', '"2"'):
        site.answers["/b.wav"] = Answer(b"x", "audio/wav", headers={"ETag": etag})
        (item,) = list_items(site.url("/b.wav"), access, SourceOptions(only_new=True))
        keys.append(item.source_key)
    assert keys[0] == keys[1] != keys[2]
