"""`python -m training search-precision`: how far `verity search` and the job reports' groups can be trusted."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from training.manifests import read_manifests
from training.models.system_head import SpaceConfig
from training.recipes.phase_fusion import NAME, TEST_COPIES
from training.search_answers import JOINED_S
from training.search_precision import SearchFigures, measure_search, read_open_clips

console = Console()
More = Annotated[
    list[Path] | None, typer.Option(help="As in `fit`: a manifest trained and tested on too.")
]
Made = Annotated[list[Path] | None, typer.Option(help="As in `fit`: copies that are trained on.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("search-precision")(search_precision)


def search_precision(
    corpus: Annotated[
        Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")
    ],
    folder: Annotated[Path, typer.Option(help="Feature cache (`python -m training cache`).")],
    more: More = None,
    made: Made = None,
    detector: Annotated[str, typer.Option(help="Whose space it is.")] = NAME,
    into: Annotated[
        Path | None,
        typer.Option(help="Figures that the product shows, storage/models/search_precision.json."),
    ] = None,
) -> None:
    """Print how often the nearest clips are of the same system, or the same recording.

    On folds 0 to 3, with spaces that never met what they are asked for; fold 4 is not read.

    Example: python -m training search-precision --corpus ../shared/corpus --folder ../cache
    """
    utterances = read_manifests([corpus / "manifest.csv", *(more or ())], training_only=made or ())
    copies = [(condition, plan.name) for condition, plan in TEST_COPIES]
    console.print("reading the statistics of all clips", style="dim")
    clips = read_open_clips(utterances, folder, copies)
    console.print("asking, fold by fold", style="dim")
    figures = measure_search(utterances, clips, SpaceConfig())
    for line in _lines(figures):
        console.print(line, markup=False, soft_wrap=True)
    console.print(_trust(figures), markup=False, soft_wrap=True)
    if into is not None:
        _write(into, detector, figures)


def _trust(figures: SearchFigures) -> str:
    """Return how far to trust this, in a sentence."""
    clean = figures.systems[0]
    copies = {row.condition: row for row in figures.recordings}
    found = ", ".join(f"{_percent(row.at_1)} % {name}" for name, row in copies.items())
    return (
        f"How far to trust it: of systems never met, the nearest clip is of the same system for "
        f"{_percent(clean.by_system_at_1)} % of systems ({_percent(clean.at_1)} % of clips; a blind draw: "
        f"{_percent(clean.chance)} %), weak: a hint where to listen, no finding. The same recording comes "
        f"first for {found}."
    )


def _lines(figures: SearchFigures) -> list[str]:
    """Return the tables as Markdown."""
    lines = [
        "| query | clips | systems | same system @1 % | @10 % | by system @1 % | @10 % | blind draw % "
        "| clips with another page | @1 %, same page left out |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.condition} | {row.n_queries} | {row.n_systems} | {_percent(row.at_1)} "
        f"| {_percent(row.at_10)} | {_percent(row.by_system_at_1)} | {_percent(row.by_system_at_10)} "
        f"| {_percent(row.chance)} | {row.n_other_page} | {_percent(row.other_page_at_1)} |"
        for row in figures.systems
    ]
    lines += [
        "",
        "| query | clips | asked | same recording @1 % | in the first 10 % | @1 %, second by second |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.condition} | {row.n_queries} | {row.n_gallery} | {_percent(row.at_1)} "
        f"| {_percent(row.at_10)} | {_percent(row.aligned_at_1)} |"
        for row in figures.recordings
    ]
    names = list(figures.pairs[0].copies_kept)
    lines += [
        "",
        "| likeness from | pairs of one system %, mean over systems | all pairs % "
        "| clips with such a partner % "
        f"| copies above it %: {', '.join(names)} | clips with a stranger above it % |",
        "|---|---|---|---|---|---|",
    ]
    for row in figures.pairs:
        copies = ", ".join(_percent(row.copies_kept[name]) for name in names)
        lines.append(
            f"| {row.limit:.2f} | {_percent(row.system_right)} | {_percent(row.pairs_right)} "
            f"| {_percent(row.system_kept)} "
            f"| {copies} | {100 * row.strangers:.1f} |"
        )
    lines += [
        "",
        f"| items of {JOINED_S} s, second by second | items | likeness from | copies above it % "
        "| items with a stranger above it % |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.condition} | {row.n_items} | {row.limit:.2f} | {_percent(row.kept)} "
        f"| {100 * row.strangers:.1f} |"
        for row in figures.joined
    ]
    return [*lines, ""]


def _write(into: Path, detector: str, figures: SearchFigures) -> None:
    """Put a detector's figures into the file that the product reads, beside other detectors'."""
    known = json.loads(into.read_text("utf-8")) if into.is_file() else {}
    known[detector] = _rounded(asdict(figures))
    into.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")
    console.print(f"{into}: figures of {detector}", markup=False)


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"
