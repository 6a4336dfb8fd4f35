"""`verity sweep` and `verity notify`, by what they print and write."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from console.cli import app
from console.settings import ConsoleSettings
from jobs.spec import ItemKind
from jobs.sweep_clock import digest_ended
from jobs.sweep_desk import SweepDesk
from jobs.work_queue import WorkQueue
from pipeline.errors import InputError, SourceNotFoundError
from pipeline.vocabulary import AnalysisOptions, VerdictKind
from tests.integration.jobs.queue_makers import CORRUPT, make_items, make_result

pytestmark = pytest.mark.postgres
FEED = "https://example.org/podcast.xml"
Verity = Callable[..., str]


@pytest.fixture
def verity(database_url: str, engine: Engine, tmp_path: Path) -> Verity:
    """Give a function that runs a command and returns what it printed."""
    environ = {
        "VERITY_DATABASE_URL": database_url.replace("+psycopg", ""),
        "VERITY_VAR": str(tmp_path / "var"),
        "VERITY_OBJECTS": str(tmp_path / "objects"),
    }

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, list(arguments), obj=ConsoleSettings(environ))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return run


def run_jobs(engine: Engine, verdicts: list[VerdictKind], start: int) -> None:
    """Walk everything that waits, with one failure at the end, and write the digest."""
    queue = WorkQueue(engine)
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    queue.add_items(listing, make_items(len(verdicts) + 1, start))
    queue.finish(listing)
    claims = queue.claim("worker", limit=50, kind=ItemKind.MEDIA)
    for claim, kind in zip(claims, verdicts, strict=False):
        queue.finish(claim, make_result(claim, kind=kind))
    queue.fail(claims[-1], CORRUPT)
    queue.tend()
    queue.close()
    assert digest_ended(engine) == 1


def test_a_sweep_is_made_shown_in_words_and_listed(verity: Verity) -> None:
    made = verity("sweep", "add", "30 9 * * 1-5", "--tz", "Europe/Berlin", FEED, "--name", "News")
    assert made.startswith("Sweep 1: At 09:30")
    assert made.count(" 09:30 CE") == 5
    shown = json.loads(verity("sweep", "list", "--json"))
    assert [(one["name"], one["timezone"]) for one in shown] == [("News", "Europe/Berlin")]
    assert FEED in verity("sweep", "show", "1")


def test_a_sweep_s_job_is_told_all_that_a_job_may_be(verity: Verity, engine: Engine) -> None:
    (detector,) = [
        one for one in json.loads(verity("models", "--json")) if one["role"] == "detector"
    ]
    wishes = ("--hop", "0.5", "--clips", "--explain", "--keep-media", "0", "--keep-reports", "9")
    named = ("--model", detector["name"], "--open-archives")
    verity("sweep", "add", "@daily", FEED, *wishes, *named)
    job = SweepDesk(engine).sweep_status("1").job
    assert job.options == AnalysisOptions(hop_s=0.5, keep_clips=True, explain=True)
    assert (job.keep_media_days, job.keep_report_days) == (0, 9)
    assert job.detector == detector["sha256"]
    assert job.source_options.open_archives
    assert f"listens with {detector['sha256'][:12]}" in verity("sweep", "show", "1")


@pytest.mark.parametrize(
    "arguments",
    [
        ("every day", FEED),
        ("@daily", FEED, "--tz", "Mars/Base"),
        ("@daily", "nothing"),
        ("@daily", FEED, "--model", "nobody"),
    ],
)
def test_a_mistake_is_said_before_anything_is_made(
    verity: Verity, arguments: tuple[str, ...]
) -> None:
    with pytest.raises((InputError, SourceNotFoundError)):
        verity("sweep", "add", *arguments)
    assert "no sweeps yet" in verity("sweep", "list")


def test_runs_have_a_history_and_a_digest_as_text_pdf_json_and_feed(
    verity: Verity, engine: Engine, tmp_path: Path
) -> None:
    verity("sweep", "add", "@daily", FEED, "--name", "News")
    with pytest.raises(SourceNotFoundError):
        verity("sweep", "digest", "1")
    for start, verdicts in ((0, [VerdictKind.SYNTHETIC]), (10, [VerdictKind.NO_EVIDENCE] * 2)):
        verity("sweep", "run", "1")
        run_jobs(engine, verdicts, start)
    history = json.loads(verity("sweep", "history", "1", "--json"))
    assert [run["digest"]["counts"]["new"] for run in history] == [3, 2]

    said = verity("sweep", "digest", "1", "--to", str(tmp_path / "digest"))
    assert "News: 3 new, 0 with evidence of synthesis, 1 failed" in said
    assert "(the run before: 2)" in said
    names = {path.suffix for path in (tmp_path / "digest").iterdir()}
    assert {".pdf", ".json", ".rss"} <= names


def test_pausing_resuming_and_removing_are_said(verity: Verity) -> None:
    verity("sweep", "add", "@daily", FEED)
    assert "paused" in verity("sweep", "pause", "1")
    assert "paused" in verity("sweep", "list")
    assert "goes on" in verity("sweep", "resume", "1")
    verity("sweep", "remove", "1")
    assert "no sweeps yet" in verity("sweep", "list")


def test_a_subscription_shows_its_secret_once(verity: Verity) -> None:
    made = verity("notify", "add", "https://example.org/hook", "--on", "job.done")
    secret = made.rsplit(" ", 1)[-1].strip()
    assert secret.startswith("whsec_")
    listed = verity("notify", "list", "--json")
    assert secret not in listed
    assert json.loads(listed)[0]["events"] == ["job.done"]
    assert "0 to be sent again" in verity("notify", "replay", "--dead")
    verity("notify", "remove", "1")
    assert json.loads(verity("notify", "list", "--json")) == []
