# ruff: noqa: F401, F811 (fixtures are imported: mypy knows one conftest only)
"""A file that somebody sent is analysed by the fleet, in its account, with its custody in the report."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import Engine

from console.api.receiving import PART_BYTES, PartWriter, Receiving, Sender, UploadLimits
from jobs.spec import ItemState, JobSpec
from jobs.uploads import upload_source
from reports.as_json import from_json
from storage.kept_objects import get_object
from storage.objects import open_object_store
from tests.fleet_bench import FleetBench, FleetThread, bench, local_ray
from tests.makers import speech_like, write_wav

pytestmark = [pytest.mark.ray, pytest.mark.postgres, pytest.mark.timeout(180)]


def test_an_upload_in_parts_is_analysed_beside_one_that_is_empty(
    bench: FleetBench, local_ray: None, engine: Engine, tmp_path: Path
) -> None:
    write_wav(tmp_path / "talk.wav", speech_like(1, 150.0))
    sound = (tmp_path / "talk.wav").read_bytes()
    assert len(sound) > PART_BYTES
    store = open_object_store(bench.settings.storage)
    receiving = Receiving(engine, store, UploadLimits(1 << 30, 1 << 40))
    upload = receiving.begin(Sender("default"), "Interview 3.wav", len(sound))
    writer = PartWriter(receiving, upload, is_checked=False)
    writer.write(sound)
    writer.close()
    empty = receiving.begin(Sender("default"), "empty.wav", 0)
    sources = tuple(upload_source(one.upload_id) for one in (upload, empty))
    job = bench.queue.desk.submit(JobSpec(sources=sources))

    with FleetThread(bench.settings) as fleet:
        fleet.join()

    items = {item.title: item for item in bench.media(job)}
    whole, nothing = items["Interview 3.wav"], items["empty.wav"]
    assert (whole.state, nothing.state) == (ItemState.DONE, ItemState.FAILED)
    assert nothing.error_code == "media_empty"
    (file,) = [file for file in whole.files if file.kind == "json"]
    document = from_json(get_object(store, file.key))
    assert document.findings.media is not None
    assert document.findings.media.sha256 == hashlib.sha256(sound).hexdigest()
    assert document.item.title == "Interview 3.wav"
    assert document.item.source_uri == sources[0]
