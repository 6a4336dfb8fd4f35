"""Time stamps hold over the bytes that were stamped; every changed byte of either is found."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reports.document import to_document
from reports.pdf_signature import signer_of_pdf
from reports.pdf_stamps import stamps_of_pdf
from reports.rendering import RenderedFile, render
from reports.signing_keys import create_key
from reports.stamping import Stamper, open_stamper
from reports.time_stamps import Authority, read_stamp, trusted_roots
from storage.egress_policy import EgressPolicy, parse_allow
from tests.local_authority import LocalAuthority, local_authority
from tests.unit.reports.report_maker import CARD, CONTEXT, spliced_report


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[LocalAuthority]]:
    folder = tmp_path_factory.mktemp("authorities")
    with (
        local_authority(folder / "first", "First Authority") as first,
        local_authority(folder / "second", "Second Authority") as second,
    ):
        yield [first, second]


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RenderedFile]:
    key = create_key(tmp_path_factory.mktemp("keys"), "Example Laboratory")
    return by_kind(render(to_document(spliced_report(), CARD, CONTEXT), {}, key))


def by_kind(files: tuple[RenderedFile, ...]) -> dict[str, RenderedFile]:
    return {file.kind: file for file in files}


def policy_for(*authorities: LocalAuthority) -> EgressPolicy:
    return EgressPolicy(parse_allow(",".join(one.url.split("/")[2] for one in authorities)))


def stamp_all(
    authorities: list[LocalAuthority], files: dict[str, RenderedFile]
) -> tuple[dict[str, RenderedFile], tuple[str, ...]]:
    with open_stamper([one.url for one in authorities], policy_for(*authorities)) as stamper:
        stamped, problems = stamper.stamp_files(tuple(files.values()))
    return by_kind(stamped), problems


def test_two_authorities_stamp_json_and_pdf(
    authorities: list[LocalAuthority], signed: dict[str, RenderedFile]
) -> None:
    files, problems = stamp_all(authorities, signed)

    assert problems == ()
    assert files["tsr"].ending == ".json.jws.tsr"
    assert files["tsr-2"].ending == ".json.jws.2.tsr"
    for kind, authority in zip(("tsr", "tsr-2"), authorities, strict=True):
        roots = trusted_roots(authority.trust)
        stamp = read_stamp(files[kind].content, files["jws"].content, roots)
        assert stamp is not None
        assert (stamp.holds, stamp.is_trusted) == (True, True)
        assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=1)
    pdf = files["pdf"].content
    assert pdf.startswith(signed["pdf"].content)
    first, second = stamps_of_pdf(pdf, trusted_roots(authorities[0].trust))
    assert first is not None
    assert second is not None
    assert (first.holds, first.is_trusted) == (True, True)
    assert (second.holds, second.is_trusted) == (True, False)  # of another root
    signer = signer_of_pdf(pdf)
    assert signer is not None
    assert signer.holds


def test_openssl_holds_a_stamp_and_refuses_other_bytes(
    authorities: list[LocalAuthority], signed: dict[str, RenderedFile], tmp_path: Path
) -> None:
    files, _ = stamp_all(authorities[:1], signed)
    (tmp_path / "r.jws").write_bytes(files["jws"].content)
    (tmp_path / "other").write_bytes(files["jws"].content + b" ")
    (tmp_path / "r.tsr").write_bytes(files["tsr"].content)
    for name, code in (("r.jws", 0), ("other", 1)):
        command = ["openssl", "ts", "-verify", "-data", name, "-in", "r.tsr"]
        command += ["-CAfile", str(authorities[0].trust)]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == code


def test_each_changed_byte_of_a_stamp_is_found(
    authorities: list[LocalAuthority], signed: dict[str, RenderedFile]
) -> None:
    files, _ = stamp_all(authorities[:1], signed)
    stamp, jws = files["tsr"].content, files["jws"].content
    roots = trusted_roots(authorities[0].trust)
    for place in range(0, len(stamp), 3):
        changed = stamp[:place] + bytes([stamp[place] ^ 1]) + stamp[place + 1 :]
        found = read_stamp(changed, jws, roots)
        assert found is None or not found.holds, place
    unfit = read_stamp(stamp, jws[:-2] + b"x\n", roots)
    assert unfit is not None
    assert not unfit.holds


def test_each_changed_byte_of_a_stamped_pdf_is_found(
    authorities: list[LocalAuthority], signed: dict[str, RenderedFile]
) -> None:
    files, _ = stamp_all(authorities[:1], signed)
    pdf = files["pdf"].content
    roots = trusted_roots(authorities[0].trust)
    appended = range(len(signed["pdf"].content), len(pdf), 4_999)
    for place in [*range(9, len(pdf), 49_999), *appended]:
        changed = pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]
        signer = signer_of_pdf(changed)
        stamps = list(stamps_of_pdf(changed, roots))
        is_whole = signer is not None and signer.holds and len(stamps) == 1
        assert not (is_whole and stamps[0] is not None and stamps[0].holds), place


def test_authority_that_is_away_is_named_left_alone_and_missed_by_nobody(
    authorities: list[LocalAuthority], signed: dict[str, RenderedFile], tmp_path: Path
) -> None:
    with local_authority(tmp_path / "away") as away:
        away.status = 503
        files, problems = stamp_all([away, authorities[0]], signed)
        assert away.n_asked == 0
        [problem, again] = problems  # asked once, for JSON; for the PDF it was left alone
    assert "answered 503" in problem
    assert "is away" in again
    assert "tsr" in files
    assert "tsr-2" not in files
    assert len(list(stamps_of_pdf(files["pdf"].content, ()))) == 1


def test_stamps_leave_through_the_guard(
    authorities: list[LocalAuthority], signed: dict[str, RenderedFile]
) -> None:
    n_asked = authorities[0].n_asked
    with open_stamper([authorities[0].url], EgressPolicy()) as stamper:  # nothing private is open
        files, problems = stamper.stamp_files(tuple(signed.values()))
    assert by_kind(files) == signed
    assert problems
    assert authorities[0].n_asked == n_asked


@pytest.mark.parametrize("answer", [b"", b"<html>", b"\x30\x80" * 300, b"\x30\x03\x02\x01\x02"])
def test_what_is_no_stamp_is_refused(answer: bytes) -> None:
    stamper = Stamper([Authority("http://authority.example", lambda _url, _request: answer)])
    stamps, problems = stamper.stamp_bytes(b"signature")
    assert stamps == ()
    assert len(problems) == 1


def test_stamp_over_something_else_is_refused(authorities: list[LocalAuthority]) -> None:
    other: list[bytes] = []

    def replay(_url: str, request: bytes) -> bytes:
        other.append(authorities[0].reply(request))
        return other[0]  # the answer to the request before: another nonce, another hash

    stamper = Stamper([Authority("http://authority.example", replay)])
    assert stamper.stamp_bytes(b"one")[1] == ()
    assert stamper.stamp_bytes(b"two")[1] != ()
