import hashlib
import os
import stat
from pathlib import Path

import pytest

from jobs.sources import FetchLimits, SourceAccess, fetch, list_from, list_items
from jobs.sources.items import NewItem
from pipeline.errors import (
    InputError,
    LimitExceededError,
    MediaCorruptError,
    SourceNotFoundError,
    VerityError,
)
from storage.egress import EgressGuard

ACCESS = SourceAccess(EgressGuard(), allow_local=True)  # the guard is never asked


def listed(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return titles and what was skipped."""
    skipped: dict[str, str] = {}
    listing = list_from(str(folder), ACCESS, on_skipped=skipped.__setitem__)
    return [entry.item.title for entry in listing], skipped


def names_in(folder: Path) -> list[str]:
    """Return what lies in a folder; nothing where there is none."""
    return [path.name for path in folder.glob("*")]


def test_a_folder_is_listed_in_order_without_links_hidden_files_and_archives(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "media"
    (folder / "b").mkdir(parents=True)
    outside = tmp_path / "outside.wav"
    for path in (folder / "c.wav", folder / "a.wav", folder / "b/d.wav", outside):
        path.write_bytes(b"x")
    (folder / ".hidden.wav").write_bytes(b"x")
    (folder / "all.zip").write_bytes(b"x")
    (folder / "link.wav").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.wav")
    titles, skipped = listed(folder)
    assert titles == ["a.wav", "c.wav", "d.wav"]
    assert skipped == {
        ".hidden.wav": "hidden",
        "all.zip": "archive",
        "link.wav": "symlink",
        "loop": "symlink",
        "pipe.wav": "not_a_file",
    }


@pytest.mark.parametrize(
    "name",
    [
        b"concat:x", b"subfile,,start,0,end,9,,:x", b"-y.wav", b"img%03d.wav", b"a\nb.wav",
        "😀 \u202egpj.wav".encode(), b"\xff\xfe.wav", b"=cmd().wav", b"<script>.wav", b"CON", b"n" * 255,
        b"a?b#c.wav", b"x.txt.wav",
    ],
)  # fmt: skip
def test_any_name_is_fetched_under_ours(tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(b"sound")  # noqa: PTH118
    (item,) = list_items(str(folder), ACCESS)
    fetched = fetch(item, tmp_path / "item", ACCESS)
    item.title.encode("utf-8")
    item.source_uri.encode("ascii")
    assert fetched.path == tmp_path / "item" / "media.bin"
    assert names_in(tmp_path / "item") == ["media.bin"]
    assert stat.S_IMODE((tmp_path / "item").stat().st_mode) == 0o700
    assert stat.S_IMODE(fetched.path.stat().st_mode) == 0o600
    assert fetched.sha256 == hashlib.sha256(b"sound").hexdigest()
    assert fetched.size_bytes == 5
    assert fetched.custody.original_name == item.title


def test_one_file_is_one_item_also_through_a_link_that_was_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    (tmp_path / "link.wav").symlink_to(tmp_path / "a.wav")
    assert [item.title for item in list_items(str(tmp_path / "link.wav"), ACCESS)] == ["a.wav"]


def test_a_list_in_the_command_line_names_paths_beside_itself(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    (tmp_path / "list.csv").write_text("url,name\na.wav,The first\nmissing.wav,The second\n")
    first, second = list_items(str(tmp_path / "list.csv"), ACCESS)
    assert first.title == "The first"
    assert fetch(first, tmp_path / "item", ACCESS).size_bytes == 1
    with pytest.raises(SourceNotFoundError):
        fetch(second, tmp_path / "item2", ACCESS)


def test_a_list_that_names_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("list.txt\n")
    (item,) = list_items(str(tmp_path / "list.txt"), ACCESS)
    assert item.facts["error_code"] == "list_too_deep"


@pytest.mark.parametrize("what", ["changed", "link", "parent_link", "gone", "pipe"])
def test_what_is_not_the_listed_file_any_more_is_named(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    path = folder / "a.wav"
    path.write_bytes(b"sound")
    (item,) = list_items(str(folder), ACCESS)
    if what == "changed":
        path.write_bytes(b"other sound")
    elif what == "parent_link":
        folder.rename(tmp_path / "moved")
        folder.symlink_to(tmp_path / "moved")
    else:
        path.rename(tmp_path / "b.wav")
    if what == "link":
        path.symlink_to(tmp_path / "b.wav")
    if what == "pipe":
        os.mkfifo(path)
    with pytest.raises(VerityError) as caught:
        fetch(item, tmp_path / "item", ACCESS)
    codes = {"gone": "file_vanished", "pipe": "not_a_file"}
    assert caught.value.code == codes.get(what, "source_replaced")
    assert not names_in(tmp_path / "item")


def test_empty_and_large_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    (tmp_path / "b.wav").write_bytes(b"x" * 11)
    empty, large = list_items(str(tmp_path), ACCESS)
    with pytest.raises(MediaCorruptError):
        fetch(empty, tmp_path / "item", ACCESS)
    small = SourceAccess(ACCESS.guard, allow_local=True, limits=FetchLimits(max_bytes=10))
    with pytest.raises(LimitExceededError, match="VERITY_FETCH_MAX_BYTES"):
        fetch(large, tmp_path / "item", small)


def test_local_items_are_refused_where_local_is_not_allowed(tmp_path: Path) -> None:
    outside = SourceAccess(ACCESS.guard)
    item = NewItem("file:///etc/passwd", "t", "k")
    with pytest.raises(InputError) as caught:
        fetch(item, tmp_path / "item", outside)
    assert caught.value.code == "local_not_allowed"


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_nothing_there_is_named(tmp_path: Path, make: object) -> None:
    path = tmp_path / "media"
    if callable(make):
        make(path)
    with pytest.raises(SourceNotFoundError):
        list(list_items(str(path), ACCESS))


def test_an_error_of_the_progress_listener_ends_the_fetch(tmp_path: Path) -> None:
    def cancel(_done: int, _total: int | None) -> None:
        raise KeyboardInterrupt

    (tmp_path / "a.wav").write_bytes(b"x")
    (item,) = list_items(str(tmp_path / "a.wav"), ACCESS)
    with pytest.raises(KeyboardInterrupt):
        fetch(item, tmp_path / "item", ACCESS, cancel)
    assert not names_in(tmp_path / "item")
