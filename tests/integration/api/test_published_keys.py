"""The console publishes its keys, and `verity verify --keys` asks it for them."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from console.api.app import create_app
from console.api.context import ApiContext
from console.cli import app
from console.settings import ConsoleSettings
from pipeline.errors import FetchFailedError, InputError
from reports.document import to_document
from reports.key_revocation import Revocation, revoke
from reports.rendering import render
from reports.signing_keys import create_key, fingerprint
from tests.integration.api.conftest import serving
from tests.unit.reports.report_maker import CARD, CONTEXT, spliced_report

pytestmark = pytest.mark.postgres


@pytest.fixture
def address(context: ApiContext, tmp_path: Path) -> Iterator[str]:
    """Serve a laboratory whose key signed a report and was revoked later."""
    keys = tmp_path / "laboratory" / "keys"
    key = create_key(keys, "Laboratory")
    for file in render(to_document(spliced_report(), CARD, CONTEXT), {}, key):
        (tmp_path / f"report{file.ending}").write_bytes(file.content)
    lost = Revocation(fingerprint(key.certificate), datetime(2026, 11, 1, tzinfo=UTC), "lost")
    revoke(keys, lost)
    environment = ConsoleSettings({"VERITY_SIGNING_KEYS": str(keys)})
    with serving(create_app(dataclasses.replace(context, environment=environment))) as address:
        yield address


def verify(tmp_path: Path, place: str, allowed: str = "") -> Result:
    environ = {"VERITY_VAR": str(tmp_path / "reader"), "VERITY_FETCH_ALLOW": allowed}
    command = ["verify", str(tmp_path / "report.json"), "--json", "--keys", place]
    return CliRunner().invoke(app, command, obj=ConsoleSettings(environ))


def signature(done: Result) -> str:
    checks = json.loads(done.stdout)
    return next(
        f"{each['outcome']}: {each['words']}" for each in checks if each["check"] == "signature"
    )


def test_a_reader_elsewhere_learns_from_the_console_that_a_key_is_revoked(
    address: str, tmp_path: Path
) -> None:
    told = verify(tmp_path, address, address.removeprefix("http://"))
    assert told.exit_code == 1
    assert told.stdout, repr(told.exception)  # no list, no checks
    assert signature(told).startswith("fails: ")
    assert "revoked since 2026-11-01 00:00:00 UTC (lost)" in signature(told)


def test_the_list_is_asked_for_through_the_guard(address: str, tmp_path: Path) -> None:
    refused = verify(tmp_path, address)  # an address of this machine, which nobody allowed
    assert isinstance(refused.exception, FetchFailedError)
    assert "no list of keys was read" in refused.exception.message


def test_another_page_of_the_console_is_no_list(address: str, tmp_path: Path) -> None:
    refused = verify(tmp_path, f"{address}/v1/health/live", address.removeprefix("http://"))
    assert isinstance(refused.exception, InputError)
    assert "no list of keys" in refused.exception.message
