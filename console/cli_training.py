"""`verity evaluate`: measure a detector on labelled recordings; imported with `training.metrics` only."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from console.terminal import console, errors, print_json, table
from pipeline.vocabulary import AnalysisOptions

EXAMPLES = """
[bold]Examples[/]

  verity evaluate --manifest labelled.csv --out results/

  verity evaluate --manifest labelled.csv --out results/ --model my_model.onnx --json

The manifest is a CSV file with the columns path and label (bonafide or spoof) and, if known, source
and system; a relative path is taken from the manifest's folder. results/scores.csv has a row for
every row of the manifest: path, label, llr, cm_score, verdict, reason, ...
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(evaluate)


def evaluate(
    manifest: Annotated[Path, typer.Option(help="CSV with the columns path and label.")],
    out: Annotated[Path, typer.Option(help="The folder for scores.csv.")],
    model: Annotated[str, typer.Option(help="A shipped model's name, or an ONNX file.")] = "",
    hop: Annotated[
        float, typer.Option(min=0.25, max=1.0, help="Seconds between the starts of segments.")
    ] = 1.0,
    processes: Annotated[int, typer.Option(min=0, help="Recordings at once; 0: one a core.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Score labelled recordings along the one path, and print how often the answers are wrong."""
    from console import evaluation
    from console.evaluation_figures import FIGURE_WORDS, figures_of

    rows = evaluation.read_rows(manifest)
    columns = (TextColumn("evaluate"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=errors, transient=True, disable=not errors.is_terminal
    ) as progress:
        scored = evaluation.evaluate_rows(
            rows,
            model,
            AnalysisOptions(hop_s=hop),
            processes or evaluation.default_processes(),
        )
        tracked = progress.track(scored, total=len(rows))
        kept = evaluation.write_scores(out / "scores.csv", tracked)
    figures = figures_of(kept, model)
    if as_json:
        print_json(figures)
        return
    shown = table("figure", ">value")
    for name, value in figures.items():
        text = "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
        shown.add_row(FIGURE_WORDS[name], text)
    console.print(shown)
    console.print(f"Scores: {out / 'scores.csv'}", markup=False, soft_wrap=True)
