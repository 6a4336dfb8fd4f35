"""Fetched bytes are used again by the same item alone, unchanged, and never pile up."""

import hashlib
import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.sources.items import Fetched
from pipeline.vocabulary import Custody
from tests.claims import CLAIM
from workers.kept_media import MOST_AGE_S, KeptMedia

CUSTODY = Custody(datetime(2026, 11, 21, tzinfo=UTC), "test 1", "v7", "speech.wav", {"etag": "x"})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "temp"
    root.mkdir()
    return root


def fetched(folder: Path, content: bytes = b"sound") -> Fetched:
    folder.mkdir(exist_ok=True)
    path = folder / "medium"
    path.write_bytes(content)
    return Fetched(path, hashlib.sha256(content).hexdigest(), len(content), CUSTODY)


def try_folder(root: Path, name: str) -> Path:
    folder = root / name
    folder.mkdir()
    return folder


def test_the_next_attempt_has_the_bytes_and_their_custody(root: Path) -> None:
    kept = KeptMedia(root, "db", 1000)
    first = fetched(root / "a")
    kept.keep(CLAIM, first)
    first.path.unlink()  # the attempt's folder is gone

    taken = kept.take(replace(CLAIM, attempt=2, fence=5), try_folder(root, "b"))

    assert taken is not None
    assert taken.path.read_bytes() == b"sound"
    assert taken.path.parent == root / "b"
    assert (taken.sha256, taken.size_bytes) == (first.sha256, first.size_bytes)
    assert taken.custody == replace(CUSTODY, facts={"etag": "x", "fetched_in_attempt": "1"})


@pytest.mark.parametrize(
    "other",
    [
        replace(CLAIM, account_id="other"),
        replace(CLAIM, item_id="8"),
        replace(CLAIM, facts={"etag": "2"}),
        replace(CLAIM, source_uri="s3://bucket/other.wav"),
    ],
)
def test_another_item_does_not_have_them(root: Path, other: object) -> None:
    kept = KeptMedia(root, "db", 1000)
    kept.keep(CLAIM, fetched(root / "a"))
    assert isinstance(other, type(CLAIM))
    assert kept.take(other, try_folder(root, "b")) is None


def test_another_installation_does_not_have_them(root: Path) -> None:
    KeptMedia(root, "db", 1000).keep(CLAIM, fetched(root / "a"))
    assert KeptMedia(root, "other", 1000).take(CLAIM, try_folder(root, "b")) is None


def test_damaged_bytes_are_fetched_again(root: Path) -> None:
    kept = KeptMedia(root, "db", 1000)
    first = fetched(root / "a")
    kept.keep(CLAIM, first)
    first.path.write_bytes(b"other")  # the same file under its other name

    assert kept.take(CLAIM, try_folder(root, "b")) is None
    assert list((root / "b").iterdir()) == []
    assert not list(root.glob("kept-*"))


def test_a_damaged_note_means_another_fetch(root: Path) -> None:
    kept = KeptMedia(root, "db", 1000)
    kept.keep(CLAIM, fetched(root / "a"))
    (note,) = root.glob("kept-*/*.json")
    note.write_text('{"name": "../../x"')
    assert kept.take(CLAIM, try_folder(root, "b")) is None


def test_old_bytes_are_fetched_again_and_swept(root: Path) -> None:
    kept = KeptMedia(root, "db", 1000)
    kept.keep(CLAIM, fetched(root / "a"))
    for path in root.glob("kept-*/*"):
        os.utime(path, (0, time.time() - MOST_AGE_S - 1))

    assert kept.take(CLAIM, try_folder(root, "b")) is None
    assert not list(root.glob("kept-*"))


def test_the_oldest_make_room(root: Path) -> None:
    kept = KeptMedia(root, "db", 12)
    claims = [replace(CLAIM, item_id=str(n)) for n in range(3)]
    for number, claim in enumerate(claims):
        kept.keep(claim, fetched(root / f"a{number}", b"sound"))
        for path in root.glob("kept-*/*.json"):
            os.utime(path, (0, path.stat().st_mtime - 10))
    kept.keep(replace(CLAIM, item_id="big"), fetched(root / "big", b"x" * 13))

    taken = [kept.take(claim, try_folder(root, f"b{n}")) for n, claim in enumerate(claims)]

    assert [one is not None for one in taken] == [False, True, True]


def test_nothing_stays_of_an_item_that_ended(root: Path) -> None:
    kept = KeptMedia(root, "db", 1000)
    kept.keep(CLAIM, fetched(root / "a"))
    kept.forget(CLAIM)
    assert not list(root.glob("kept-*"))


def test_a_local_file_is_linked_again_and_never_touched(root: Path) -> None:
    kept = KeptMedia(root, "db", 1000)
    first = fetched(root / "a")
    (root / "original.wav").hardlink_to(first.path)
    kept.keep(CLAIM, first)
    assert not list(root.glob("kept-*"))


def test_nothing_is_kept_where_that_is_off(root: Path) -> None:
    KeptMedia(root, "db", 0).keep(CLAIM, fetched(root / "a"))
    assert not list(root.glob("kept-*"))
