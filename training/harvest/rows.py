"""Rows: the manifest of what was harvested, in the corpus' own columns.

Written whole and then moved into place, so that a training run never reads half of it.
"""

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from training.splits import ALIASES, OPEN_FOLDS


@dataclass(frozen=True, slots=True)
class HarvestRow:
    """One clip; the fields are the columns of the corpus' manifest, in its order."""

    path: str
    label: str
    seconds: float
    source: str
    speaker: str
    system: str
    kind: str
    language: str
    licence: str
    origin: str  # registry, package and version
    clip_id: str
    paired_with: str
    fold: int


COLUMNS = tuple(field.name for field in fields(HarvestRow))


def write_rows(path: Path, rows: Iterable[HarvestRow]) -> None:
    """Write the manifest in one step, its rows in order of path.

    Raises:
        InputError: a row breaks a rule that the splits rest on.
    """
    ordered = sorted(rows, key=lambda row: row.path)
    check_rows(ordered)
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in ordered)
    os.replace(partial, path)  # noqa: PTH105  Path.replace is the same call, this name says more


def read_rows(path: Path) -> tuple[HarvestRow, ...]:
    """Return the rows of a manifest that `write_rows` wrote; none if there is no file."""
    if not path.is_file():
        return ()
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(_to_row(values) for values in csv.DictReader(file))


def check_rows(rows: Sequence[HarvestRow]) -> None:
    """Raise `InputError` where a path comes twice, or a source or system lies in two folds."""
    folds: dict[str, int] = {}
    paths: set[str] = set()
    for row in rows:
        if row.path in paths:
            raise InputError(f"{row.path} is in the manifest twice")
        paths.add(row.path)
        if row.fold not in OPEN_FOLDS:
            raise InputError(f"{row.path} lies in fold {row.fold}: harvested speech is for 0 to 3")
        group = group_of(row)
        if folds.setdefault(group, row.fold) != row.fold:
            raise InputError(f"{group} lies in folds {folds[group]} and {row.fold}")


def group_of(row: HarvestRow) -> str:
    """Return what must not straddle folds: the genuine source, or the system, aliases joined."""
    if row.label == Label.BONAFIDE.value:
        return f"source {row.source}"
    return f"system {ALIASES.get(row.system.replace('_', '-'), row.system)}"


def _to_row(values: Mapping[str, str]) -> HarvestRow:
    """Return one line of the file as a row."""
    return HarvestRow(
        **{name: values[name] for name in COLUMNS if name not in ("seconds", "fold")},
        seconds=float(values["seconds"]),
        fold=int(values["fold"]),
    )
