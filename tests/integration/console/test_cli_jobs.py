"""The commands about jobs, against a real database."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

VERITY = Path(sys.executable).with_name("verity")
Verity: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = pytest.mark.postgres


@pytest.fixture
def verity(database_url: str, tmp_path: Path) -> Verity:
    environ = os.environ | {"VERITY_DATABASE_URL": database_url, "VERITY_VAR": str(tmp_path)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(VERITY), *arguments],
            capture_output=True,
            text=True,
            env=environ,
            timeout=150,
            check=False,
        )

    return run


def test_a_job_is_queued_listed_shown_cancelled(verity: Verity, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    queued = verity(
        "submit", str(tmp_path / "media"), "--name", "Tuesday", "--priority", "live", "--json"
    )
    assert queued.returncode == 0, queued.stderr
    job_id = json.loads(queued.stdout)["job_id"]
    (listed,) = json.loads(verity("jobs", "--json").stdout)
    assert (listed["job_id"], listed["name"], listed["priority"]) == (job_id, "Tuesday", "live")
    shown = json.loads(verity("show", job_id, "--json").stdout)
    assert shown["job"]["state"] == "listing"
    assert shown["waiting"]["what"] == "worker"
    assert "verity work" in shown["waiting"]["words"]
    assert "no fleet worker is there" in verity("show", job_id).stdout
    assert "verity resume" in verity("pause", job_id).stdout
    assert json.loads(verity("resume", job_id, "--json").stdout)["job"]["is_paused"] is False
    item_id = shown["items"][0]["item_id"]
    assert json.loads(verity("history", item_id, "--json").stdout)["attempts"] == []
    assert verity("cancel", job_id).returncode == 0
    assert "cancelled" in verity("jobs").stdout
    assert verity("retry", job_id).returncode == 2


def test_submit_prints_the_job_id_alone(verity: Verity) -> None:
    assert verity("submit", "s3://bucket/prefix").stdout.strip().isdigit()


def test_a_job_may_name_one_of_the_detectors_that_are_listed(verity: Verity) -> None:
    shown = verity("models").stdout
    assert "the usual one" in shown
    detectors = [
        one for one in json.loads(verity("models", "--json").stdout) if one["role"] == "detector"
    ]
    assert all(one["sha256"][:12] in shown for one in detectors)
    usual = next(one for one in detectors if one["is_default"])
    queued = verity("submit", "s3://bucket/in", "--model", usual["name"], "--json")
    assert queued.returncode == 0, queued.stderr
    unknown = verity("submit", "s3://bucket/in", "--model", "nobody's")
    assert unknown.returncode == 2
    assert usual["name"] in unknown.stderr
    assert len(json.loads(verity("jobs", "--json").stdout)) == 1


@pytest.mark.parametrize(
    "command", [("show",), ("pause",), ("history",), ("reports", "--to", "TMP")]
)
def test_an_unknown_job_is_named(verity: Verity, command: tuple[str, ...], tmp_path: Path) -> None:
    name, *rest = [str(tmp_path) if word == "TMP" else word for word in command]
    done = verity(name, "999", *rest)
    assert done.returncode == 2
    assert "999" in done.stderr


def test_a_path_that_does_not_exist_is_refused_at_once(verity: Verity) -> None:
    done = verity("submit", "/no/such/folder")
    assert done.returncode == 2
    assert "/no/such/folder" in done.stderr


def test_waiting_for_a_job_that_is_cancelled_ends_with_status_1(
    verity: Verity, database_url: str, tmp_path: Path
) -> None:
    environ = os.environ | {"VERITY_DATABASE_URL": database_url, "VERITY_VAR": str(tmp_path)}
    command = [str(VERITY), "submit", "s3://bucket/prefix", "--wait"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as waiting:
        assert waiting.stdout is not None
        job_id = waiting.stdout.readline().split()[-1]
        assert verity("cancel", job_id).returncode == 0
        assert waiting.wait(timeout=90) == 1


def test_top_shows_the_queue_once_for_people_and_programs(verity: Verity) -> None:
    verity("submit", "s3://bucket/prefix", "--priority", "live", "--name", "Urgent")
    looked = verity("top", "--once")
    assert looked.returncode == 0, looked.stderr
    assert "Urgent" in looked.stdout
    [depth] = json.loads(verity("top", "--once", "--json").stdout)["fleet"]["depths"]
    assert (depth["priority"], depth["n_listing"], depth["n_open"]) == (0, 1, 0)


def test_archived_jobs_are_shown_as_before(verity: Verity, tmp_path: Path) -> None:
    job_id = verity("submit", str(tmp_path)).stdout.strip()
    verity("cancel", job_id)
    shown = verity("show", job_id, "--json").stdout
    assert json.loads(verity("archive", "--json").stdout) == {"items": 0, "days": 30.0}
    assert "items archived" in verity("archive", "--days", "0").stdout
    assert verity("show", job_id, "--json").stdout == shown


def test_a_job_may_ask_for_fresh_analyses(verity: Verity) -> None:
    job_id = verity("submit", "s3://bucket/prefix", "--fresh").stdout.strip()
    assert json.loads(verity("show", job_id, "--json").stdout)["job"]["is_fresh"] is True
