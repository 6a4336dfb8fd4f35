# ruff: noqa: F401, F811 (fixtures are imported: mypy knows one conftest only)
"""An item is listened to again by another detector, and both results stand side by side."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs.closer import CloserLook, look_closer
from jobs.spec import ItemState, ItemStatus, JobSpec
from reports.as_json import from_json
from reports.document import ReportDocument
from storage.kept_objects import get_object
from storage.objects import open_object_store
from tests.fleet_bench import START_S, FleetBench, FleetThread, bench, local_ray, wait_until
from tests.held_items import HeldSite, held
from tests.makers import speech_like, write_wav
from tests.models import TINY_DETECTOR, make_second_detector, sha256_of

pytestmark = [pytest.mark.ray, pytest.mark.postgres, pytest.mark.timeout(240)]


def report_of(bench: FleetBench, item: ItemStatus) -> ReportDocument:
    (file,) = [file for file in item.files if file.kind == "json"]
    return from_json(get_object(open_object_store(bench.settings.storage), file.key))


def test_another_detector_listens_to_an_item_and_its_report_says_so(
    bench: FleetBench,
    local_ray: None,
    held: HeldSite,
    engine: Engine,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    second = make_second_detector(folder / "second.onnx")
    (folder / "broken.onnx").write_bytes(b"no model")
    bench = replace(bench, environ={**bench.environ, "VERITY_MODELS": str(folder)})
    path = write_wav(tmp_path / "speech.wav", speech_like(5, 9.0))
    job = bench.queue.desk.submit(JobSpec(sources=(str(path),), keep_media_days=1))
    with FleetThread(bench.settings) as fleet:
        fleet.join()
    (first,) = bench.media(job)
    before = report_of(bench, first)

    asked = {
        name: look_closer(engine, "default", first.item_id, CloserLook(1.0, sha256))
        for name, sha256 in {
            "second": second,
            "own": sha256_of(TINY_DETECTOR),
            "broken": sha256_of(folder / "broken.onnx"),
            "elsewhere": "e" * 64,
        }.items()
    }
    bench.submit(held.list_path)  # there is something to do until it has said what it lacks
    with caplog.at_level(logging.WARNING), FleetThread(bench.settings) as fleet:
        wait_until(lambda: "does not have" in caplog.text, START_S)
        held.let_go()
        assert fleet.join().is_idle

    (heard,) = bench.media(asked["second"])
    found = report_of(bench, heard)
    assert found.method is not None
    assert found.method.detector == "tiny-second"
    assert second in {model.sha256 for model in found.processing.models}
    assert found.findings.media == before.findings.media
    assert heard.llr is not None
    assert first.llr is not None
    assert heard.llr == pytest.approx(-first.llr, abs=1e-3)  # it is the other one turned round
    (same,) = bench.media(asked["own"])
    assert report_of(bench, same).findings_sha256 == before.findings_sha256
    (broken,) = bench.media(asked["broken"])
    assert (broken.state, broken.error_code) == (ItemState.FAILED, "model_mismatch")
    failed = report_of(bench, broken)
    assert failed.method is None
    assert failed.processing.models == ()
    assert bench.queue.desk.job_status(asked["elsewhere"].job_id).counts.waiting == 1
    said = [vars(one).get("model_id") for one in caplog.records if "does not have" in one.message]
    assert said == ["e" * 64]
    assert report_of(bench, bench.media(job)[0]) == before
