"""What is known of locked packages, what of it is accepted, and what was not asked."""

import json
from datetime import date
from pathlib import Path

import pytest

from console import package_audit
from console.package_audit import ACCEPTED, Weakness, accepted_ids, unasked_in, weaknesses_in
from pipeline.errors import ConfigError

ANSWER = json.dumps(
    {
        "dependencies": [
            {"name": "flask", "version": "0.5", "vulns": []},
            {
                "name": "requests",
                "version": "2.19.1",
                "vulns": [{"id": "PYSEC-2018-28", "fix_versions": ["2.20.0"], "aliases": []}],
            },
            {"name": "ours", "skip_reason": "not on PyPI"},
        ]
    }
)


def test_what_is_known_and_what_was_not_asked_are_told_apart() -> None:
    assert weaknesses_in(ANSWER) == [Weakness("requests", "2.19.1", "PYSEC-2018-28", "2.20.0")]
    assert unasked_in(ANSWER) == ["ours"]


def test_a_weakness_is_accepted_up_to_a_day_and_for_a_reason() -> None:
    text = "# reasons\nPYSEC-2018-28 2026-12-01 we follow no redirects\n\n"
    assert accepted_ids(text, date(2026, 12, 1)) == {"PYSEC-2018-28"}
    assert accepted_ids(text, date(2026, 12, 2)) == set()


@pytest.mark.parametrize("line", ["PYSEC-1", "PYSEC-1 2026-12-01", "PYSEC-1 soon it will be"])
def test_an_acceptance_without_end_or_reason_is_refused(line: str) -> None:
    with pytest.raises(ConfigError, match=r"accepted\.txt"):
        accepted_ids(line, date(2026, 1, 1))


def test_the_list_that_is_kept_can_be_read() -> None:
    accepted_ids(ACCEPTED.read_text("utf-8"), date(2026, 1, 1))


def test_an_audit_that_breaks_off_after_its_canary_is_not_called_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = tmp_path / "pip-audit"
    known = json.dumps(
        {
            "dependencies": [
                {
                    "name": "requests",
                    "version": "2.19.1",
                    "vulns": [{"id": "X", "fix_versions": []}],
                }
            ]
        }
    )
    service.write_text(f"#!/bin/sh\ncase \"$*\" in *canary*) echo '{known}';; *) exit 1;; esac\n")
    service.chmod(0o755)
    monkeypatch.setattr(package_audit, "AUDIT", service)
    monkeypatch.setattr(package_audit, "CANARY_FILE", tmp_path / "canary.txt")
    assert package_audit.main() == 1
    assert "NOT AUDITED" in capsys.readouterr().out
