# ruff: noqa: F401, F811 (fixtures are imported: mypy knows one conftest only)
"""One job over a folder of hostile files: the fleet says of each what `scan` says."""

import shutil
from pathlib import Path

import pytest

from jobs.spec import ItemState
from pipeline.analyse import examine
from pipeline.vocabulary import AnalysisOptions, MediaItem
from tests.fleet_bench import FleetBench, FleetThread, bench, local_ray
from tests.hostile.hostile_case import Case
from tests.hostile.hostile_rows import cases
from tests.models import tiny_models

pytestmark = [pytest.mark.ray, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(300)]

# a case or two of each row: small, and with an outcome that no detector decides
CHOSEN = (
    "hls-song.mp3", "concat-clip.mp4", "hls-metadata-service", "dash-clip.mp4", "manifest-a.smil",
    "document-zip", "document-pdf", "document-elf", "name-0", "name-2", "name-7", "name-10", "name-14",
    "name-21", "name-not-text", "empty-empty", "empty-zeros", "empty-encrypted", "random-5000",
    "cut-wav", "cut-m4a-without-index", "cut-a.w64", "extension-flac-as-mp3", "header-rate-0",
    "header-rate-max", "header-channels-255", "header-size-ffffffff", "header-endless-chunk",
    "not-finite-nan", "not-finite-denormal", "rate-8000", "channels-opposite", "channels-five-one",
    "change-chained", "change-jumping_times", "change-edit_list", "streams-no-sound-a.mp4",
    "streams-unreadable-second", "no-speech-tone", "no-speech-silence", "metadata-chapters", "bomb-flac-1",
)  # fmt: skip


def test_a_job_over_hostile_files_ends_as_one_process_does(
    bench: FleetBench, local_ray: None, tmp_path: Path
) -> None:
    folder = tmp_path / "inbox"
    alone = {}
    for number, case in enumerate(_chosen()):
        (folder / f"{number:02}").mkdir(parents=True)
        scratch = tmp_path / f"{number}"
        scratch.mkdir()
        path = Path(shutil.move(case.write(scratch), folder / f"{number:02}"))
        alone[path.as_uri()] = _outcome_alone(Path(shutil.copy(path, tmp_path / "alone")))
    job = bench.submit(folder)

    with FleetThread(bench.settings) as fleet:
        fleet.join()

    items = bench.media(job)
    found = {
        item.source_uri: _outcome_of(item.state, item.error_code, item.verdict) for item in items
    }
    assert found == alone
    assert all(len(item.files) >= 3 for item in items)  # a report of each, failed ones too
    assert {item.attempt for item in items} == {1}  # nobody's worker died of them
    assert list((bench.folder / "temp").iterdir()) == []


def _chosen() -> list[Case]:
    by_id = {case.id: case for case in cases()}
    return [by_id[name] for name in CHOSEN]


def _outcome_alone(path: Path) -> str:
    """Return the error code or the verdict in this process, with the fleet's models."""
    if not path.stat().st_size:
        return "media_empty"  # the source says it, before anything is analysed
    report = examine(MediaItem("1", "1", "", ""), path, tiny_models(), AnalysisOptions())
    if report.failure is not None:
        return report.failure.code
    assert report.verdict is not None
    return str(report.verdict.kind)


def _outcome_of(state: ItemState, error_code: str, verdict: str | None) -> str:
    return error_code if state is ItemState.FAILED else str(verdict)
