"""Analyse thousands of files that were hurt at random, and count what they come to.

    .venv/bin/python -m bench.mutations [--n 2000] [--first-seed 0] [--processes 2]

Real files of every container are mutated (tests/hostile/mutations.py) and walk the way of `scan`, in
a pool of processes. Prints the counts by outcome and the slowest. Exits with 1 at a traceback, at a
walk that stands still, at an outcome without a name, and at a verdict that rests on no number.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from console.examiner import Examiner
from console.one_item import examine_item
from jobs.settings import JobsSettings
from jobs.sources import list_items
from pipeline.vocabulary import AnalysisOptions, MediaItem, MediaReport, Reason, VerdictKind
from reports.as_json import to_json
from reports.error_words_en import ERRORS
from tests.hostile.damaged_forms import FORMS, make_form
from tests.hostile.mutations import Mutant, mutant

HANGS_S = 120.0  # a walk of some seconds of sound takes a fraction of a second
AHEAD = 8  # of the pool, so that a walk's time is its own

_forms: dict[str, bytes] = {}
_examiner: Examiner | None = None


def main() -> int:
    """Print the counts; return 1 where something has no name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    arguments = parser.parse_args()
    started_at = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutations-") as name:
        folder = Path(name)
        forms = {form.name: make_form(form, folder) for form in FORMS.values()}
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.n)
        counts, troubles, slowest = _walk_all(seeds, arguments.processes, forms, folder)
    for outcome, count in counts.most_common():
        print(f"{count:>7}  {outcome}")
    took_s = time.monotonic() - started_at
    print(
        f"{sum(counts.values())} files in {took_s:.0f} s; the slowest took {slowest[0]:.1f} s: {slowest[1]}"
    )
    for trouble in troubles:
        print(f"BROKEN: {trouble}")
    return 1 if troubles else 0


def _walk_all(
    seeds: range, n_processes: int, forms: dict[str, bytes], folder: Path
) -> tuple[Counter[str], list[str], tuple[float, str]]:
    counts: Counter[str] = Counter()
    troubles: list[str] = []
    slowest = (0.0, "")
    pool = ProcessPoolExecutor(n_processes, get_context("spawn"), _prepare, (forms,))
    waiting: list[tuple[int, Future[tuple[str, float]]]] = []
    try:
        for seed in seeds:
            waiting.append((seed, pool.submit(walk_mutant, seed, str(folder))))
            if len(waiting) < AHEAD:
                continue
            slowest = max(slowest, _take(waiting, forms, counts, troubles))
        while waiting:
            slowest = max(slowest, _take(waiting, forms, counts, troubles))
    except NotInTime:
        seed = waiting[0][0]
        troubles.append(f"seed {seed} stands still: {mutant(seed, forms).history}")
        for process in list(pool._processes.values()):
            process.kill()
    finally:
        pool.shutdown(cancel_futures=True)
    return counts, troubles, slowest


def _take(
    waiting: list[tuple[int, Future[tuple[str, float]]]],
    forms: dict[str, bytes],
    counts: Counter[str],
    troubles: list[str],
) -> tuple[float, str]:
    """Count the oldest walk; return how long it took and its history."""
    seed, future = waiting[0]
    history = f"seed {seed}, {mutant(seed, forms).history}"
    took_s = 0.0
    try:
        outcome, took_s = future.result(HANGS_S)
    except NotInTime:
        raise
    except Exception as error:  # noqa: BLE001 (any error is what this looks for)
        outcome = f"traceback {type(error).__name__}"
        troubles.append(f"{history}: {error!r}")
    else:
        if outcome.startswith("unnamed"):
            troubles.append(f"{history}: {outcome}")
    del waiting[0]
    counts[outcome] += 1
    return took_s, history


def _prepare(forms: dict[str, bytes]) -> None:
    global _examiner
    _forms.update(forms)
    _examiner = Examiner.load("", AnalysisOptions())


def walk_mutant(seed: int, root: str) -> tuple[str, float]:
    """Analyse the file of a seed; return its outcome as a word, and the seconds that it took."""
    assert _examiner is not None, "prepared with the process"
    hurt = mutant(seed, _forms)
    with tempfile.TemporaryDirectory(dir=root) as name:
        started_at = time.monotonic()
        report = examine_mutant(hurt, _examiner, Path(name))
        took_s = time.monotonic() - started_at
        to_json(_examiner.document(report))
    return outcome_of(report), took_s


def examine_mutant(hurt: Mutant, examiner: Examiner, folder: Path) -> MediaReport:
    """Return the report of a mutant, which is written into the folder, by the way of `scan`."""
    path = folder / hurt.name
    path.write_bytes(hurt.content)
    settings = JobsSettings.from_env({})
    with settings.open_guard() as guard:
        access = settings.source_access(guard, allow_local=True)
        [listed] = list_items(str(path), access)
        item = MediaItem("1", "mutations", listed.source_uri, listed.title)
        return examine_item(item, listed, examiner, access, folder / "item")


def outcome_of(report: MediaReport) -> str:
    """Return the error code, the reason or the verdict; `unnamed ...` where that says nothing."""
    if report.failure is not None:
        code = report.failure.code
        return code if code in ERRORS and report.failure.message else f"unnamed error {code}"
    verdict = report.verdict
    if verdict is None:
        return "unnamed: neither a verdict nor a failure"
    is_scored = verdict.kind is not VerdictKind.NOT_APPLICABLE
    if is_scored and (verdict.llr is None or not np.isfinite(verdict.llr)):
        return f"unnamed: {verdict.kind} without a number"
    if not is_scored and verdict.reason is Reason.NONE:
        return "unnamed: not applicable without a reason"
    return f"{verdict.kind} {verdict.reason}".strip()


if __name__ == "__main__":
    sys.exit(main())
