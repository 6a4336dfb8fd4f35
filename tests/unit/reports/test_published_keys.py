"""An installation publishes its keys; who verifies its reports elsewhere reads them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import InputError
from reports.json_signature import sign_json
from reports.key_revocation import Revocation, revoke
from reports.published_keys import KeyList, keys_to_publish, read_key_list
from reports.signer_checks import Check, KnownSigners, Outcome, SignedFile, check_signature
from reports.signing_keys import SigningKey, create_key, fingerprint

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def mark(key: SigningKey) -> str:
    return fingerprint(key.certificate)


def published(folder: Path) -> KeyList:
    return read_key_list(keys_to_publish(folder).model_dump_json().encode(), "lab.example")


def seen_elsewhere(key: SigningKey, tmp_path: Path, listed: KeyList | None) -> Check:
    signed = SignedFile(b"{}", sign_json(b"{}", key), None)
    return check_signature(signed, KnownSigners(tmp_path / "elsewhere", listed))


def test_a_list_names_own_keys_only_and_says_which_are_revoked(tmp_path: Path) -> None:
    old, new = (create_key(tmp_path / "keys", "Lab") for _ in range(2))
    revoke(tmp_path / "keys", Revocation(mark(old), NOON, "lost"))
    revoke(tmp_path / "keys", Revocation("ab" * 32, NOON, "of somebody else"))
    listed = published(tmp_path / "keys")
    assert listed.fingerprints == {mark(old), mark(new)}
    assert listed.revocations == (Revocation(mark(old), NOON, "lost"),)


def test_a_published_revocation_counts_elsewhere(tmp_path: Path) -> None:
    old, new = (create_key(tmp_path / "keys", "Lab") for _ in range(2))
    revoke(tmp_path / "keys", Revocation(mark(old), NOON, "lost"))
    listed = published(tmp_path / "keys")
    assert seen_elsewhere(old, tmp_path, None).outcome is Outcome.HOLDS
    found = seen_elsewhere(old, tmp_path, listed)
    assert found.outcome is Outcome.FAILS
    assert "revoked since 2026-11-21 12:00:00 UTC (lost)" in found.words
    good = seen_elsewhere(new, tmp_path, listed)
    assert good.outcome is Outcome.HOLDS
    assert "a key that lab.example names as its own" in good.words


def test_a_key_that_the_list_does_not_name_is_told_of(tmp_path: Path) -> None:
    create_key(tmp_path / "keys", "Lab")
    stranger = create_key(tmp_path / "stranger", "Lab")
    found = seen_elsewhere(stranger, tmp_path, published(tmp_path / "keys"))
    assert "a key that lab.example does not name: compare the fingerprint" in found.words


def test_of_two_revocations_the_earlier_one_counts(tmp_path: Path) -> None:
    key = create_key(tmp_path / "keys", "Lab")
    revoke(tmp_path / "keys", Revocation(mark(key), NOON, "first"))
    revoke(tmp_path / "elsewhere", Revocation(mark(key), NOON + timedelta(days=1), "second"))
    assert "(first)" in seen_elsewhere(key, tmp_path, published(tmp_path / "keys")).words


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"\xff", b'{"keys": []}x', b'{"keys": [{"sha256": "ab"}]}',
     b'{"schema_version": "2.0", "keys": []}', b"[" * 100_000,
     b'{"keys": [{"sha256": "%s", "revoked_since": "2026-01-01T00:00:00"}]}' % (b"ab" * 32)],
    ids=["empty", "list", "broken", "no_text", "tail", "short", "version", "deep", "no_zone"],
)  # fmt: skip
def test_what_is_no_list_of_keys_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="no list of keys"):
        read_key_list(content, "lab.example")
