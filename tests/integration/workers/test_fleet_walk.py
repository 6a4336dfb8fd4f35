# ruff: noqa: F401, F811 (fixtures are imported: mypy knows one conftest only)
"""A job walks the whole path over real actors, and everything about it is left behind."""

import hashlib
import json
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from jobs.spec import JobSpec
from pipeline.analyse import examine
from pipeline.vocabulary import AnalysisOptions, MediaItem
from reports.as_json import from_json
from reports.document import ReportContext, to_document
from reports.findings import findings_sha256, to_findings
from reports.json_signature import signer_of
from reports.pdf_signature import signer_of_pdf
from reports.signing_keys import fingerprint
from storage.kept_objects import get_object
from storage.objects import open_object_store
from tests.fleet_bench import (
    END_S,
    FleetBench,
    FleetThread,
    bench,
    local_ray,
    media_folder,
    wait_until,
)
from tests.held_items import HeldSite, held
from tests.makers import speech_like, write_wav
from tests.models import tiny_models

pytestmark = [pytest.mark.ray, pytest.mark.postgres]


def trace_spans(path: Path) -> list[dict[str, Any]]:
    return [event for event in json.loads(path.read_text()) if event["ph"] == "X"]


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["ts"] < other["ts"] + other["dur"] and other["ts"] < one["ts"] + one["dur"])


def findings_in_one_process(path: Path) -> str:
    report = examine(MediaItem("1", "1", "", ""), path, tiny_models(), AnalysisOptions())
    return findings_sha256(to_findings(report))


@pytest.mark.timeout(240)
def test_a_folder_with_a_broken_file_ends_done_with_one_failed_and_a_report_for_each(
    bench: FleetBench, media_folder: Path, held: HeldSite, local_ray: None
) -> None:
    bench.environ["VERITY_SCORE_WAIT_S"] = "5"  # rows of two items come together on a slow machine
    job = bench.submit(media_folder, held.list_path)

    with FleetThread(bench.settings) as fleet:
        # one is fetched all the while that the others go through all stages
        held.wait_until_wanted()
        wait_until(lambda: bench.queue.desk.job_status(job.job_id).counts.done == 5, END_S)
        held.let_go()
        summary = fleet.join()

    counts = bench.queue.desk.job_status(job.job_id).counts
    assert (counts.total, counts.done, counts.failed) == (7, 6, 1)
    assert (summary.n_done, summary.n_failed, summary.is_idle) == (6, 1, True)
    store = open_object_store(bench.settings.storage)
    for item in bench.media(job):
        assert {file.kind for file in item.files} == {"json", "jws", "pdf", "csv"}
        contents = {file.kind: get_object(store, file.key) for file in item.files}
        document = json.loads(contents["json"])
        assert document["item"]["title"] == item.title
        pdf_signer = signer_of_pdf(contents["pdf"])
        assert pdf_signer is not None
        assert pdf_signer.holds
        assert signer_of(contents["json"], contents["jws"]) == pdf_signer.certificate
        mark = document["signature"]["certificate_sha256"]
        assert mark == fingerprint(pdf_signer.certificate)
        if item.title == "broken.mp3":
            assert document["failure"]["code"] == item.error_code == "media_corrupt"
        if item.title == "speech.m4a":
            assert document["findings_sha256"] == findings_in_one_process(media_folder / item.title)
    assert list((bench.folder / "temp").iterdir()) == []  # no bytes of anybody stay behind
    spans = trace_spans(bench.folder / "trace.json")
    stages = [span for span in spans if "item_id" in span["args"]]
    assert any(
        overlap(one, other)
        and one["name"] != other["name"]
        and one["args"]["item_id"] != other["args"]["item_id"]
        for one, other in combinations(stages, 2)
    ), "several items are in different stages at once"
    batches = [span["args"] for span in spans if span["name"] == "score_batch"]
    assert any(batch["n_items"] > 1 for batch in batches), "batches hold rows of several items"


@pytest.mark.timeout(240)
def test_a_fleet_draws_explains_names_each_step_and_keeps_clips_by_permission(
    bench: FleetBench, tmp_path: Path, local_ray: None
) -> None:
    path = write_wav(tmp_path / "speech.wav", speech_like(3, 9.0))
    options = AnalysisOptions(keep_clips=True, explain=True)
    job = bench.queue.desk.submit(JobSpec(sources=(str(path),), options=options))

    with FleetThread(bench.settings) as fleet:
        fleet.join()

    (item,) = bench.media(job)
    store = open_object_store(bench.settings.storage)
    contents = {file.kind: get_object(store, file.key) for file in item.files}
    document = from_json(contents["json"])
    alone = examine(MediaItem("1", "1", "", ""), path, tiny_models(), options)
    card = tiny_models().detector.card
    here = to_document(alone, card, ReportContext("r", 1, datetime.now(UTC)))
    assert document.pictures == here.pictures
    assert document.strongest == here.strongest
    assert all(one.occlusion is not None for one in document.strongest)
    assert document.processing.timings_s["explain"] > 0
    steps = document.processing.derivation
    assert [step.step for step in steps] == ["fetch", "probe", "decode", "separate"]
    assert steps[1:] == here.processing.derivation
    assert [machine.n_cores > 0 for machine in document.processing.machines] == [True] * 3
    assert document.issue.requested_at is not None
    for one in document.strongest:
        assert one.clip is not None
        clip = contents[one.clip.name.removesuffix(".wav")]
        assert hashlib.sha256(clip).hexdigest() == one.clip.sha256
    assert "/" not in " ".join(step.command.replace("://", "") for step in steps[1:])
