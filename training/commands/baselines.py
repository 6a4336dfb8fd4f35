"""`python -m training baseline`, `baselines-table`: front ends and models under one protocol."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from pipeline.errors import InputError
from training.baselines.protocol import Protocol, run_baseline
from training.baselines.rows import read_row
from training.baselines.table import markdown_table, row_line
from training.baselines.zoo import NETS, SCALED, STATISTICS_MODELS, TABLE_ROWS, Baseline, checked
from training.manifests import read_manifest

console = Console()

Corpus = Annotated[Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")]
Folder = Annotated[Path, typer.Option(help="Folder outside git for features, nets and rows.")]
Model = Annotated[
    str | None,
    typer.Option(
        help=f"One model: {', '.join([*NETS, *STATISTICS_MODELS])}. Without it, all of the table."
    ),
]
FrontEnd = Annotated[
    str | None,
    typer.Option(help=f"One front end, or {SCALED!r} for five at once. Without it, all."),
]
Minutes = Annotated[float, typer.Option(help="Processor time each net may use.", min=0.01)]

Weights = Annotated[
    Path | None,
    typer.Option(
        help="Local folder with weight files of torchvision for ResNet, VGG and AlexNet; a net "
        "whose file is there starts from it. Nothing is downloaded."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(baseline)
    app.command()(baselines_table)


def baseline(  # noqa: PLR0913 - a command has as many options as it has
    corpus: Corpus,
    folder: Folder,
    model: Model = None,
    front_end: FrontEnd = None,
    minutes: Minutes = 1.0,
    fold: Annotated[int, typer.Option(help="Inner fold, 0 to 3.", min=0, max=3)] = 0,
    seed: Annotated[int, typer.Option(help="Seed of weights and draws.")] = 1,
    weights: Weights = None,
) -> None:
    """Fit baselines on one inner fold, all under the same budget, and print how well each does.

    Finished rows are kept in FOLDER/rows and read again; a net that was broken off goes on.

    Example: python -m training baseline --corpus ../shared/corpus --folder ../cache/baselines --model svm
    """
    utterances = read_manifest(corpus / "manifest.csv")
    protocol = Protocol(fold=fold, budget_s=60.0 * minutes, seed=seed, weights=weights)
    for row in chosen_rows(model, front_end):
        with Progress(console=console, transient=True) as progress:
            bar = progress.add_task(f"features for {row.name}", total=None, visible=False)

            def show(done: int, total: int, bar: TaskID = bar) -> None:
                progress.update(bar, completed=done, total=total, visible=True)

            found = run_baseline(utterances, row, protocol, folder / f"inner{fold}", show)
        console.print(row_line(found), markup=False, soft_wrap=True)


def baselines_table(
    folder: Folder,
    fold: Annotated[int, typer.Option(help="Inner fold, 0 to 3.", min=0, max=3)] = 0,
) -> None:
    """Print the finished rows as a Markdown table, the lowest EER first.

    Example: python -m training baselines-table --folder ../cache/baselines
    """
    paths = sorted((folder / f"inner{fold}" / "rows").glob("*.json"))
    if not paths:
        raise InputError(f"no baseline has been run for inner fold {fold}: run `baseline` first")
    console.print(markdown_table([read_row(path) for path in paths]), markup=False, soft_wrap=True)


def chosen_rows(model: str | None, front_end: str | None) -> list[Baseline]:
    """Return the rows that a model and a front end, if named, stand for.

    Raises:
        InputError: nothing goes by these names.
    """
    if model is not None and front_end is not None:
        return [checked(Baseline(front_end, model))]
    rows = [
        row
        for row in TABLE_ROWS
        if model in (None, row.model) and front_end in (None, row.front_end)
    ]
    if not rows:
        raise InputError(
            f"no row of the table has {model or front_end!r}: name both a model and a front end"
        )
    return rows
