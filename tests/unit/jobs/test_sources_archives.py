"""Archives: skipped and named by default, opened under limits on request."""

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jobs.source_options import SourceOptions
from jobs.sources import FetchLimits, SourceAccess, fetch, list_from
from jobs.sources.items import NewItem
from pipeline.errors import VerityError
from storage.egress import EgressGuard

SOUND = bytes(range(256)) * 400
OPENED = SourceOptions(open_archives=True)
HOSTILE_NAMES = ("../../outside.wav", "/etc/cron.d/x.wav", "a\nb😀.wav", "C:\\x.wav", "x" * 300)


def noise(n_bytes: int) -> bytes:
    """Return bytes that nothing packs, the same ones each time."""
    return np.random.default_rng(n_bytes).bytes(n_bytes)


@pytest.fixture
def access() -> SourceAccess:
    return SourceAccess(EgressGuard(), allow_local=True)  # the guard is never asked


def list_of(
    source: Path, access: SourceAccess, options: SourceOptions = OPENED
) -> tuple[list[NewItem], dict[str, str]]:
    skipped: dict[str, str] = {}
    listing = list_from(str(source), access, on_skipped=skipped.__setitem__, options=options)
    return [listed.item for listed in listing], skipped


def code_of(item: NewItem, folder: Path, access: SourceAccess) -> str:
    with pytest.raises(VerityError) as caught:
        fetch(item, folder / "item", access)
    assert not list(folder.glob("item/*"))
    return caught.value.code


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def make_tar(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("link.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        device = tarfile.TarInfo("device.wav")
        device.type = tarfile.CHRTYPE
        archive.addfile(device)
    return path


def test_archives_are_named_and_left_out_by_default(tmp_path: Path, access: SourceAccess) -> None:
    make_zip(tmp_path / "a.zip", {"x.wav": SOUND})
    (tmp_path / "b.wav").write_bytes(SOUND)
    items, skipped = list_of(tmp_path, access, SourceOptions())
    assert [item.title for item in items] == ["b.wav"]
    assert skipped == {"a.zip": "archive"}


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.zip", make_zip),
        ("a.tar.gz", make_tar),
        ("a.tar", lambda path, members: make_tar(path, members, "w:")),
        ("a.tar.xz", lambda path, members: make_tar(path, members, "w:xz")),
    ],
)
def test_members_are_items_with_the_archive_in_their_custody(
    tmp_path: Path,
    access: SourceAccess,
    name: str,
    make: Callable[[Path, dict[str, bytes]], Path],
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    path = make(source / name, {"one.wav": b"one", "sub/two.wav": SOUND, "three.wav": b""})
    items, skipped = list_of(source, access)
    assert [item.title for item in items] == [
        f"{name}: one.wav",
        f"{name}: sub/two.wav",
        f"{name}: three.wav",
    ]
    assert "a.zip" in name or set(skipped.values()) == {"not_a_file"}
    fetched = fetch(items[1], tmp_path / "item", access)
    assert fetched.sha256 == hashlib.sha256(SOUND).hexdigest()
    assert fetched.custody.original_name == "two.wav"
    assert fetched.custody.facts["member"] == "sub/two.wav"
    whole = hashlib.sha256(path.read_bytes()).hexdigest()
    assert fetched.custody.facts["archive_sha256"] == whole
    assert code_of(items[2], tmp_path / "2", access) == "media_empty"
    assert [item.source_key for item in list_of(source, access)[0]] == [
        item.source_key for item in items
    ]


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_a_members_name_is_shown_and_never_used(
    tmp_path: Path, access: SourceAccess, make: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    suffix = ".zip" if make is make_zip else ".tgz"
    path = make(tmp_path / f"a{suffix}", dict.fromkeys(HOSTILE_NAMES, SOUND))
    before = {path.name for path in tmp_path.iterdir()}
    items, _ = list_of(path, access)
    assert len(items) == len(HOSTILE_NAMES)
    for number, item in enumerate(items):
        fetched = fetch(item, tmp_path / f"item{number}", access)
        assert [it.name for it in (tmp_path / f"item{number}").iterdir()] == ["media.bin"]
        assert fetched.size_bytes == len(SOUND)
    made = {f"item{number}" for number in range(len(items))}
    assert {path.name for path in tmp_path.iterdir()} == before | made
    assert not Path("/etc/cron.d/x.wav").exists()


def test_the_same_name_twice_is_two_members(tmp_path: Path, access: SourceAccess) -> None:
    path = make_zip(tmp_path / "a.zip", {"x.wav": b"one", "y.wav": b"two"})
    path.write_bytes(path.read_bytes().replace(b"y.wav", b"x.wav"))
    items, _ = list_of(tmp_path / "a.zip", access)
    contents = [
        fetch(item, tmp_path / f"{number}", access).path.read_bytes()
        for number, item in enumerate(items)
    ]
    assert contents == [b"one", b"two"]


def test_a_bomb_is_refused_by_what_it_says_and_by_what_it_does(
    tmp_path: Path, access: SourceAccess
) -> None:
    path = make_zip(tmp_path / "a.zip", {"bomb.wav": bytes(70 << 20), "ok.wav": SOUND})
    (bomb, fine), _ = list_of(path, access)
    assert bomb.facts["error_code"] == "archive_bomb"
    assert fetch(fine, tmp_path / "1", access).size_bytes == len(SOUND)
    made = make_tar(tmp_path / "b.tgz", {"bomb.wav": bytes(20 << 20)})  # tar packs the whole
    (bomb,), _ = list_of(made, access)
    small = SourceAccess(EgressGuard(), allow_local=True, limits=FetchLimits(max_bytes=10 << 20))
    assert code_of(bomb, tmp_path / "2", small) == "too_many_bytes"


def test_an_archive_in_an_archive_is_named_and_not_opened(
    tmp_path: Path, access: SourceAccess
) -> None:
    inner = make_zip(tmp_path / "inner.zip", {"x.wav": SOUND}).read_bytes()
    members = {"inner.zip": inner, "x.wav": SOUND, "__MACOSX/x.wav": b"", "f/": b""}
    items, skipped = list_of(make_zip(tmp_path / "outer.zip", members), access)
    assert [item.title for item in items] == ["outer.zip: x.wav"]
    assert sorted(skipped.values()) == ["archive_in_archive", "folder_marker", "hidden"]


def test_an_encrypted_member_is_named(tmp_path: Path, access: SourceAccess) -> None:
    path = make_zip(tmp_path / "a.zip", {"x.wav": SOUND})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    (item,), _ = list_of(path, access)
    assert item.facts["error_code"] == "archive_locked"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"no archive at all", "archive_unsupported"),
        (b"", "media_empty"),
        (b"PK\x05\x06" + bytes(18), "source_empty"),
        (b"PK\x03\x04" + noise(500) + b"PK\x05\x06" + noise(18), None),
    ],
)
def test_a_damaged_archive_is_one_failed_item(
    tmp_path: Path, access: SourceAccess, content: bytes, code: str | None
) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    items, _ = list_of(tmp_path / "a.zip", access)
    codes = [item.facts.get("error_code", "") for item in items]
    assert codes == ([] if code == "source_empty" else [code or codes[0]])
    assert all(codes)


def test_a_damaged_member_fails_alone(tmp_path: Path, access: SourceAccess) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.wav": noise(5_000), "b.wav": SOUND})
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content)
    (broken, fine), _ = list_of(path, access)
    assert code_of(broken, tmp_path / "1", access) == "archive_corrupt"
    assert fetch(fine, tmp_path / "2", access).size_bytes == len(SOUND)


def test_too_many_members_are_too_many(
    tmp_path: Path, access: SourceAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.sources.archives.MOST_MEMBERS", 3)
    path = make_zip(tmp_path / "a.zip", {f"{n}.wav": b"x" for n in range(4)})
    (item,), _ = list_of(path, access)
    assert item.facts["error_code"] == "archive_too_large"


def test_globs_choose_members_and_an_archive_is_fetched_once(
    tmp_path: Path, access: SourceAccess
) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.wav": SOUND, "b.mp3": SOUND, "c.wav": SOUND})
    items, _ = list_of(path, access, SourceOptions(open_archives=True, include=("*.wav",)))
    assert [item.title for item in items] == ["a.zip: a.wav", "a.zip: c.wav"]
    path.unlink()  # what was listed lies on the shelf
    for number, item in enumerate(items):
        assert fetch(item, tmp_path / f"{number}", access).size_bytes == len(SOUND)
    fresh = SourceAccess(EgressGuard(), allow_local=True)
    assert code_of(items[0], tmp_path / "late", fresh) == "file_vanished"


def test_young_files_wait_where_the_job_asks_for_it(tmp_path: Path, access: SourceAccess) -> None:
    for name in ("old.wav", "young.wav"):
        (tmp_path / name).write_bytes(SOUND)
    os.utime(tmp_path / "old.wav", (1e9, 1e9))
    items, _ = list_of(tmp_path, access, SourceOptions(settle_s=60))
    assert [item.title for item in items] == ["old.wav"]
