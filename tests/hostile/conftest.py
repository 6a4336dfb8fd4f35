"""The path that hostile files walk here: the one that `scan` takes, with shipped models.

One process, one Examiner and one access to sources for all cases. Each walk is watched: what it left
on the disk, which processes it left, which sockets it opened, how long it took.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from console.examiner import Examiner
from console.one_item import examine_item
from jobs.settings import JobsSettings
from jobs.sources import list_items
from jobs.sources.access import SourceAccess
from pipeline.analyse import Models, examine
from pipeline.limits import ChildLimits, run_limited
from pipeline.vocabulary import AnalysisOptions, MediaItem, MediaReport, VerdictKind
from reports.as_json import to_json
from tests.hostile.shipped_models import load_models

Judge = Callable[[Path], MediaReport]
_TASKS = Path("/proc/self/task")
MOST_SECONDS = 30.0  # a walk of seconds of sound, on a loaded machine
MOST_GROWTH_MIB = (
    400.0  # of this process while it walks: 64 MiB of sound are kept, and pictures drawn
)


@dataclass(slots=True)
class Watched:
    """What was seen of all walks of a session."""

    sockets: list[str] = field(default_factory=list)  # connected or bound by this process
    is_walking: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """What a file came to."""

    report: MediaReport
    examiner: Examiner

    @property
    def outcome(self) -> str:
        """Return the error code, the reason or the verdict, as one word."""
        if self.report.failure is not None:
            return self.report.failure.code
        assert self.report.verdict is not None
        return str(self.report.verdict.reason or self.report.verdict.kind)

    @property
    def json(self) -> bytes:
        """Return the report as it is handed out."""
        return to_json(self.examiner.document(self.report))

    @property
    def notes(self) -> frozenset[str]:
        """Return the codes of what was remarked on the file."""
        probe = self.report.media.probe if self.report.media else None
        return frozenset(probe.notes if probe else ())

    @property
    def heard_s(self) -> float:
        """Return the seconds that the longest track decoded to."""
        probe = self.report.media.probe if self.report.media else None
        tracks = probe.tracks if probe else ()
        return max((track.decoded_duration_s or 0.0 for track in tracks), default=0.0)

    @property
    def voiced_s(self) -> float:
        """Return the seconds of voice that were scored."""
        return self.report.verdict.voiced_s if self.report.verdict else 0.0


Walker = Callable[[Path], Walk]


@pytest.fixture(scope="session")
def examiner() -> Examiner:
    """Return the loaded models with the options that `scan` has by itself."""
    return Examiner.load("", AnalysisOptions())


@pytest.fixture(scope="session")
def access() -> Iterator[SourceAccess]:
    """Give the access to sources that `scan` has."""
    settings = JobsSettings.from_env({})
    with settings.open_guard() as guard:
        yield settings.source_access(guard, allow_local=True)


@pytest.fixture(scope="session")
def watched() -> Watched:
    """Return the record of sockets that this process opens while a file walks."""
    seen = Watched()

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if seen.is_walking and event in {"socket.connect", "socket.bind", "socket.getaddrinfo"}:
            seen.sockets.append(f"{event} {arguments}")

    sys.addaudithook(note)
    return seen


@pytest.fixture
def walk(examiner: Examiner, access: SourceAccess, watched: Watched, tmp_path: Path) -> Walker:
    """Return a function from a file to what it came to, which checks what holds of every file."""
    n_walks = 0
    run_limited(["/bin/true"], ChildLimits())  # what starts all children is there before any walk

    def _walk(path: Path) -> Walk:
        nonlocal n_walks
        n_walks += 1
        folder = tmp_path / f"item {n_walks}"
        before, children = _files(tmp_path), _children()  # a server of other tests is one
        resident_mib = _begin_peak()
        watched.sockets.clear()
        watched.is_walking = True
        started_at = time.monotonic()
        try:
            [listed] = list_items(str(path), access)
            item = MediaItem(f"{n_walks}", "scan", listed.source_uri, listed.title)
            report = examine_item(item, listed, examiner, access, folder)
        finally:
            watched.is_walking = False
        took_s = time.monotonic() - started_at
        assert took_s < MOST_SECONDS
        assert _memory_mib("VmHWM") - resident_mib < MOST_GROWTH_MIB
        assert watched.sockets == []
        assert _files(tmp_path) - before <= {folder, *folder.iterdir()} if folder.exists() else True
        assert len(list(folder.iterdir()) if folder.exists() else []) <= 1  # the copy, nothing else
        assert _children() <= children
        _check_report(report, path)
        return Walk(report, examiner)

    return _walk


@pytest.fixture(scope="session")
def models() -> Models:
    """Return the shipped detector and separator."""
    return load_models()


@pytest.fixture(scope="session")
def judge(models: Models) -> Judge:
    """Return a function from a file to its report, which may be that of a failure."""

    def _judge(path: Path) -> MediaReport:
        item = MediaItem("item", "job", path.name, path.name)
        return examine(item, path, models, AnalysisOptions())

    return _judge


@pytest.fixture(scope="session")
def outcome(judge: Judge) -> Callable[[Path], str]:
    """Return a function from a file to its error code, its reason or its verdict, as one word."""

    def _outcome(path: Path) -> str:
        report = judge(path)
        _check_report(report, path)
        if report.failure is not None:
            return report.failure.code
        assert report.verdict is not None
        return str(report.verdict.reason or report.verdict.kind)

    return _outcome


def _check_report(report: MediaReport, path: Path) -> None:
    """Assert what holds of every report, whatever the file was."""
    if report.failure is not None:
        assert report.verdict is None
        assert report.failure.code != "error"  # each has a name of its own
        assert report.failure.message
        assert str(path.parent) not in report.failure.message  # no local path is shown
        return
    verdict = report.verdict
    assert verdict is not None
    assert verdict.llr is None or np.isfinite(verdict.llr)
    if verdict.kind is VerdictKind.NO_EVIDENCE:
        assert verdict.llr is not None
        assert report.scores is not None
        assert np.isfinite(report.scores.llr).sum() >= 1
        assert verdict.voiced_s > 0


def _files(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def _children() -> set[str]:
    """Return this process's children, by their programs and numbers."""
    while True:
        # a thread that ends while we look hands its children to another one: look again
        with suppress(FileNotFoundError, ProcessLookupError):
            found = {_name_of(pid) for task in _TASKS.iterdir() for pid in _children_of(task)}
            return {name for name in found if "ffmpeg" in name or "python" in name}


def _children_of(task: Path) -> list[str]:
    return (task / "children").read_text().split()


def _name_of(pid: str) -> str:
    program = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
    return f"{Path(program).name} {pid}"


def _begin_peak() -> float:
    """Let the kernel forget this process's largest memory; return what it holds now, in MiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory_mib("VmRSS")


def _memory_mib(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024
