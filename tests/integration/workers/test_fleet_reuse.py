# ruff: noqa: F401, F811 (fixtures are imported: mypy knows one conftest only)
"""The same bytes are analysed once an account; and fetched once, though an attempt at them failed."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from jobs.spec import ItemState, Job, JobSpec
from pipeline.vocabulary import AnalysisOptions
from reports.as_json import from_json
from reports.document import ReportDocument
from storage.kept_objects import get_object
from storage.objects import open_object_store
from tests.fleet_bench import (
    FleetBench,
    FleetThread,
    bench,
    local_ray,
    long_folder,
)
from tests.held_items import held_in_prepare
from tests.local_site import Answer, local_site
from tests.makers import speech_like, write_wav
from workers.fleet_events import FleetEventKind

pytestmark = [pytest.mark.ray, pytest.mark.postgres, pytest.mark.timeout(180)]

ANALYSED = {"probe", "survey", "prepare", "score", "conclude"}


def run(bench: FleetBench) -> dict[str, set[str]]:
    """Work until idle; return the stages of each item that got a verdict."""
    with FleetThread(bench.settings) as fleet:
        fleet.join()
    return {
        event.claim.item_id: set(event.timings_s)
        for event in fleet.events
        if event.kind is FleetEventKind.DONE and event.claim is not None
    }


def document_of(bench: FleetBench, job: Job) -> ReportDocument:
    """Return the report of a job with one medium, as its file says it."""
    (item,) = bench.media(job)
    assert item.state is ItemState.DONE, item
    (file,) = [file for file in item.files if file.kind == "json"]
    return from_json(get_object(open_object_store(bench.settings.storage), file.key))


def stages_of(bench: FleetBench, job: Job, stages: dict[str, set[str]]) -> set[str]:
    (item,) = bench.media(job)
    return stages[item.item_id]


def submit(bench: FleetBench, folder: Path, account_id: str = "default", **more: object) -> Job:
    spec = JobSpec.model_validate({"sources": (str(folder),), **more})
    return bench.queue.desk.submit(spec, account_id)


def test_an_account_does_not_analyse_the_same_bytes_twice(
    bench: FleetBench, engine: Engine, local_ray: None, tmp_path: Path
) -> None:
    folder, renamed = tmp_path / "media", tmp_path / "renamed"
    folder.mkdir()
    renamed.mkdir()
    write_wav(folder / "speech.wav", speech_like(1, 6.0))
    shutil.copy(folder / "speech.wav", renamed / "the same.mp3")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))

    first = submit(bench, folder)
    assert stages_of(bench, first, run(bench)) >= ANALYSED

    (tmp_path / "list.csv").write_text(
        "url,labels,priority\nrenamed/the same.mp3,court; urgent,live\n"
    )
    again = submit(bench, tmp_path / "list.csv")
    other = submit(bench, folder, "other")
    finer = submit(bench, folder, options=AnalysisOptions(hop_s=0.5))
    stages = run(bench)

    original, reused = document_of(bench, first), document_of(bench, again)
    assert not stages_of(bench, again, stages) & ANALYSED
    assert reused.findings == original.findings
    assert reused.findings_sha256 == original.findings_sha256
    assert reused.reused is not None
    assert reused.reused.item_id == original.item.item_id
    assert reused.reused.job_id == first.job_id
    assert reused.reused.analysed_at == original.processing.analysed_at
    assert reused.item.title == "the same.mp3"
    assert (reused.item.labels, reused.item.list_priority) == (("court", "urgent"), "live")
    assert reused.processing.notes == ("extension_mismatch",)
    (item,) = bench.media(again)
    assert item.reused_item_id == original.item.item_id
    assert {file.kind for file in item.files} >= {"json", "pdf", "csv"}
    assert (item.verdict, item.llr) == (bench.media(first)[0].verdict, bench.media(first)[0].llr)
    for fresh in (other, finer):  # a wall, and other options
        assert stages_of(bench, fresh, stages) >= ANALYSED
        assert document_of(bench, fresh).reused is None
    assert document_of(bench, other).findings_sha256 == original.findings_sha256

    forced = submit(bench, folder, fresh=True)
    assert stages_of(bench, forced, run(bench)) >= ANALYSED
    assert document_of(bench, forced).findings_sha256 == original.findings_sha256

    with engine.begin() as connection:  # somebody changes what is stored
        connection.execute(
            text(
                "UPDATE report SET document = jsonb_set(document, '{findings,verdict,llr}', '9')"
                " WHERE account_id = 'default'"
            )
        )
    damaged = submit(bench, folder)
    assert stages_of(bench, damaged, run(bench)) >= ANALYSED
    assert document_of(bench, damaged).reused is None
    assert document_of(bench, damaged).findings_sha256 == original.findings_sha256
    assert list((bench.folder / "temp").iterdir()) == []


def test_bytes_that_were_fetched_are_not_fetched_again_by_the_next_attempt(
    bench: FleetBench, long_folder: Path, local_ray: None
) -> None:
    with local_site() as site:
        site.answers["/long.flac"] = Answer((long_folder / "long.flac").read_bytes(), "audio/flac")
        bench.environ["VERITY_FETCH_ALLOW"] = site.host

        with FleetThread(bench.settings, until_idle=False) as fleet:
            with held_in_prepare(bench, fleet, site.url("/long.flac")) as (job, preparer):
                n_asked = len(site.asked)
                os.kill(preparer, signal.SIGKILL)
            bench.wait_until_over(job)

        (item,) = bench.media(job)
        assert (item.state, item.attempt) == (ItemState.DONE, 2)
        assert len(site.asked) == n_asked
    document = document_of(bench, job)
    assert document.custody is not None
    assert document.custody.facts["fetched_in_attempt"] == "1"
    assert list((bench.folder / "temp").iterdir()) == []
