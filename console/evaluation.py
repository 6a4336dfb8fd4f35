"""Analyse labelled recordings along the one path, one row out for every row in.

Work is spread over processes: a recording takes a few child processes and milliseconds of scoring each.
"""

import csv
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from console.examiner import Examiner
from console.one_item import examine_item
from jobs.settings import JobsSettings
from jobs.sources.access import SourceAccess
from jobs.sources.items import clean_text, source_key
from jobs.spec import NewItem
from pipeline.errors import InputError, SourceNotFoundError, WorkerLostError
from pipeline.vocabulary import AnalysisOptions, Label, MediaItem, MediaReport
from reports.findings import findings_sha256, to_findings

REQUIRED_COLUMNS = ("path", "label")
SCORE_COLUMNS = (
    "path", "label", "llr", "cm_score", "verdict", "reason", "source", "system", "voiced_s", "findings_sha256",
)  # fmt: skip
FAILED = "failed"  # stands where a verdict would, beside the error's code
_WAITING_A_PROCESS = 8  # rows handed out before they are asked for, so that no process waits


@dataclass(frozen=True, slots=True)
class LabelledPath:
    """One row of the manifest."""

    path: str  # as the manifest has it
    file: Path  # where it lies
    label: str  # `bonafide` or `spoof`; anything else is a failed row
    source: str
    system: str


@dataclass(frozen=True, slots=True)
class ScoredPath:
    """One row of scores.csv."""

    row: LabelledPath
    llr: float | None
    cm_score: float | None  # mean of the scored segments
    verdict: str
    reason: str
    voiced_s: float
    findings_sha256: str

    @property
    def cells(self) -> tuple[object, ...]:
        """Return the row's cells in the order of `SCORE_COLUMNS`."""
        row = self.row
        scores = (_cell(self.llr), _cell(self.cm_score), self.verdict, self.reason)
        rest = (row.source, row.system, f"{self.voiced_s:.3f}", self.findings_sha256)
        return (row.path, row.label, *scores, *rest)


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """How every row is analysed; travels to the processes."""

    model: str  # a name or a file; empty: the default
    options: AnalysisOptions
    jobs: JobsSettings  # limits of what is read
    folder: Path  # private: each file lies in a folder of its own below it while it is analysed


def read_rows(manifest: Path) -> list[LabelledPath]:
    """Return the rows of a CSV manifest; a relative path is taken from the manifest's folder.

    Raises:
        SourceNotFoundError: there is no such file, or it has no rows.
        InputError: it is not CSV with the columns `path` and `label`.
    """
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in REQUIRED_COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    f"The manifest has no column {' or '.join(missing)}; "
                    "it is a CSV file with the columns path, label and, if known, source and system."
                )
            rows = [_labelled(manifest.parent, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceNotFoundError(
            f"The manifest {manifest.name} cannot be read: {error}"
        ) from error
    if not rows:
        raise SourceNotFoundError(f"The manifest {manifest.name} has no rows.")
    return rows


def evaluate_rows(
    rows: Iterable[LabelledPath], plan: EvaluationPlan, n_processes: int
) -> Iterator[ScoredPath]:
    """Yield a scored row for each labelled row, in order, failures too.

    Args:
        rows: what to analyse.
        plan: how.
        n_processes: how many recordings at once; 1 stays in this process.

    Raises:
        ModelNotFoundError, ModelMismatchError, ConfigError: the model cannot be used.
        WorkerLostError: a process was killed from outside.
    """
    _load(plan)  # here first: what is wrong with a model is said once, by its name
    if n_processes == 1:
        yield from map(_evaluate, rows)
        return
    waiting = iter(rows)
    try:
        with ProcessPoolExecutor(n_processes, get_context("spawn"), _load, (plan,)) as pool:
            pending = [
                pool.submit(_evaluate, row)
                for row in islice(waiting, n_processes * _WAITING_A_PROCESS)
            ]
            while pending:
                yield pending.pop(0).result()
                pending += [pool.submit(_evaluate, row) for row in islice(waiting, 1)]
    except BrokenProcessPool as error:
        raise WorkerLostError(
            "A process of the evaluation was killed, probably for want of memory. "
            "Run it again with fewer at once: --processes 1."
        ) from error


def write_scores(path: Path, scored: Iterable[ScoredPath]) -> list[ScoredPath]:
    """Write scores.csv row by row as they come, and return the rows; its folder is there."""
    kept: list[ScoredPath] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(SCORE_COLUMNS)
        for row in scored:
            writer.writerow(row.cells)
            kept.append(row)
    return kept


@dataclass(frozen=True, slots=True)
class _Bench:
    """What one process judges with."""

    examiner: Examiner
    access: SourceAccess  # files of this machine only: its guard is never started
    folder: Path


_bench: _Bench | None = None  # one a process: loading a model takes longer than using it


def _load(plan: EvaluationPlan) -> None:
    global _bench
    access = plan.jobs.source_access(plan.jobs.open_guard(), allow_local=True)
    _bench = _Bench(Examiner.load(plan.model, plan.options), access, plan.folder)


def _evaluate(row: LabelledPath) -> ScoredPath:
    assert _bench is not None, "loaded before the first row"
    if row.label not in {Label.BONAFIDE.value, Label.SPOOF.value}:
        return ScoredPath(row, None, None, FAILED, "label_unknown", 0.0, "")
    new_item = _to_item(row.file)
    if new_item is None:
        return ScoredPath(row, None, None, FAILED, "source_not_found", 0.0, "")
    item = MediaItem(row.path, "evaluate", row.path, new_item.title)
    with TemporaryDirectory(dir=_bench.folder, ignore_cleanup_errors=True) as folder:
        report = examine_item(item, new_item, _bench.examiner, _bench.access, Path(folder))
    return _scored(row, report)


def _to_item(file: Path) -> NewItem | None:
    """Return a file as `scan` lists it; None where there is none."""
    try:
        path = file.resolve(strict=True)
        is_file = path.is_file()
    except (OSError, RuntimeError, ValueError):  # not there, a name too long, a loop, a NUL
        return None
    uri = path.as_uri()
    title, key = clean_text(path.name), source_key(str(file), "folder", uri)
    return NewItem(uri, title, key, {"via": "folder"}) if is_file else None


def _scored(row: LabelledPath, report: MediaReport) -> ScoredPath:
    digest = findings_sha256(to_findings(report))
    if report.failure is not None:
        return ScoredPath(row, None, None, FAILED, report.failure.code, 0.0, digest)
    assert report.verdict is not None, "a report has a verdict or a failure"
    verdict, cm_score = report.verdict, None
    if report.scores is not None and np.isfinite(report.scores.cm_score).any():
        cm_score = float(np.nanmean(report.scores.cm_score, dtype=np.float64))
    return ScoredPath(
        row, verdict.llr, cm_score, str(verdict.kind), str(verdict.reason), verdict.voiced_s, digest
    )


def _labelled(folder: Path, row: dict[str, str]) -> LabelledPath:
    path = row["path"] or ""
    return LabelledPath(
        path,
        folder / path,
        (row["label"] or "").strip().lower(),
        row.get("source") or "",
        row.get("system") or "",
    )


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def default_processes() -> int:
    """Return one process a core that this process may use."""
    return len(os.sched_getaffinity(0))
