"""A zip of reports: streamed, signed as a whole, and every changed byte found."""

import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import InputError
from reports.archive_checks import check_archive
from reports.job_archive import MANIFEST, SIGNATURE, SUMS, Member, write_archive
from reports.signer_checks import KnownSigners, Outcome
from reports.signing_keys import SigningKey, create_key

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return create_key(tmp_path / "keys", "Test")


def members(folder: Path) -> Iterator[Member]:
    (folder / "big.csv").write_bytes(os.urandom(1 << 16) * 40)
    yield Member("verity-1.pdf", b"%PDF-1.7 not really")
    yield Member("verity-1.csv", folder / "big.csv")
    for number in range(300):
        yield Member(f"verity-1-{number}.json", json.dumps({"number": number}).encode())


def written(tmp_path: Path, key: SigningKey) -> Path:
    path = tmp_path / "verity-1.zip"
    done = write_archive(path, members(tmp_path), {"job_id": 1}, key, NOON)
    assert done.n_members == 302
    return path


def failures(path: Path, tmp_path: Path) -> list[str]:
    checks = list(check_archive(path, KnownSigners(tmp_path / "keys")))
    return [f"{check.name}: {check.words}" for check in checks if check.outcome is Outcome.FAILS]


def rewritten(path: Path, changes: dict[str, bytes | None], extra: dict[str, bytes]) -> Path:
    """Return a copy of a zip with members changed, dropped (None) or added."""
    other = path.with_name("other.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for entry in old.infolist():
            content = changes.get(entry.filename, old.read(entry))
            if content is not None:
                new.writestr(entry.filename, content)
        for name, content in extra.items():
            new.writestr(name, content)
    return other


def test_an_untouched_archive_holds(tmp_path: Path, key: SigningKey) -> None:
    checks = list(check_archive(written(tmp_path, key), KnownSigners(tmp_path / "keys")))
    assert {check.name: check.outcome for check in checks} == {
        "signature": Outcome.HOLDS,
        "time stamp": Outcome.ABSENT,
        "list": Outcome.HOLDS,
        "members": Outcome.HOLDS,
    }
    assert "a key of this installation" in checks[0].words
    assert "302 of 302" in checks[-1].words


def test_sha256sum_reads_the_list(tmp_path: Path, key: SigningKey) -> None:
    with zipfile.ZipFile(written(tmp_path, key)) as archive:
        archive.extractall(tmp_path / "out")
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", SUMS], cwd=tmp_path / "out", check=False
    )
    assert done.returncode == 0


def test_a_changed_byte_of_any_member_is_found(tmp_path: Path, key: SigningKey) -> None:
    path = written(tmp_path, key)
    found = failures(rewritten(path, {"verity-1-7.json": b'{"number": 8}'}, {}), tmp_path)
    assert found[0] == "member: verity-1-7.json: its bytes are others"
    assert "301 of 302" in found[-1]


def test_missing_and_added_members_are_found(tmp_path: Path, key: SigningKey) -> None:
    path = written(tmp_path, key)
    found = failures(rewritten(path, {"verity-1.pdf": None}, {"evil\n.exe": b"x"}), tmp_path)
    assert "member: verity-1.pdf: it is missing" in found
    assert "member: evil?.exe: it stands in no list" in found


@pytest.mark.parametrize("name", [SUMS, MANIFEST])
def test_a_changed_list_is_found(tmp_path: Path, key: SigningKey, name: str) -> None:
    path = written(tmp_path, key)
    with zipfile.ZipFile(path) as archive:
        content = archive.read(name)
    changed = content.replace(b"0", b"1", 1)
    found = failures(rewritten(path, {name: changed}, {}), tmp_path)
    assert any(words.startswith(("list:", "signature:")) for words in found)


def test_a_list_that_was_made_anew_lacks_the_signature(tmp_path: Path, key: SigningKey) -> None:
    path = written(tmp_path, key)
    other = create_key(tmp_path / "other", "Somebody")
    forged = tmp_path / "forged.zip"
    write_archive(forged, [Member("verity-1.pdf", b"other")], {}, other, NOON)
    with zipfile.ZipFile(path) as archive:
        token = archive.read(SIGNATURE)
    assert any(
        "signature" in each
        for each in failures(rewritten(forged, {SIGNATURE: token}, {}), tmp_path)
    )
    checks = list(check_archive(forged, KnownSigners(tmp_path / "keys")))
    assert "known only by its own key" in checks[0].words


def test_a_name_twice_is_found(tmp_path: Path, key: SigningKey) -> None:
    path = written(tmp_path, key)
    with pytest.warns(UserWarning, match="Duplicate name"):
        other = rewritten(path, {}, {"verity-1.pdf": b"%PDF-1.7 another"})
    assert any("more than once" in words for words in failures(other, tmp_path))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"%PDF-1.7", os.urandom(5_000)])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.zip"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no archive of reports"):
        list(check_archive(path, KnownSigners(tmp_path / "keys")))


def test_a_damaged_archive_is_told_not_raised(tmp_path: Path, key: SigningKey) -> None:
    path = written(tmp_path, key)
    content = bytearray(path.read_bytes())
    content[200:400] = bytes(200)  # inside the first members
    path.write_bytes(content)
    assert failures(path, tmp_path)


def test_nothing_is_left_where_writing_fails(tmp_path: Path, key: SigningKey) -> None:
    def broken() -> Iterator[Member]:
        yield Member("a.json", b"{}")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_archive(tmp_path / "a.zip", broken(), {}, key, NOON)
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def test_more_members_than_a_plain_zip_may_have(tmp_path: Path, key: SigningKey) -> None:
    many = (Member(f"verity-1-{number}.pdf", b"{}") for number in range(65_600))
    path = tmp_path / "many.zip"
    write_archive(path, many, {}, key, NOON)
    checks = list(check_archive(path, KnownSigners(tmp_path / "keys")))
    assert checks[-1].outcome is Outcome.HOLDS
    assert "65600 of 65600" in checks[-1].words
