"""`python -m training tune` and `curves`: settings searched on the inner folds, learning curves drawn."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from training.learning_curves import draw_curves, find_curves
from training.manifests import read_manifests
from training.recipes.phase_fusion import RECIPE
from training.splits import OPEN_FOLDS
from training.tuning import (
    CHOSEN_ON_INNER_FOLDS,
    StudyPlan,
    open_study,
    run_trials,
    trial_table,
)
from training.tuning_settings import Member

console = Console()


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(tune)
    app.command()(curves)


def tune(  # noqa: PLR0913 - a command has as many options as it has
    corpus: Annotated[
        Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")
    ],
    folder: Annotated[Path, typer.Option(help="Feature cache, as `cache` made it.")],
    trials: Annotated[
        int, typer.Option(help="Trials the study shall have in the end.", min=1)
    ] = 20,
    fold: Annotated[
        list[int] | None, typer.Option(help="An inner fold, 0 to 3; default: all.", min=0, max=3)
    ] = None,
    member: Annotated[Member, typer.Option(help="What is tuned, by itself.")] = Member.ENCODING,
    more: Annotated[
        list[Path] | None, typer.Option(help="As in `fit`: a manifest trained and tested on too.")
    ] = None,
    made: Annotated[
        list[Path] | None, typer.Option(help="As in `fit`: copies that are trained on.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Steps of every trial; default: searched.", min=1)
    ] = None,
    nets: Annotated[
        int | None, typer.Option(help="Nets of the encoding member; default: the recipe's.", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the search; training keeps the recipe's.")] = 1,
    study: Annotated[
        Path | None, typer.Option(help="Study file; default: FOLDER/tuning/MEMBER.db.")
    ] = None,
) -> None:
    """Search a member's settings on the inner folds; a study that was broken off goes on.

    The objective is the mean over folds, conditions (clean, web, degraded) and systems of the EER.
    The recipe is not changed: that is a decision, and fold 4 has no part in it.

    Example: python -m training tune --corpus ../shared/corpus --folder ../cache --trials 20
    """
    utterances = read_manifests([corpus / "manifest.csv", *(more or ())], training_only=made or ())
    plan = StudyPlan(member, tuple(fold or OPEN_FOLDS), seed, steps, nets)
    path = study or folder / "tuning" / f"{member.value}.db"
    opened = open_study(path, utterances, RECIPE, plan)
    run_trials(opened, utterances, folder, RECIPE, plan, trials)
    for line in trial_table(opened, plan.folds):
        console.print(line, markup=False, soft_wrap=True)
    best = opened.best_trial
    console.print(
        f"best: trial {best.number}, {100 * (best.value or 0):.2f} %, {best.params}; seed {seed}; {path}",
        markup=False,
        soft_wrap=True,
    )
    console.print(CHOSEN_ON_INNER_FOLDS, markup=False, soft_wrap=True)


def curves(
    folder: Annotated[Path, typer.Argument(help="Folder with *.curve.csv, or one above it.")],
    out: Annotated[Path, typer.Option(help="The picture: .png, .svg or .pdf.")] = Path("curve.png"),
) -> None:
    """Draw the learning curves of all runs in a folder.

    Example: python -m training curves ../cache/nets --out curve.png
    """
    found = find_curves(folder)
    draw_curves(found, out)
    console.print(f"{out}: {len(found)} runs")
