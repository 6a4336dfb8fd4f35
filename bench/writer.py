"""What the writer takes for an item, step by step: `python -m bench.writer [--against CHECKOUT]`.

Reports of short, long, tiny and damaged media, analysed with the shipped models, are written with the
steps of the fleet's writer in one process without Ray: rendered, signed, put into an S3 server, and ended
in an embedded PostgreSQL. CPU milliseconds of that process with all its threads, medians of the items; what
the two servers took is told below. With `--against` the writer of another checkout of this repository takes
turns with this one: compare ratios within one run.
"""

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.cpu_clock import machine
from bench.fleet_site import REPORTS, FleetSite, open_site
from bench.process_times import cpu_by_role
from bench.writer_rounds import Analysed
from console.examiner import Examiner
from console.one_item import examine_item
from jobs.settings import JobsSettings
from jobs.sources import list_items
from pipeline.vocabulary import AnalysisOptions, MediaItem, MediaReport
from tests.makers import encode, synthetic_sample

ROOT = Path(__file__).parents[1]
N_SOUNDS = 12  # more than Typst keeps the pages of: no item is set twice
SERVERS = ("PostgreSQL", "S3 server")
_RATE = 16_000
_SECONDS = {"6 s": 6.0, "1 minute": 60.0, "0.2 s": 0.2}
DAMAGED = "damaged"


@dataclass(slots=True)
class Version:
    """A checkout's writer, and what its items took."""

    name: str
    process: "subprocess.Popen[str]"
    steps_ms: dict[str, list[dict[str, float]]] = field(default_factory=dict)  # by kind
    servers_ms: dict[str, float] = field(default_factory=dict)

    def write(self, kind: str, n_items: int, site: FleetSite) -> None:
        """Write so many items; keep what they took."""
        before = _servers_s(site)
        items = self.ask(kind, n_items)
        self.steps_ms.setdefault(kind, []).extend(items)
        for role, used_s in _servers_s(site).items():
            spent_ms = 1000 * (used_s - before.get(role, 0.0))
            self.servers_ms[role] = self.servers_ms.get(role, 0.0) + spent_ms

    def ask(self, kind: str, n_items: int) -> list[dict[str, float]]:
        """Write so many items; return what they took."""
        assert self.process.stdin is not None, "a pipe"
        assert self.process.stdout is not None, "a pipe"
        self.process.stdin.write(json.dumps([kind, n_items]) + "\n")
        self.process.stdin.flush()
        items: list[dict[str, float]] = json.loads(self.process.stdout.readline())
        return items


def main() -> None:
    """Print a table for each kind of item."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="another checkout of this repository")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--items", type=int, default=10, help="of a kind, in a round")
    arguments = parser.parse_args()
    print(machine())
    with open_site() as site, tempfile.TemporaryDirectory() as name:
        analysed = Path(name) / "analysed"
        analysed.write_bytes(pickle.dumps(_analysed(Path(name))))
        checkouts = {"here": ROOT}
        if arguments.against:
            checkouts = {"there": arguments.against.resolve(), **checkouts}
        versions = [
            Version(name, _started(place, analysed, site)) for name, place in checkouts.items()
        ]
        kinds = (*_SECONDS, DAMAGED)
        try:
            for version in versions:
                for kind in kinds:  # fonts and libraries are loaded once a process
                    version.ask(kind, 2)
            for _ in range(arguments.rounds):
                for kind in kinds:
                    for version in versions:
                        version.write(kind, arguments.items, site)
        finally:
            for version in versions:
                version.process.kill()
                version.process.wait()
        for kind in kinds:
            _print_kind(kind, versions)
        _print_servers(versions, arguments.rounds * arguments.items * len(kinds))


def _started(place: Path, analysed: Path, site: FleetSite) -> "subprocess.Popen[str]":
    """Start a checkout's writer; its packages come before those of this environment."""
    environ = {
        **os.environ,  # noqa: TID251 (handed on)
        **site.s3.environ(),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(place),
        "VERITY_DATABASE_URL": site.postgres.url,
        "VERITY_OBJECTS": f"s3://{REPORTS}",
        "VERITY_VAR": str(site.folder / f"var-{place.name}"),
    }
    program = ROOT / "bench" / "writer_rounds.py"
    return subprocess.Popen(  # noqa: S603 (our own)
        [sys.executable, "-P", str(program), str(analysed)],
        env=environ,
        cwd=place,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _analysed(folder: Path) -> Analysed:
    """Analyse sounds of each kind, and a file that is none."""
    examiner = Examiner.load("", AnalysisOptions())
    speech = synthetic_sample()
    reports: dict[str, list[MediaReport]] = {}
    for kind, seconds in _SECONDS.items():
        n_samples = round(seconds * _RATE)
        paths = [
            encode(
                folder / f"{number}-{n_samples}.mp3",
                np.resize(np.roll(speech, -number * _RATE), n_samples),
            )
            for number in range(N_SOUNDS)
        ]
        reports[kind] = [_report(examiner, path) for path in paths]
    damaged = folder / "text.wav"
    damaged.write_text("no sound\n")
    reports[DAMAGED] = [_report(examiner, damaged)]
    return reports, examiner.models.detector.card


def _report(examiner: Examiner, path: Path) -> MediaReport:
    settings = JobsSettings.from_env({})
    with settings.open_guard() as guard:
        access = settings.source_access(guard, allow_local=True)
        (listed,) = list_items(str(path), access)
        item = MediaItem("1", "bench", listed.source_uri, listed.title)
        return examine_item(item, listed, examiner, access, path.with_suffix(".item"))


def _servers_s(site: FleetSite) -> dict[str, float]:
    postgres = site.postgres.running_pid()
    used = cpu_by_role([os.getpid()] + ([postgres] if postgres else []))
    return {role: used[role] for role in SERVERS if role in used}


def _print_kind(kind: str, versions: Sequence[Version]) -> None:
    names = "".join(f"{version.name:>9}" for version in versions)
    print(f"\n{kind:12}{names}   ms of CPU an item")
    tables = [_medians(version.steps_ms[kind]) for version in versions]
    for step in tables[-1]:
        print(
            f"{step:12}" + "".join(f"{table[step]:9.1f}" for table in tables) + _ratio(tables, step)
        )


def _ratio(tables: Sequence[Mapping[str, float]], step: str) -> str:
    return f"   {tables[-1][step] / tables[0][step]:.2f}" if len(tables) > 1 else ""


def _medians(items: Sequence[Mapping[str, float]]) -> dict[str, float]:
    medians = {step: statistics.median(item[step] for item in items) for step in items[0]}
    return {**medians, "all": statistics.median(sum(item.values()) for item in items)}


def _print_servers(versions: Sequence[Version], n_items: int) -> None:
    print()
    for role in SERVERS:
        used = "".join(
            f"{version.servers_ms.get(role, 0.0) / n_items:9.1f}" for version in versions
        )
        print(f"{role:12}{used}   ms of CPU an item, of all kinds")


if __name__ == "__main__":
    main()
