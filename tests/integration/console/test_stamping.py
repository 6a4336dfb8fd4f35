"""`verity sign --stamp`, `stamp` and `verify` by their commands, with an authority of our own."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from console.cli import app
from console.settings import ConsoleSettings
from console.stamping import stamper_of
from pipeline.errors import ConfigError, InputError
from reports.as_json import to_json
from reports.as_pdf import to_pdf
from reports.document import to_document
from tests.local_authority import LocalAuthority, local_authority
from tests.unit.reports.report_maker import CARD, CONTEXT, spliced_report

DOCUMENT = to_document(spliced_report(), CARD, CONTEXT)


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[LocalAuthority]:
    with local_authority(tmp_path / "authority") as authority:
        yield authority


@pytest.fixture
def environ(authority: LocalAuthority, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "VERITY_VAR": str(tmp_path / "var"),
        "VERITY_STAMP_AUTHORITIES": authority.url,
        "VERITY_STAMP_TRUST": str(authority.trust),
        "VERITY_FETCH_ALLOW": authority.url.split("/")[2],
    }


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    path.write_bytes(to_json(DOCUMENT))
    path.with_suffix(".pdf").write_bytes(to_pdf(DOCUMENT))
    return path


def invoke(environ: dict[str, str], *arguments: str) -> Result:
    settings = ConsoleSettings.from_env(environ)
    return CliRunner().invoke(app, arguments, obj=settings, env={"COLUMNS": "200"})


def outcomes(environ: dict[str, str], path: Path) -> dict[str, str]:
    result = invoke(environ, "verify", str(path), "--json")
    return {row["check"]: row["outcome"] for row in json.loads(result.stdout)}


def test_stamped_reports_verify_and_a_changed_stamp_does_not(
    report: Path, environ: dict[str, str]
) -> None:
    pdf = report.with_suffix(".pdf")
    assert invoke(environ, "sign", str(report), str(pdf), "--stamp").exit_code == 0
    for path in (report, pdf):
        found = outcomes(environ, path)
        assert (found["signature"], found["time stamp"]) == ("holds", "holds")
        assert found["audit log"] == "absent"
    said = invoke(environ, "verify", str(report))
    assert "by Common Name: Test Authority, of a trusted authority" in said.stdout
    stamp = report.with_name("report.json.jws.tsr")
    stamp.write_bytes(stamp.read_bytes()[:-1] + b"\0")
    assert outcomes(environ, report)["time stamp"] == "fails"
    assert invoke(environ, "verify", str(report)).exit_code == 1


def test_stamp_that_is_missing_is_said_and_added_later(
    report: Path, environ: dict[str, str], authority: LocalAuthority
) -> None:
    authority.status = 503
    away = invoke(environ, "sign", str(report), "--stamp")
    assert away.exit_code == 1
    assert "answered 503" in away.output
    assert outcomes(environ, report) | {"signature": "holds", "time stamp": "absent"} == outcomes(
        environ, report
    )
    authority.status = 200
    assert invoke(environ, "stamp", str(report)).exit_code == 0
    assert outcomes(environ, report)["time stamp"] == "holds"


def test_what_is_stamped_keeps_its_bytes(report: Path, environ: dict[str, str]) -> None:
    pdf = report.with_suffix(".pdf")
    assert invoke(environ, "sign", str(report), str(pdf)).exit_code == 0
    assert invoke(environ, "stamp", str(report)).exit_code == 0
    assert isinstance(invoke(environ, "sign", str(report)).exception, InputError)
    assert isinstance(invoke(environ, "sign", str(pdf)).exception, InputError)
    # as out of a fleet's store, where a PDF's stamps lie beside it
    inside = pdf.read_bytes()
    pdf.with_name("report.pdf.tsr").write_bytes(stamp_over(environ, inside))
    assert invoke(environ, "stamp", str(pdf)).exit_code == 0
    assert pdf.read_bytes() == inside
    assert pdf.with_name("report.pdf.2.tsr").is_file()
    assert outcomes(environ, pdf)["time stamp"] == "holds"
    assert invoke(environ, "verify", str(pdf)).exit_code == 0
    assert outcomes(environ, report)["time stamp"] == "holds"


def stamp_over(environ: dict[str, str], content: bytes) -> bytes:
    with stamper_of(ConsoleSettings.from_env(environ)) as stamper:
        [response], _ = stamper.stamp_bytes(content)
    return response


def test_report_without_a_signature_is_not_stamped(report: Path, environ: dict[str, str]) -> None:
    refused = invoke(environ, "stamp", str(report)).exception
    assert isinstance(refused, InputError)
    assert refused.code == "not_signed"


def test_stamping_needs_an_authority(report: Path, environ: dict[str, str]) -> None:
    del environ["VERITY_STAMP_AUTHORITIES"]
    refused = invoke(environ, "stamp", str(report)).exception
    assert isinstance(refused, ConfigError)
    assert "VERITY_STAMP_AUTHORITIES" in refused.message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("VERITY_STAMP_AUTHORITIES", "ftp://one.example"),
        ("VERITY_STAMP_AUTHORITIES", "http://["),
        ("VERITY_STAMP", "yes"),
        ("VERITY_STAMP_TRUST", "/not/there.pem"),
        ("VERITY_C2PA_TRUST", "/not/there.pem"),
        ("VERITY_KEEP_MEDIA_DAYS", "-1"),
        ("VERITY_KEEP_MEDIA_DAYS", "36501"),
        ("VERITY_KEEP_REPORT_DAYS", "0"),
        ("VERITY_KEEP_REPORT_DAYS", "soon"),
    ],
)
def test_wrong_setting_is_named(environ: dict[str, str], key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=key):
        _ = ConsoleSettings.from_env(environ | {key: value}).storage


def test_stamping_everything_needs_an_authority(environ: dict[str, str]) -> None:
    del environ["VERITY_STAMP_AUTHORITIES"]
    with pytest.raises(ConfigError, match="VERITY_STAMP_AUTHORITIES"):
        _ = ConsoleSettings.from_env(environ | {"VERITY_STAMP": "1"}).storage
