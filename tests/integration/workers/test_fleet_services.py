# ruff: noqa: F401, F811 (fixtures are imported: mypy knows one conftest only)
"""A report store that refuses a fleet costs no item: neither at its start nor while it works."""

import threading
from pathlib import Path

import pytest

from jobs.spec import ItemState
from pipeline.errors import AccessError, ConfigError, VerityError
from tests.conftest import S3Server
from tests.fleet_bench import FleetBench, FleetThread, bench, local_ray, wait_until
from tests.makers import speech_like, write_wav
from workers.fleet import run_fleet
from workers.fleet_events import FleetEventKind
from workers.settings import FleetSettings

pytestmark = [pytest.mark.ray, pytest.mark.postgres, pytest.mark.s3, pytest.mark.timeout(120)]


@pytest.fixture
def short_folder(tmp_path: Path) -> Path:
    """Give a folder with one good and one broken file."""
    folder = tmp_path / "short"
    folder.mkdir()
    write_wav(folder / "speech.wav", speech_like(1, 4.0))
    (folder / "broken.mp3").write_bytes(b"\x00\x01no sound at all" * 300)
    return folder


def settings_with_s3(bench: FleetBench, server: S3Server, **more: str) -> FleetSettings:
    environ = {**bench.environ, **server.environ, "VERITY_OBJECTS": f"s3://{server.bucket}"}
    return FleetSettings.from_env(environ | more)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"VERITY_OBJECTS": "s3://not-there"}, ConfigError),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, AccessError),
    ],
)
def test_a_fleet_whose_store_refuses_it_ends_before_it_claims(
    bench: FleetBench,
    short_folder: Path,
    s3_server: S3Server,
    more: dict[str, str],
    error: type[VerityError],
) -> None:
    job = bench.submit(short_folder)
    with pytest.raises(error):
        run_fleet(settings_with_s3(bench, s3_server, **more), True, threading.Event())
    [listing] = bench.queue.desk.list_items(job.job_id)
    assert (listing.state, listing.attempt) == (ItemState.READY, 0)


def test_items_wait_for_a_bucket_that_is_gone_and_end_once_it_is_back(
    bench: FleetBench,
    short_folder: Path,
    s3_server: S3Server,
    s3_process: tuple[str, Path],
    local_ray: None,
) -> None:
    bucket = s3_process[1] / s3_server.bucket

    with FleetThread(settings_with_s3(bench, s3_server), until_idle=False) as fleet:
        wait_until(lambda: any(event.kind is FleetEventKind.READY for event in fleet.events))
        bucket.rename(bucket.with_suffix(".away"))
        job = bench.submit(short_folder)
        wait_until(lambda: [item.stage for item in bench.media(job)] == ["write", "write"])
        with pytest.raises(AssertionError):  # long enough for several tries
            wait_until(lambda: bench.queue.desk.job_status(job.job_id).is_over, 4.0)
        bucket.with_suffix(".away").rename(bucket)
        wait_until(lambda: bench.queue.desk.job_status(job.job_id).is_over)
        fleet.stop.set()
        summary = fleet.join()

    assert (summary.n_done, summary.n_failed, summary.n_retried) == (1, 1, 0)
    for item in bench.media(job):
        assert item.attempt == 1
        assert {file.kind for file in item.files} == {"json", "jws", "pdf", "csv"}
