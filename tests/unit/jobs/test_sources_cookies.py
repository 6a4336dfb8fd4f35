import pytest

from jobs.hosts import host_of, search_of
from jobs.sources.cookies import check_cookies
from jobs.sources.names import SourceForm, check_source
from pipeline.errors import InputError
from storage.egress_upstream import parse_proxy

LINE = ".a.test\tTRUE\t/\tTRUE\t0\tSID\tsecretword\n"


def test_exported_cookies_pass() -> None:
    text = f"# made by a browser\n\n{LINE}#HttpOnly_{LINE}"
    assert check_cookies(text.replace("\n", "\r\n")).startswith("# Netscape HTTP Cookie File\n")


@pytest.mark.parametrize(
    "text",
    ["", "# only words\n", "SID=secretword", LINE + "secretword\n", LINE * 30_000, '[{"x": 1}]'],
)
def test_what_is_no_cookie_file_is_named_without_its_words(text: str) -> None:
    with pytest.raises(InputError) as caught:
        check_cookies(text)
    assert caught.value.code == "cookies_malformed"
    assert "secretword" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        *("", "socks4://a:1", "socks5://a", "http://a", "a:1", "https://a:1"),
        *("http://u:secretword@:1", "http://u:secretword@a:x", "socks5://secretword@a:1"),
        f"socks5://u:{'secretword' * 26}@a:1",
    ],
)
def test_what_is_no_proxy_is_named_without_its_words(url: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_proxy(url)
    assert caught.value.code == "proxy_malformed"
    assert "secretword" not in caught.value.message


@pytest.mark.parametrize(
    ("source", "host"),
    [
        ("https://www.youtube.com/watch?v=1", "youtube.com"),
        ("https://youtu.be/1", "youtube.com"),
        ("https://music.YouTube.com:443/x", "youtube.com"),
        ("https://notyoutube.com/", "notyoutube.com"),
        ("https://www.example.org/feed", "example.org"),
        ("http://m.example.org:8080/", "example.org:8080"),
        ("https://m.de/", "m.de"),
        ("http://127.0.0.1:8000/a", "127.0.0.1:8000"),
        ("ytsearch5:words", "youtube.com"),
        ("s3://bucket/key", ""),
        ("/folder", ""),
        ("https://[bad", ""),
    ],
)
def test_a_site_is_one_host_under_all_its_names(source: str, host: str) -> None:
    assert host_of(source) == host


@pytest.mark.parametrize(
    "source", ["ytsearch:one", "ytsearch20:a b", "ytsearchdate5:x", "scsearch3:y"]
)
def test_searches_are_sources(source: str) -> None:
    assert check_source(source, allow_local=False) is SourceForm.SEARCH


NO_SEARCHES = (
    *("ytsearch5:", "ytsearch5: ", "ytsearchall:x", "ytsearch0:x", "ytsearch999:x"),
    *("gvsearch5:x", "ytsearch5://a.test/"),
)


@pytest.mark.parametrize("source", NO_SEARCHES)
def test_endless_and_empty_searches_are_none(source: str) -> None:
    assert not search_of(source)
    with pytest.raises(InputError):
        check_source(source, allow_local=False)
