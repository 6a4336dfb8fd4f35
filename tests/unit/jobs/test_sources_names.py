import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.archive_names import is_archive
from jobs.sources.items import clean_text, failed_item, named_error, source_key
from jobs.sources.names import SourceForm, check_source, has_media_name, name_of
from pipeline.errors import AccessError, InputError


@pytest.mark.parametrize(
    ("source", "form"),
    [
        ("s3://bucket/prefix", SourceForm.S3),
        ("https://example.org/list?a=1", SourceForm.WEB),
        ("HTTP://example.org/", SourceForm.WEB),
        ("https://[2606:4700::1]/a", SourceForm.WEB),
    ],
)
def test_sources_are_told_by_their_form(source: str, form: SourceForm) -> None:
    assert check_source(source, allow_local=False) is form


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", "source_malformed"),
        ("s3://", "source_malformed"),
        ("s3:///prefix", "source_malformed"),
        ("  ", "source_malformed"),
        ("https://" + "a" * 5000, "source_malformed"),
        ("https://example.org/\x00", "source_malformed"),
        ("https://example.org\\@127.0.0.1/", "source_malformed"),
        ("https:///no-host", "source_malformed"),
        ("https://[::1", "source_malformed"),
        ("https://example.org:port/", "source_malformed"),
        ("https://user:word@example.org/", "password_in_url"),
        ("https://example.org@127.0.0.1/", "password_in_url"),
        ("ftp://example.org/a.wav", "scheme_not_allowed"),
        ("gopher://127.0.0.1:6379/_x", "scheme_not_allowed"),
        ("data://text", "scheme_not_allowed"),
        ("file:///etc/passwd", "local_not_allowed"),
        ("/etc/passwd", "local_not_allowed"),
        ("../a.wav", "local_not_allowed"),
        ("concat:a.wav|b.wav", "local_not_allowed"),
        ("--netrc-cmd=touch x", "local_not_allowed"),
    ],
)
def test_what_is_no_source_from_outside_is_named(source: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        check_source(source, allow_local=False)
    assert caught.value.code == code


def test_only_an_operator_may_name_local_paths() -> None:
    for source in ("/data", "-y.wav", "concat:a.wav", "file:///data/a.wav"):
        assert check_source(source, allow_local=True) is SourceForm.LOCAL


def test_names_of_urls_tell_media_from_pages() -> None:
    assert has_media_name("https://a.test/x/Clip.MP3?token=1")
    assert not has_media_name("https://a.test/master.m3u8")
    assert not has_media_name("https://a.test/?f=a.mp3")
    assert name_of("https://a.test/x/a%20b.mp3?y") == "a b.mp3"
    assert name_of("https://a.test/") == "a.test"
    assert is_archive("x/evil.TAR.GZ")
    assert not is_archive("zip")


def test_titles_keep_what_people_wrote_and_lose_what_breaks_columns() -> None:
    assert clean_text("a\x00b\n😀\ud800") == "a\ufffdb\n😀\ufffd"
    assert len(clean_text("x" * 10_000)) == 500


@given(st.text(st.characters()))
def test_any_title_can_be_stored(title: str) -> None:
    cleaned = clean_text(title)
    assert "\x00" not in cleaned
    cleaned.encode("utf-8")


def test_the_same_medium_has_the_same_key_and_others_have_another() -> None:
    key = source_key("https://a.test/feed", "Generic", "ep1", "")
    assert key == source_key("https://a.test/feed", "Generic", "ep1", "")
    assert key != source_key("https://b.test/feed", "Generic", "ep1", "")  # yt-dlp's ids collide
    assert key != source_key("https://a.test/feed", "Generic", "ep1", '"etag"')
    assert len(key) == 64
    assert source_key("\ud800", "", "")


def test_an_error_that_the_listing_knew_comes_back_as_itself() -> None:
    item = failed_item("https://a.test", "t", AccessError("no", "video_private"))
    error = named_error(item.facts)
    assert isinstance(error, AccessError)
    assert (error.code, error.message) == ("video_private", "no")
    assert named_error({}) is None
