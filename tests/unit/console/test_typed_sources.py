"""Sources as people type them: mistakes are named before anything is queued."""

import os
from pathlib import Path

import pytest

from console.typed_sources import check_typed
from pipeline.errors import InputError, SourceNotFoundError


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", "source_malformed"),
        ("  ", "source_malformed"),
        ("s3://", "source_malformed"),
        ("s3:///prefix", "source_malformed"),
        ("gopher://example.org/x", "scheme_not_allowed"),
        ("https://user:word@example.org/x", "password_in_url"),
        ("x" * 300, "source_not_found"),
        ("x" * 300 + "://y", "source_malformed"),
        ("~no-such-user/talk.wav", "source_not_found"),
        ("file:///no/such/file.wav", "source_not_found"),
    ],
)
def test_what_is_no_source_is_refused(source: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        check_typed(source)
    assert caught.value.code == code


@pytest.mark.parametrize("source", ["s3://bucket", "s3://bucket/a b", "https://example.org/x"])
def test_an_address_stays_as_it_is(source: str) -> None:
    assert check_typed(source) == source


def test_a_local_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "media").mkdir()
    monkeypatch.chdir(tmp_path)
    assert check_typed("media") == str(tmp_path / "media")


def test_a_name_that_is_no_text_becomes_an_address_that_a_database_takes(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"talk\xff.wav")
    path.touch()
    assert check_typed(str(path)).endswith("talk%FF.wav")


def test_a_missing_file_is_named_without_its_control_characters() -> None:
    with pytest.raises(SourceNotFoundError, match="no file or folder"):
        check_typed("gone\x1b[2J.wav")
