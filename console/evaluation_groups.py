"""How each genuine source and each system fares: one bad source hides in a pooled figure."""

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from console.evaluation import ScoredPath
from pipeline.vocabulary import Label, VerdictKind

CALLED_SYNTHETIC = frozenset({VerdictKind.SYNTHETIC.value, VerdictKind.PARTLY_SYNTHETIC.value})
CALLED_GENUINE = frozenset({VerdictKind.NO_EVIDENCE.value})
FEWEST_ROWS = 10  # of a source, to be named as the worst one


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one genuine source, or of one system; a row of groups.csv."""

    label: str
    name: str  # the manifest's source of genuine rows, its system of synthetic ones
    n_rows: int
    n_scored: int  # with an LLR
    wrong_rate_at_0: float | None  # of the scored, on the wrong side of LLR 0
    wrong_rate: float | None  # of the scored, by verdict
    decided_share: float | None  # of the scored, by verdict


def groups_of(rows: Sequence[ScoredPath]) -> list[Group]:
    """Return the groups by label and name; rows whose label is neither class have none."""
    members: dict[tuple[str, str], list[ScoredPath]] = {}
    for row in rows:
        if row.row.label in (Label.BONAFIDE.value, Label.SPOOF.value):
            genuine = row.row.label == Label.BONAFIDE.value
            name = row.row.source if genuine else row.row.system or row.row.source
            members.setdefault((row.row.label, name), []).append(row)
    return [_group(label, name, own) for (label, name), own in sorted(members.items())]


def worst_source(groups: Sequence[Group]) -> Group | None:
    """Return the genuine source that is called synthetic most at LLR 0, None without sources."""
    sources = [
        group
        for group in groups
        if group.label == Label.BONAFIDE.value and group.name and group.n_scored >= FEWEST_ROWS
    ]
    return max(sources, key=lambda group: group.wrong_rate_at_0 or 0.0, default=None)


def write_groups(path: Path, groups: Sequence[Group]) -> None:
    """Write groups.csv; rates are fractions, empty where nothing was scored."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in fields(Group)])
        writer.writerows(
            [f"{cell:.6f}" if isinstance(cell, float) else cell for cell in astuple(group)]
            for group in groups
        )


def _group(label: str, name: str, rows: Sequence[ScoredPath]) -> Group:
    genuine = label == Label.BONAFIDE.value
    wrong_verdicts = CALLED_SYNTHETIC if genuine else CALLED_GENUINE
    scored = [row for row in rows if row.llr is not None]

    def share(n_rows: int) -> float | None:
        return n_rows / len(scored) if scored else None

    return Group(
        label,
        name,
        len(rows),
        len(scored),
        share(sum((row.llr or 0.0) < 0 if genuine else (row.llr or 0.0) >= 0 for row in scored)),
        share(sum(row.verdict in wrong_verdicts for row in scored)),
        share(sum(row.verdict in CALLED_SYNTHETIC | CALLED_GENUINE for row in scored)),
    )
