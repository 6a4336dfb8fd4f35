"""`python -m training synthesize`, `fit-vocoder` and `splice`: spoofed copies of genuine speech."""

import logging
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from training.manifests import read_manifest
from training.synthesis.engines import NotInstalledError
from training.synthesis.made import MadeRun, draw_evenly, make_with
from training.synthesis.nets.fit_own import OwnFit, fit_own
from training.synthesis.nets.own import OWN_NETS
from training.synthesis.partial import SPANS, PartialRun, make_items
from training.synthesis.registry import (
    BY_NAME_ONLY,
    ENGINES,
    SPEAKING,
    choose_engines,
    choose_speaking,
)
from training.synthesis.speaking import n_wanted, speak_with

_log = logging.getLogger(__name__)
console = Console()

Corpus = Annotated[Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")]
Folder = Annotated[Path, typer.Option(help="Folder outside git for the copies and their manifest.")]
Checkpoints = Annotated[
    Path | None, typer.Option(help="Nets of own vocoders; default: FOLDER/nets.")
]
Names = Annotated[
    list[str] | None,
    typer.Option(
        "--engine",
        help=f"Engine to run, again for more; default: all but {', '.join(sorted(BY_NAME_ONLY))}. "
        f"There are: {', '.join((*ENGINES, *SPEAKING))}.",
    ),
]
Limit = Annotated[
    int | None, typer.Option(help="Copies an engine makes, or sentences it speaks, at most.", min=1)
]


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(synthesize)
    app.command("fit-vocoder")(fit_vocoder)
    app.command("splice")(splice)


def synthesize(
    corpus: Corpus,
    folder: Folder,
    engine: Names = None,
    limit: Limit = None,
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn.")] = 0,
    checkpoints: Checkpoints = None,
) -> None:
    """Make spoofed copies of the corpus' open genuine speech; what is there already is kept.

    Each copy is drawn evenly over the genuine sources, has its half's fold and names it in
    `paired_with`. An engine that speaks (piper, hibari, kokoro, flite, espeak-ng) says sentences
    of our own instead, only when named; its clips have no pair and the corpus' fold of its system.
    An engine whose package, program or net is missing is named and skipped.

    Example: python -m training synthesize --corpus ../shared/corpus --folder ../cache/made
    """
    utterances = read_manifest(corpus / "manifest.csv")
    run = MadeRun(folder, checkpoints or folder / "nets", limit, seed)
    with Progress(console=console) as progress:
        for chosen in choose_engines(engine or ()):
            n_copies = len(draw_evenly(utterances, chosen.name, limit, seed))
            bar = progress.add_task(chosen.name, total=n_copies)
            try:
                n_made = make_with(chosen, utterances, run, partial(progress.advance, bar))
            except NotInstalledError as error:
                progress.console.print(f"{chosen.name} is skipped: {error}", soft_wrap=True)
                continue
            progress.console.print(f"{chosen.name}: {n_made} copies")
        for speaking in choose_speaking(engine or ()):
            bar = progress.add_task(speaking.name, total=n_wanted(speaking, limit))
            try:
                n_made = speak_with(speaking, utterances, run, partial(progress.advance, bar))
            except NotInstalledError as error:
                progress.console.print(f"{speaking.name} is skipped: {error}", soft_wrap=True)
                continue
            progress.console.print(f"{speaking.name}: {n_made} clips")


def fit_vocoder(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(OWN_NETS)}.")],
    corpus: Corpus,
    folder: Annotated[Path, typer.Option(help="Folder for checkpoints, such as MADE/nets.")],
    minutes: Annotated[float, typer.Option(help="Time by the clock, this run.")] = 20.0,
    seed: Annotated[int, typer.Option(help="Seed of weights and crops.")] = 0,
) -> None:
    """Train one of this project's own vocoders on open genuine speech; it goes on where it stopped.

    Example: python -m training fit-vocoder own-vocos --corpus ../shared/corpus --folder ../cache/made/nets
    """
    utterances = read_manifest(corpus / "manifest.csv")
    fit = OwnFit(minutes=minutes, seed=seed)
    with Progress(console=console) as progress:
        bar = progress.add_task(name, total=None)

        def advance(step: int, loss: float) -> None:
            progress.update(bar, completed=step, description=f"{name} step {step} {loss:.3f}")

        newest = fit_own(name, utterances, folder, fit, advance)
    console.print(f"newest checkpoint: {newest}", soft_wrap=True)


def splice(
    corpus: Corpus,
    made: Annotated[Path, typer.Option(help="Folder that `synthesize` wrote.")],
    folder: Annotated[Path, typer.Option(help="Folder for the items, their manifest and spans.")],
    items: Annotated[int, typer.Option(help="Items of each of the three kinds.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn.")] = 0,
) -> None:
    """Join utterances to longer items: genuine, synthetic, and partly synthetic with their spans.

    Example: python -m training splice --corpus ../shared/corpus --made ../cache/made --folder ../cache/partial
    """
    utterances, copies = (read_manifest(path / "manifest.csv") for path in (corpus, made))
    run = PartialRun(folder, n_items=items, seed=seed)
    with Progress(console=console) as progress:
        bar = progress.add_task("items", total=3 * items)
        n_made = make_items(utterances, copies, run, partial(progress.advance, bar))
    console.print(f"{n_made} items, spans in {folder / SPANS}", soft_wrap=True)
