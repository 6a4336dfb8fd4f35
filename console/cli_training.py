"""`verity evaluate`: measure a detector on labelled recordings; imported with `training.metrics` only."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from console.output_folder import make_output_folder
from console.settings import ConsoleSettings
from console.terminal import console, errors, print_json, table, visible
from pipeline.vocabulary import AnalysisOptions

EXAMPLES = """
[bold]Examples[/]

  verity evaluate --manifest labelled.csv --out results/

  verity evaluate --manifest labelled.csv --out results/ --model my_model.onnx --json

The manifest is a CSV file with the columns path and label (bonafide or spoof) and, if known, source
and system; a relative path is taken from the manifest's folder. results/scores.csv has a row for
every row of the manifest: path, label, llr, cm_score, verdict, reason, ... Whoever wants to check the
figures can count them from it. results/figures.json holds the figures, results/groups.csv the errors
of each genuine source and each system. Rates are fractions; the LLR is positive for genuine speech.

Exit status: 0 every row has its row; 1 every one of them failed; 2 the manifest or the folder for
the scores cannot be used.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(evaluate)


def evaluate(
    context: typer.Context,
    manifest: Annotated[Path, typer.Option(help="CSV with the columns path and label.")],
    out: Annotated[Path, typer.Option(help="The folder for what is written.")],
    model: Annotated[str, typer.Option(help="A shipped model's name, or an ONNX file.")] = "",
    hop: Annotated[
        float, typer.Option(min=0.25, max=1.0, help="Seconds between the starts of segments.")
    ] = 1.0,
    processes: Annotated[int, typer.Option(min=0, help="Recordings at once; 0: one a core.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Score labelled recordings along the one path, and print how often the answers are wrong."""
    from console import evaluation
    from console.evaluation_figures import figures_of, write_figures
    from console.evaluation_groups import groups_of, write_groups
    from workers.temp_folders import ProcessFolder

    settings: ConsoleSettings = context.obj
    rows = evaluation.read_rows(manifest)
    make_output_folder(out, "--out")
    columns = (TextColumn("evaluate"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        closing(ProcessFolder(settings.temp_root)) as temp,
        Progress(
            *columns, console=errors, transient=True, disable=not errors.is_terminal
        ) as progress,
    ):
        plan = evaluation.EvaluationPlan(
            model, AnalysisOptions(hop_s=hop), settings.jobs, temp.path
        )
        scored = evaluation.evaluate_rows(rows, plan, processes or evaluation.default_processes())
        tracked = progress.track(scored, total=len(rows))
        kept = evaluation.write_scores(out / "scores.csv", tracked)
    figures = figures_of(kept, model)
    write_figures(out / "figures.json", figures)
    write_groups(out / "groups.csv", groups_of(kept))
    _show(figures, out / "scores.csv", as_json=as_json)
    if all(row.verdict == evaluation.FAILED for row in kept):
        raise typer.Exit(1)


def _show(figures: Mapping[str, float | int | str | None], scores: Path, *, as_json: bool) -> None:
    from console.evaluation_figures import FIGURE_WORDS

    if as_json:
        print_json(figures)
        return
    shown = table("figure", ">value")
    for name, value in figures.items():
        text = "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
        shown.add_row(FIGURE_WORDS[name], escape(visible(text)))
    console.print(shown)
    console.print(f"Scores: {scores}", markup=False, soft_wrap=True)
