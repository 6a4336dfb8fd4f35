from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.sources.items import Listed, NewItem
from jobs.sources.lists import list_entries
from pipeline.errors import (
    AccessError,
    FetchFailedError,
    InputError,
    SourceNotFoundError,
)


def list_one(entry: str) -> Iterator[Listed]:
    """List an entry as one item, as a link is."""
    if "private" in entry:
        raise AccessError("It is private.", "video_private")
    if "away" in entry:
        raise FetchFailedError("It is away.")
    yield Listed(NewItem(entry, "title of the source", entry))


def items_of(path: Path) -> list[NewItem]:
    return [listed.item for listed in list_entries(str(path), list_one)]


def test_a_text_list_has_a_source_a_line(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("\ufeff# ours\r\nhttps://a.test/1\r\n\n  s3://b/c  \nclips/x.wav\n", "utf-8")
    assert [item.source_uri for item in items_of(path)] == [
        "https://a.test/1",
        "s3://b/c",
        str(tmp_path / "clips/x.wav"),
    ]


def test_a_table_carries_names_labels_and_priorities(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        'name,URL,priority,labels,else\n"=a, ""b""\n😀",https://a.test/1,Live,x;y,z\n,https://a.test/2\n',
        "utf-8",
    )
    first, second = items_of(path)
    assert first.title == '=a, "b"\n😀'
    assert first.facts == {"labels": "x;y", "priority": "live"}
    assert (second.title, second.facts) == ("title of the source", {})


def test_one_bad_entry_is_one_failed_item(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(
        "https://a.test/private\nftp://a.test/1\nhttps://u:p@a.test/\nhttps://a.test/1\n"
    )
    items = items_of(path)
    assert [item.facts.get("error_code") for item in items] == [
        "video_private",
        "scheme_not_allowed",
        "password_in_url",
        None,
    ]
    assert len({item.source_key for item in items}) == 4


def test_an_outage_is_raised_after_all_the_others_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("https://a.test/away\nhttps://a.test/1\nhttps://a.test/2\n")
    listing = list_entries(str(path), list_one)
    assert [next(listing).item.source_uri for _ in range(2)] == [
        "https://a.test/1",
        "https://a.test/2",
    ]
    with pytest.raises(FetchFailedError):
        next(listing)


def test_a_priority_that_is_none_fails_its_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("url,priority\nhttps://a.test/1,soon\nhttps://a.test/2,sweep\n")
    first, second = items_of(path)
    assert "Line 2" in first.facts["error_message"]
    assert second.facts == {"priority": "sweep"}


@pytest.mark.parametrize(
    ("text", "error"),
    [("", SourceNotFoundError), ("# nothing\n", SourceNotFoundError)],
)
def test_an_empty_list_is_named(tmp_path: Path, text: str, error: type[Exception]) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text)
    with pytest.raises(error):
        items_of(path)


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n", b"", b"\x00\xff" * 50, b'url\n"' + b"x" * 200_000]
)
def test_a_table_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(InputError):
        items_of(path)
