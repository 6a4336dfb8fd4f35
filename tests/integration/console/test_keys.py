"""`verity keys` by its commands: which keys there are, which one signs, and which are revoked."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from console.cli import app
from console.settings import ConsoleSettings
from pipeline.errors import ConfigError, InputError
from reports.as_json import to_json
from reports.document import to_document
from tests.unit.reports.report_maker import CARD, CONTEXT, spliced_report


def invoke(folder: Path, *arguments: str) -> Result:
    settings = ConsoleSettings.from_env({"VERITY_SIGNING_KEYS": str(folder / "keys")})
    return CliRunner().invoke(app, arguments, obj=settings, env={"COLUMNS": "200"})


def listed(folder: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(invoke(folder, "keys", "list", "--json").output)
    return rows


def test_rotating_keeps_what_was_and_signs_with_the_new_one(tmp_path: Path) -> None:
    first = invoke(tmp_path, "keys", "create", "--signer", "First").output.split()[0]
    second = invoke(tmp_path, "keys", "rotate", "--signer", "Second").output.split()[0]
    assert {row["sha256"]: row["state"] for row in listed(tmp_path)} == {
        first: "known",
        second: "signs",
    }


def test_a_revoked_key_is_told_of_by_verify_and_signs_no_more(tmp_path: Path) -> None:
    mark = invoke(tmp_path, "keys", "create").output.split()[0]
    report = tmp_path / "report.json"
    report.write_bytes(to_json(to_document(spliced_report(), CARD, CONTEXT)))
    assert invoke(tmp_path, "sign", str(report)).exit_code == 0
    assert invoke(tmp_path, "verify", str(report)).exit_code == 0

    said = invoke(tmp_path, "keys", "revoke", mark[:10], "--reason", "laptop stolen")
    assert "verity keys rotate" in said.output

    found = invoke(tmp_path, "verify", str(report))
    assert found.exit_code == 1
    assert "laptop stolen" in found.output
    assert [row["state"] for row in listed(tmp_path)] == ["revoked"]
    assert isinstance(invoke(tmp_path, "sign", str(report)).exception, ConfigError)


def test_a_key_of_somebody_else_is_revoked_by_its_whole_fingerprint(tmp_path: Path) -> None:
    theirs = "4f" * 32
    since = "2026-11-01T00:00:00Z"
    assert invoke(tmp_path, "keys", "revoke", theirs, "--since", since).exit_code == 0
    [row] = listed(tmp_path)
    assert (row["sha256"], row["state"]) == (theirs, "revoked")
    assert row["revoked_since"] == "2026-11-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "arguments",
    [
        ("revoke", "4f3c4f3c"),  # of no key here
        ("revoke", "../../etc/passwd"),
        ("revoke", "4f" * 32, "--since", "yesterday"),
        ("import", "key.pem"),
        ("import", "--pkcs11", "module.so", "--token", "laboratory"),
        ("import", "key.pem", "certificate.pem", "--key", "reports"),
    ],
)
def test_what_is_not_said_clearly_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert isinstance(invoke(tmp_path, "keys", *arguments).exception, InputError)
    assert not (tmp_path / "keys").exists()
