"""`python -m training validate | annotate | audit`: measure the shipped file, and the data itself."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from training import held_back
from training.audit import audit_lines
from training.calibration import ScoredSegments
from training.export_onnx import graph_sha256
from training.manifests import Utterance, read_manifest
from training.recipes.phase_fusion import NAME
from training.splits import CLOSED_FOLD, split_inner, split_release
from training.validate import (
    ShippedDetector,
    load_segments,
    open_shipped,
    save_segments,
    score_conditions,
)
from training.validation_conditions import MIXED, SINGLE, Condition
from training.validation_tables import (
    decision_lines,
    group_lines,
    headline,
    kind_lines,
    language_lines,
    met_lines,
)

DETECTOR = Path("storage/models") / f"{NAME}.onnx"
NO_INNER = -1

console = Console()
notes = Console(stderr=True)

Corpus = Annotated[Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")]
Detector = Annotated[Path, typer.Option("--model", help="Detector file.")]
Inner = Annotated[
    int,
    typer.Option(
        help="Score what inner fold 0 to 3 tests on instead of fold 4. The shipped file was trained "
        "on it: the figures mean nothing, fold 4 stays closed."
    ),
]
Kept = Annotated[
    Path | None,
    typer.Option(help="An .npz file: scores are kept in it, and taken from it if it is there."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(validate)
    app.command()(annotate)
    app.command()(audit)


def validate(
    corpus: Corpus,
    model: Detector = DETECTOR,
    inner: Inner = NO_INNER,
    scores: Kept = None,
    plots: Annotated[Path | None, typer.Option(help="Folder for the pictures (SVG).")] = None,
    quick: Annotated[bool, typer.Option(help="Only clean, web and degraded.")] = False,
) -> None:
    """Print the shipped file's figures on fold 4, which it was not trained on.

    Opening fold 4 before all choices are made spoils it: log every opening in docs/validation.md.
    With --scores it is opened once only.

    Example: python -m training validate --corpus ../shared/corpus --plots docs/validation
    """
    shipped = open_shipped(model)
    test, met = rows_of_test(read_manifest(corpus / "manifest.csv"), inner)
    scored = [*test, *met]
    conditions = MIXED if quick else (*MIXED, *SINGLE)
    of = f"{graph_sha256(model)} inner {inner}"
    segments = _scored(scores, of, lambda: _score(shipped, scored, conditions))
    unmet = segments.select(segments.utterance < len(test))
    if inner != NO_INNER:
        _say(
            [f"Inner fold {inner}: the file was trained on these clips, the figures mean nothing."]
        )
    _say(headline(unmet, shipped.card))
    _say([f"{one.name}: {one.words}" for one in (*MIXED, *SINGLE)])
    _say(decision_lines(unmet, shipped.card))
    _say(kind_lines(unmet, shipped.card, scored))
    _say(met_lines(segments, shipped.card))
    _say(group_lines(unmet, shipped.card))
    _say(language_lines(unmet, shipped.card, scored))
    if plots is not None:
        from training.validation_plots import draw_all  # matplotlib takes a second to load

        _say([f"wrote {path}" for path in draw_all(unmet, shipped.card, plots)])


def annotate(corpus: Corpus, model: Detector = DETECTOR, scores: Kept = None) -> None:
    """Write the errors on fold 4 into the released file's card: the last step of a release.

    It chooses nothing, and the graph stays. It opens fold 4, if not given the scores of
    `validate --scores`: log it in docs/validation.md.

    Example: python -m training annotate --corpus ../shared/corpus --scores ../cache/fold4.npz
    """
    shipped = open_shipped(model)
    test, _ = rows_of_test(read_manifest(corpus / "manifest.csv"), NO_INNER)
    of = f"{graph_sha256(model)} inner {NO_INNER}"
    segments = _scored(scores, of, lambda: _score(shipped, test, MIXED))
    mixed = np.isin(segments.condition, [one.name for one in MIXED])
    counted = segments.select(mixed & (segments.utterance < len(test)))
    graph = held_back.annotate(model, shipped.card, counted)
    console.print(f"graph without card, before and after: {graph}", soft_wrap=True)


def audit(
    corpus: Corpus,
    most: Annotated[int, typer.Option(help="Utterances that are measured at most.")] = 2000,
) -> None:
    """Print how well things that are not the voice tell the classes apart, the closed fold left out.

    Length, silence, loudness, bandwidth, offset, bit depth and codec history, as the files are and
    as training sees them.

    Example: python -m training audit --corpus ../shared/corpus
    """
    rows = read_manifest(corpus / "manifest.csv")
    open_rows = [row for row in rows if row.fold != CLOSED_FOLD and not row.is_codec]
    with _progress() as progress:
        task = progress.add_task("audit", total=None)
        lines = audit_lines(
            open_rows, most, lambda done, total: progress.update(task, completed=done, total=total)
        )
    _say(lines)


def rows_of_test(
    utterances: Sequence[Utterance], inner: int
) -> tuple[list[Utterance], list[Utterance]]:
    """Return what is tested on, and further utterances of systems that training met.

    Codec copies are neither class and left out. Of the closed fold those further ones are clips of
    other speakers by systems whose larger part is trained on.
    """
    if inner != NO_INNER:
        return [row for row in split_inner(utterances, inner).test if not row.is_codec], []
    test = [row for row in split_release(utterances).test if not row.is_codec]
    there = {row.path for row in test}
    met = [
        row
        for row in utterances
        if row.fold == CLOSED_FOLD and not row.is_codec and row.path not in there
    ]
    return test, met


def _scored(kept: Path | None, of: str, score: Callable[[], ScoredSegments]) -> ScoredSegments:
    """Return the scores that are kept, or new ones, which are kept then."""
    if kept is not None and kept.exists():
        return load_segments(kept, of)
    segments = score()
    if kept is not None:
        save_segments(segments, kept, of)
    return segments


def _score(
    shipped: ShippedDetector, utterances: Sequence[Utterance], conditions: Sequence[Condition]
) -> ScoredSegments:
    """Return the utterances' scores under each condition, with a bar on the terminal."""
    with _progress() as progress:
        task = progress.add_task("conditions", total=len(conditions))
        return score_conditions(
            shipped, utterances, conditions, lambda _: progress.update(task, advance=1)
        )


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=notes, transient=True)


def _say(lines: Sequence[str]) -> None:
    """Print lines as they are, and an empty one."""
    for line in [*lines, ""]:
        console.print(line, markup=False, soft_wrap=True, highlight=False)
