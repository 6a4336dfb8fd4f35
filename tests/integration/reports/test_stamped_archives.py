"""A zip of reports carries time stamps over its signature; what they show and whether they hold is said."""

import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reports.archive_checks import check_archive
from reports.job_archive import SIGNATURE, Member, stamp_archive, write_archive
from reports.key_revocation import Revocation, revoke
from reports.signer_checks import Check, KnownSigners, Outcome
from reports.signing_keys import SigningKey, create_key, fingerprint
from reports.stamping import Stamper
from reports.time_stamps import Authority, trusted_roots
from tests.local_authority import LocalAuthority, local_authority

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAuthority]:
    with local_authority(tmp_path_factory.mktemp("authority") / "it", "Authority") as running:
        yield running


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return create_key(tmp_path / "keys", "Test")


def stamper_of(authority: LocalAuthority) -> Stamper:
    return Stamper([Authority(authority.url, lambda _, request: authority.reply(request))])


def written(tmp_path: Path, key: SigningKey, stamper: Stamper | None = None) -> Path:
    path = tmp_path / "verity-1.zip"
    members = [Member("verity-1.pdf", b"%PDF-1.7 not really"), Member("verity-1.csv", b"1,2")]
    stamp = None if stamper is None else stamper.stamp_bytes
    assert write_archive(path, members, {}, key, NOON, stamp).problems == ()
    return path


def checks(path: Path, tmp_path: Path, authority: LocalAuthority) -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    signers = KnownSigners(tmp_path / "keys")
    for check in check_archive(path, signers, trusted_roots(authority.trust)):
        found.setdefault(check.name, []).append(check)
    return found


def test_a_stamped_archive_holds_and_openssl_agrees(
    tmp_path: Path, key: SigningKey, authority: LocalAuthority
) -> None:
    path = written(tmp_path, key, stamper_of(authority))
    [stamp] = checks(path, tmp_path, authority)["time stamp"]
    assert stamp.outcome is Outcome.HOLDS
    assert "of a trusted authority" in stamp.words
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "out")
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-data", SIGNATURE, "-in", f"{SIGNATURE}.tsr",
         "-CAfile", str(authority.trust)],
        cwd=tmp_path / "out", capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_an_archive_is_stamped_later_and_again_and_keeps_its_members(
    tmp_path: Path, key: SigningKey, authority: LocalAuthority
) -> None:
    path = written(tmp_path, key)
    [absent] = checks(path, tmp_path, authority)["time stamp"]
    assert absent.outcome is Outcome.ABSENT
    for _ in range(2):
        assert stamp_archive(path, stamper_of(authority).stamp_bytes) == (1, ())
    found = checks(path, tmp_path, authority)
    assert [check.outcome for check in found["time stamp"]] == [Outcome.HOLDS] * 2
    assert [check.outcome for check in found["members"]] == [Outcome.HOLDS]
    assert "member" not in found  # a stamp is no member that stands in no list
    assert {each.name for each in tmp_path.iterdir()} == {"keys", path.name}


@pytest.mark.parametrize("name", [f"{SIGNATURE}.tsr", SIGNATURE])
def test_a_changed_byte_of_a_stamp_or_of_what_it_covers_is_found(
    tmp_path: Path, key: SigningKey, authority: LocalAuthority, name: str
) -> None:
    path = written(tmp_path, key, stamper_of(authority))
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for entry in old.infolist():
            content = bytearray(old.read(entry))
            if entry.filename == name:
                content[len(content) // 2] ^= 1
            new.writestr(entry.filename, bytes(content))
    [stamp] = checks(other, tmp_path, authority)["time stamp"]
    assert stamp.outcome is Outcome.FAILS


def test_a_stamped_archive_outlives_the_revocation_of_its_key(
    tmp_path: Path, key: SigningKey, authority: LocalAuthority
) -> None:
    path = written(tmp_path, key)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    revoke(tmp_path / "keys", Revocation(fingerprint(key.certificate), tomorrow, "lost"))
    [unstamped] = checks(path, tmp_path, authority)["signature"]
    assert unstamped.outcome is Outcome.FAILS
    stamp_archive(path, stamper_of(authority).stamp_bytes)
    [stamped] = checks(path, tmp_path, authority)["signature"]
    assert stamped.outcome is Outcome.HOLDS
    assert "a trusted time stamp" in stamped.words
