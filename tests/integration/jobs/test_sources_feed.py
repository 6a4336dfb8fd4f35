"""Feeds: feedparser in its limited child, against a local site."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.source_options import SourceOptions
from jobs.sources import SourceAccess, fetch, list_items
from pipeline.errors import VerityError
from storage.egress import EgressGuard
from storage.egress_policy import EgressPolicy, parse_allow
from tests.local_site import Answer, LocalSite, local_site

ITEM = """<item><title>{title}</title><guid isPermaLink="false">{guid}</guid>
<pubDate>{date}</pubDate><enclosure url="{url}" type="audio/mpeg" length="{length}"/></item>"""
DATE = "Tue, 03 Nov 2026 10:00:00 +0100"
BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE rss ['
    + '<!ENTITY a "' + "ha" * 100 + '">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "&a;" * 10}">' for n in range(9))
    + ']><rss version="2.0"><channel><title>&a8;</title>'
    + "<item><title>&a8;</title><enclosure url='http://127.0.0.1/a.mp3'/></item></channel></rss>"
)  # fmt: skip
FROM_FILE = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    '<rss version="2.0"><channel><item><title>&x;</title>'
    "<link>https://example.org/1</link></item></channel></rss>"
)


@pytest.fixture
def site() -> Iterator[LocalSite]:
    with local_site() as site:
        yield site


@pytest.fixture
def access(site: LocalSite) -> Iterator[SourceAccess]:
    with EgressGuard(EgressPolicy(parse_allow(site.host))) as guard:
        yield SourceAccess(guard)


def rss(*items: str, extra: str = "") -> Answer:
    body = f'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>{extra}'
    body += f"<title>The Show</title>{''.join(items)}</channel></rss>"
    return Answer(body.encode(), "application/rss+xml; charset=utf-8")


def episode(url: str, title: str = "One", guid: str = "g1", length: str = "5") -> str:
    return ITEM.format(url=url, title=title, guid=guid, length=length, date=DATE)


def code_of(url: str, access: SourceAccess) -> str:
    with pytest.raises(VerityError) as caught:
        list(list_items(url, access))
    return caught.value.code


def test_an_episode_brings_its_facts_into_the_custody_of_its_medium(
    site: LocalSite, access: SourceAccess, tmp_path: Path
) -> None:
    site.answers["/feed"] = rss(episode(site.url("/a.mp3?token=1"), "One &amp; &#128512;"))
    site.answers["/a.mp3"] = Answer(b"sound", "audio/mpeg")
    (item,) = list_items(site.url("/feed"), access)
    assert item.title == "One & 😀"
    fetched = fetch(item, tmp_path / "item", access)
    assert fetched.sha256 == hashlib.sha256(b"sound").hexdigest()
    facts = fetched.custody.facts
    assert (facts["feed"], facts["guid"]) == ("The Show", "g1")
    assert facts["published"] == "2026-11-03T09:00:00+00:00"


def test_a_guid_outlives_its_url_and_another_length_is_another_medium(
    site: LocalSite, access: SourceAccess
) -> None:
    keys = []
    for url, length in (("/a.mp3?token=1", "5"), ("/a.mp3?token=2", "5"), ("/a.mp3", "6")):
        site.answers["/feed"] = rss(episode(site.url(url), length=length))
        keys += [item.source_key for item in list_items(site.url("/feed"), access)]
    assert keys[0] == keys[1] != keys[2]


def test_the_same_guid_twice_and_in_two_feeds_is_several_media(
    site: LocalSite, access: SourceAccess
) -> None:
    twins = rss(episode(site.url("/a.mp3"), "A", "ep1"), episode(site.url("/b.mp3"), "B", "ep1"))
    site.answers |= {"/one": twins, "/two": twins}
    items = [
        *list_items(site.url("/one"), access, SourceOptions(only_new=True)),
        *list_items(site.url("/two"), access, SourceOptions(only_new=True)),
    ]
    site.answers["/one"] = site.answers["/two"] = twins
    assert [item.title for item in items] == ["A", "B", "A", "B"]
    assert len({item.source_key for item in items}) == 4


def test_a_feed_that_goes_on_elsewhere_is_followed_but_not_in_a_circle(
    site: LocalSite, access: SourceAccess
) -> None:
    for number in range(3):
        link = f'<atom:link rel="next" href="/feed{(number + 1) % 3}"/>'
        one = episode(site.url(f"/{number}.mp3"), f"E{number}", f"g{number}")
        site.answers[f"/feed{number}"] = rss(one, extra=link)
    items = list(list_items(site.url("/feed0"), access))
    assert [item.title for item in items] == ["E0", "E1", "E2"]


def test_a_next_page_inside_the_network_is_refused(site: LocalSite, access: SourceAccess) -> None:
    link = '<atom:link rel="next" href="http://169.254.169.254/latest"/>'
    site.answers["/feed"] = rss(episode(site.url("/a.mp3")), extra=link)
    assert code_of(site.url("/feed"), access) == "egress_refused"


def test_dates_and_names_choose_episodes(site: LocalSite, access: SourceAccess) -> None:
    site.answers["/feed"] = rss(
        episode(site.url("/a.mp3"), "Interview", "1"), episode(site.url("/b.mp3"), "Advert", "2")
    )

    def titles(**said: object) -> list[str]:
        options = SourceOptions.model_validate(said)
        return [item.title for item in list_items(site.url("/feed"), access, options)]

    assert titles(exclude=["Adv*"]) == ["Interview"]
    assert not titles(changed_after="2026-11-04T00:00:00Z")
    assert len(titles(changed_before="2026-11-04T00:00:00Z")) == 2


def test_an_atom_feed_and_several_enclosures_are_read(
    site: LocalSite, access: SourceAccess
) -> None:
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>T</title><id>i</id>'
        '<link rel="enclosure" type="audio/ogg" href="/a.ogg"/>'
        '<link rel="enclosure" type="image/png" href="/a.png"/>'
        '<link rel="enclosure" type="audio/ogg" href="/b.ogg"/></entry></feed>'
    )
    site.answers["/f.xml"] = Answer(atom.encode(), "text/xml")
    items = list(list_items(site.url("/f.xml"), access))
    assert [item.title for item in items] == ["T (1)", "T (2)"]
    assert [item.source_uri for item in items] == [site.url("/a.ogg"), site.url("/b.ogg")]


def test_a_feed_of_a_site_that_answers_no_questions_is_known_by_its_name(
    site: LocalSite, access: SourceAccess
) -> None:
    page = rss(episode(site.url("/a.mp3")))
    site.answers["/podcast.rss"] = lambda asked: (
        Answer(status=405) if asked.method == "HEAD" else page
    )
    assert len(list(list_items(site.url("/podcast.rss"), access))) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "feed_malformed"),
        (b"<html><p>not yet</p>", "feed_malformed"),
        (b"\x00\xff" * 1000, "feed_malformed"),
        (b'<rss version="2.0"><channel><title>x</title></channel></rss>', "source_empty"),
    ],
)
def test_what_is_no_feed_is_named(
    site: LocalSite, access: SourceAccess, body: bytes, code: str
) -> None:
    site.answers["/feed"] = Answer(body, "application/rss+xml")
    assert code_of(site.url("/feed"), access) == code


def test_an_empty_feed_is_no_mistake_where_only_new_media_are_asked_for(
    site: LocalSite, access: SourceAccess
) -> None:
    site.answers["/feed"] = rss()
    assert not list(list_items(site.url("/feed"), access, SourceOptions(only_new=True)))


def test_bombs_and_local_entities_in_a_feed_do_nothing(
    site: LocalSite, access: SourceAccess
) -> None:
    site.answers["/bomb"] = Answer(BILLION_LAUGHS.encode(), "application/rss+xml")
    site.answers["/file"] = Answer(FROM_FILE.encode(), "application/rss+xml")
    for item in list_items(site.url("/bomb"), access):
        assert len(item.title) <= 500
    hostname = Path("/etc/hostname").read_text().strip()
    assert all(hostname not in item.title for item in list_items(site.url("/file"), access))


def test_a_feed_over_the_limit_is_named(
    site: LocalSite, access: SourceAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.sources.feed.FEED_BYTES", 100)
    site.answers["/feed"] = rss(episode(site.url("/a.mp3")))
    assert code_of(site.url("/feed"), access) == "too_many_bytes"
