"""What a revoked key signed fails, but for what a trusted time stamp shows to be older."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from reports.as_pdf import to_pdf
from reports.document import to_document
from reports.key_revocation import Revocation, revocations, revoke
from reports.opinion import Opinion
from reports.pdf_signature import sign_pdf
from reports.pdf_stamps import stamp_pdf
from reports.rendering import render
from reports.reviewing import NewOpinion, reviewed
from reports.signer_checks import Check, KnownSigners, Outcome
from reports.signing_keys import SigningKey, create_key, current_key, fingerprint
from reports.stamp_checks import StampFiles
from reports.time_stamps import Authority, trusted_roots
from reports.verification import check_report, open_report
from tests.local_authority import LocalAuthority, local_authority
from tests.unit.reports.report_maker import CARD, CONTEXT, spliced_report

LATER = datetime.now(UTC) + timedelta(days=1)
EARLIER = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAuthority]:
    with local_authority(tmp_path_factory.mktemp("authority") / "it", "Authority") as running:
        yield running


def ask(authority: LocalAuthority) -> Authority:
    return Authority(authority.url, lambda _, request: authority.reply(request))


def mark(key: SigningKey) -> str:
    return fingerprint(key.certificate)


def written(folder: Path, key: SigningKey) -> tuple[Path, bytes]:
    """Write a signed report's JSON and PDF; return the JSON and its signature."""
    files = {
        file.kind: file.content
        for file in render(to_document(spliced_report(), CARD, CONTEXT), {}, key)
    }
    (folder / "report.json").write_bytes(files["json"])
    (folder / "report.pdf").write_bytes(files["pdf"])
    return folder / "report.json", files["jws"]


def checked(path: Path, jws: bytes | None, keys: Path, stamps: StampFiles | None = None) -> Check:
    return next(iter(check_report(open_report(path), jws, KnownSigners(keys), None, stamps)))


def test_what_a_revoked_key_signed_fails_and_says_since_when_and_why(tmp_path: Path) -> None:
    key = create_key(tmp_path / "keys", "Example Laboratory")
    path, jws = written(tmp_path, key)
    assert checked(path, jws, tmp_path / "keys").outcome is Outcome.HOLDS
    revoke(tmp_path / "keys", Revocation(mark(key), LATER, "laptop stolen"))
    for report, token in ((path, jws), (tmp_path / "report.pdf", None)):
        check = checked(report, token, tmp_path / "keys")
        assert check.outcome is Outcome.FAILS
        assert "laptop stolen" in check.words
        assert f"{LATER:%Y-%m-%d}" in check.words


def test_a_key_of_somebody_else_can_be_revoked_where_reports_are_checked(tmp_path: Path) -> None:
    key = create_key(tmp_path / "theirs", "Somebody else")
    path, jws = written(tmp_path, key)
    revoke(tmp_path / "ours", Revocation(mark(key), EARLIER, ""))
    assert checked(path, jws, tmp_path / "ours").outcome is Outcome.FAILS


@pytest.mark.parametrize(("since", "outcome"), [(LATER, Outcome.HOLDS), (EARLIER, Outcome.FAILS)])
def test_a_trusted_stamp_saves_what_is_older_than_the_revocation(
    tmp_path: Path, authority: LocalAuthority, since: datetime, outcome: Outcome
) -> None:
    key = create_key(tmp_path / "keys", "Example Laboratory")
    path, jws = written(tmp_path, key)
    revoke(tmp_path / "keys", Revocation(mark(key), since, ""))
    roots = trusted_roots(authority.trust)
    beside = StampFiles({"report.json.jws.tsr": ask(authority).stamp(jws)}, roots)
    assert checked(path, jws, tmp_path / "keys", beside).outcome is outcome
    pdf = tmp_path / "report.pdf"
    pdf.write_bytes(stamp_pdf(pdf.read_bytes(), ask(authority)))
    assert checked(pdf, None, tmp_path / "keys", StampFiles(roots=roots)).outcome is outcome


def test_a_stamp_of_an_authority_that_nobody_trusts_saves_nothing(
    tmp_path: Path, authority: LocalAuthority
) -> None:
    key = create_key(tmp_path / "keys", "Example Laboratory")
    path, jws = written(tmp_path, key)
    revoke(tmp_path / "keys", Revocation(mark(key), LATER, ""))
    beside = StampFiles({"report.json.jws.tsr": ask(authority).stamp(jws)}, ())
    assert checked(path, jws, tmp_path / "keys", beside).outcome is Outcome.FAILS


def test_a_stamp_from_before_the_pdf_was_signed_says_nothing_of_the_signature(
    tmp_path: Path, authority: LocalAuthority
) -> None:
    key = create_key(tmp_path / "keys", "Example Laboratory")
    pdf = tmp_path / "report.pdf"
    unsigned = to_pdf(to_document(spliced_report(), CARD, CONTEXT))
    pdf.write_bytes(sign_pdf(stamp_pdf(unsigned, ask(authority)), key))
    revoke(tmp_path / "keys", Revocation(mark(key), LATER, ""))
    roots = StampFiles(roots=trusted_roots(authority.trust))
    assert checked(pdf, None, tmp_path / "keys", roots).outcome is Outcome.FAILS


def test_an_opinion_of_a_revoked_examiner_fails(tmp_path: Path) -> None:
    site = create_key(tmp_path / "keys", "Example Laboratory")
    examiner = create_key(tmp_path / "examiner", "Dr. Example")
    opinion = NewOpinion(Opinion.AGREE, "I heard it too.", "", datetime.now(UTC))
    document = to_document(spliced_report(), CARD, CONTEXT)
    files = {
        file.kind: file.content
        for file in render(reviewed(document, "0" * 64, opinion, examiner), {}, site)
    }
    path = tmp_path / "report.v2.json"
    path.write_bytes(files["json"])
    revoke(tmp_path / "keys", Revocation(mark(examiner), EARLIER, "left the laboratory"))
    checks = list(
        check_report(open_report(path), files["jws"], KnownSigners(tmp_path / "keys"), None)
    )
    (review,) = (check for check in checks if check.name == "review")
    assert review.outcome is Outcome.FAILS
    assert "left the laboratory" in review.words
    assert checks[0].outcome is Outcome.HOLDS


def test_a_revoked_key_signs_no_more_until_it_is_rotated(tmp_path: Path) -> None:
    key = create_key(tmp_path, "Example Laboratory")
    revoke(tmp_path, Revocation(mark(key), LATER, ""))
    with pytest.raises(ConfigError, match="verity keys rotate"):
        current_key(tmp_path)
    assert create_key(tmp_path, "Next") == current_key(tmp_path)


def test_of_two_revocations_the_earlier_time_stays(tmp_path: Path) -> None:
    key = create_key(tmp_path, "Example Laboratory")
    revoke(tmp_path, Revocation(mark(key), EARLIER, "stolen"))
    revoke(tmp_path, Revocation(mark(key), LATER, "again"))
    assert list(revocations(tmp_path)) == [Revocation(mark(key), EARLIER, "stolen")]


def test_a_damaged_revocation_is_told_and_never_passed_over(tmp_path: Path) -> None:
    key = create_key(tmp_path / "keys", "Example Laboratory")
    path, jws = written(tmp_path, key)
    revoke(tmp_path / "keys", Revocation(mark(key), EARLIER, ""))
    (tmp_path / "keys" / "revoked" / f"{mark(key)}.json").write_text("{}")
    with pytest.raises(ConfigError, match="verity keys revoke"):
        checked(path, jws, tmp_path / "keys")
