"""The commands about reports that are there: export, sign, verify, keys."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from console.cli import app
from console.settings import ConsoleSettings
from pipeline.errors import InputError
from reports.as_json import to_json
from reports.document import to_document
from tests.unit.reports.report_maker import CARD, CONTEXT, spliced_report


def invoke(var: Path, *arguments: str) -> Result:
    settings = ConsoleSettings.from_env({"VERITY_VAR": str(var)})
    return CliRunner().invoke(app, arguments, obj=settings, env={"COLUMNS": "200"})


def write_report(folder: Path) -> Path:
    path = folder / "report.json"
    path.write_bytes(to_json(to_document(spliced_report(), CARD, CONTEXT)))
    return path


@pytest.mark.parametrize(
    "command",
    [("export",), ("sign",), ("verify",), ("keys", "create"), ("keys", "import"),
     ("audit", "verify"), ("audit", "head")],
    ids=" ".join,
)  # fmt: skip
def test_every_command_has_help_and_an_example(tmp_path: Path, command: tuple[str, ...]) -> None:
    result = invoke(tmp_path, *command, "--help")
    assert result.exit_code == 0
    assert f"verity {' '.join(command)}" in result.output


def test_export_writes_the_formats_that_were_asked_for(tmp_path: Path) -> None:
    result = invoke(tmp_path, "export", str(write_report(tmp_path)), "--as", "webvtt")
    assert result.exit_code == 0
    assert (tmp_path / "report.vtt").read_text().startswith("WEBVTT")
    assert not (tmp_path / "report.TextGrid").exists()


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    result = invoke(tmp_path, "export", str(write_report(tmp_path)), "--as", "srt")
    assert isinstance(result.exception, InputError)
    assert "choose csv, textgrid, audacity, webvtt" in result.exception.message


def test_a_signed_report_verifies_and_a_changed_one_does_not(tmp_path: Path) -> None:
    path = write_report(tmp_path)
    assert invoke(tmp_path, "sign", str(path)).exit_code == 0
    held = invoke(tmp_path, "verify", str(path), "--json")
    assert held.exit_code == 0
    outcomes = {check["check"]: check["outcome"] for check in json.loads(held.output)}
    assert outcomes == {
        "signature": "holds",
        "time stamp": "absent",
        "findings": "holds",
        "media": "absent",
        "audit log": "absent",
    }
    path.write_bytes(path.read_bytes().replace(b"Morning", b"Evening"))
    changed = invoke(tmp_path, "verify", str(path))
    assert changed.exit_code == 1
    assert "these are not the bytes that were signed" in changed.output


def test_repeating_needs_the_media(tmp_path: Path) -> None:
    result = invoke(tmp_path, "verify", str(write_report(tmp_path)), "--repeat")
    assert isinstance(result.exception, InputError)
    assert "--media" in result.exception.message
