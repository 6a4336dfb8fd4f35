"""The letter of a sweep's digest carries the report of its run, signed, against the run before."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from jobs.delivery import Letter
from jobs.digest import Digest
from jobs.notice_spec import NoticeEvent
from jobs.spec import ItemKind, JobSpec
from jobs.sweep_clock import digest_ended
from jobs.sweep_desk import SweepDesk
from jobs.sweep_spec import SweepSpec
from jobs.work_queue import WorkQueue
from pipeline.vocabulary import VerdictKind
from reports.job_verification import check_job_report, open_job_report
from reports.signer_checks import KnownSigners, Outcome
from storage.notice_rows import DueNotice
from storage.settings import StorageSettings
from tests.integration.jobs.queue_makers import make_items, make_result
from workers.letters import LetterWriter

pytestmark = pytest.mark.postgres


def run_once(engine: Engine, sweep_id: str, start: int) -> None:
    """Walk a run of three items to its end, and write its digest."""
    SweepDesk(engine).run_now(sweep_id)
    queue = WorkQueue(engine, may_listen=False)
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    queue.add_items(listing, make_items(3, start))
    queue.finish(listing)
    for claim in queue.claim("worker", limit=9, kind=ItemKind.MEDIA):
        queue.finish(claim, make_result(claim, kind=VerdictKind.SYNTHETIC))
    queue.tend()
    queue.close()
    assert digest_ended(engine) == 1


@pytest.fixture
def digests(engine: Engine) -> list[dict[str, Any]]:
    """Give the digests of two runs of a sweep, newest first."""
    spec = SweepSpec(cron="0 3 * * *", job=JobSpec(sources=("https://example.org/feed",)))
    sweep = SweepDesk(engine).add(spec)
    for start in (0, 3):
        run_once(engine, sweep.sweep_id, start)
    runs = SweepDesk(engine).runs(sweep.sweep_id)
    return [run.digest for run in runs if run.digest is not None]


def letter_of(writer: LetterWriter, body: dict[str, Any]) -> Letter:
    event = NoticeEvent.SWEEP_DIGEST.value
    now = datetime.now(UTC)
    return writer(DueNotice(1, "default", event, body, now, 0.0, 1, "email", "a@example.org", None))


def test_a_digest_s_letter_has_the_signed_report_of_its_run(
    engine: Engine, digests: list[dict[str, Any]], tmp_path: Path
) -> None:
    storage = StorageSettings.from_env({"VERITY_VAR": str(tmp_path / "var")})
    writer = LetterWriter(engine, storage.model_copy(update={"keys": tmp_path / "keys"}))
    newest, first = digests
    assert (newest["before_job_id"], first["before_job_id"]) == (first["job_id"], None)
    letter = letter_of(writer, newest)
    ((name, content_type, pdf),) = letter.attachments
    assert (name, content_type) == (f"verity-{newest['job_id']}.pdf", "application/pdf")
    assert "3 new, 3 with evidence of synthesis" in letter.subject
    path = tmp_path / name
    path.write_bytes(pdf)
    opened = open_job_report(path)
    assert opened is not None
    checks = list(check_job_report(opened, None, KnownSigners(tmp_path / "keys")))
    assert all(check.outcome is not Outcome.FAILS for check in checks), checks
    assert any(check.outcome is Outcome.HOLDS for check in checks)
    assert letter_of(writer, newest).attachments == letter.attachments, "made once"


def test_a_letter_whose_report_is_gone_or_too_large_goes_without_and_says_so(
    engine: Engine, digests: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = digests[0] | {"job_id": "4711"}
    letter = letter_of(LetterWriter(engine), gone)
    assert letter.attachments == ()
    assert "could not be attached (job_not_found)" in letter.text
    monkeypatch.setattr("workers.letters.MOST_ATTACHED_BYTES", 1000)
    letter = letter_of(LetterWriter(engine), digests[0])
    assert letter.attachments == ()
    assert "too large for a letter" in letter.text


def test_a_digest_of_an_earlier_version_has_its_report_too(
    engine: Engine, digests: list[dict[str, Any]]
) -> None:
    old = {name: value for name, value in digests[1].items() if name != "before_job_id"}
    assert Digest.model_validate(old).before_job_id is None
    assert len(letter_of(LetterWriter(engine), old).attachments) == 1
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM sweep_run")).scalar() == 2
