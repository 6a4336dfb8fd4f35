"""`python -m training out-of-scope`: what the product answers to sounds that are no plain speech."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from pipeline.analyse import Models
from pipeline.vocabulary import FloatArray, Label, VerdictKind
from storage.model_store import resolve
from training.feature_cache import SAMPLE_RATE
from training.inner_detectors import open_held_out, open_models
from training.manifests import Utterance, read_manifest
from training.out_of_scope import MADE, PROCESSED
from training.spliced_items import join_clips
from training.splits import OPEN_FOLDS
from training.synthetic_music import compose, play
from training.walk import walk

console = Console()
ITEM_S = 8.0


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(out_of_scope)


def out_of_scope(
    corpus: Annotated[
        Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")
    ],
    folder: Annotated[Path, typer.Option(help="Feature cache; `inner-detectors` has run on it.")],
    count: Annotated[int, typer.Option(help="Items of each kind.")] = 12,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn.")] = 0,
) -> None:
    """Print the verdicts on music, noise, tones, silence and heavily processed genuine speech.

    Speech is of each inner fold's held-out genuine sources, judged by the fold's detector, as it is
    and processed; the rest is judged by the shipped detector.

    Example: python -m training out-of-scope --corpus ../shared/corpus --folder ../cache
    """
    utterances = read_manifest(corpus / "manifest.csv")
    verdicts: dict[str, Counter[str]] = {}
    n_sounds = count * (len(MADE) + 1) + (count // len(OPEN_FOLDS)) * len(OPEN_FOLDS) * (
        len(PROCESSED) + 1
    )
    with Progress(console=console) as progress:
        bar = progress.add_task("sounds", total=n_sounds)
        shipped = open_models(resolve("", "detector")[0])
        for name, make in MADE.items():
            for number in range(count):
                sound = make(np.random.default_rng((seed, number)))
                _count(verdicts, name, sound, shipped)
                progress.advance(bar)
        for number in range(count):
            random = np.random.default_rng((seed, number))
            music = play(compose(random, ITEM_S), random, SAMPLE_RATE)
            _count(verdicts, "music, synthesised", music, shipped)
            progress.advance(bar)
        for fold in OPEN_FOLDS:
            held_out = open_held_out(utterances, folder, fold)
            for number in range(count // len(OPEN_FOLDS)):
                random = np.random.default_rng((seed, fold, number))
                speech = _speech(held_out.utterances, random)
                _count(verdicts, "genuine speech", speech, held_out.models)
                progress.advance(bar)
                for name, process in PROCESSED.items():
                    sound = process(speech, random)
                    _count(verdicts, f"genuine speech, {name}", sound, held_out.models)
                    progress.advance(bar)
    for line in _lines(verdicts):
        console.print(line, markup=False, soft_wrap=True)


def _count(verdicts: dict[str, Counter[str]], name: str, sound: FloatArray, models: Models) -> None:
    verdict = walk(sound, models).verdict
    answer = str(verdict.kind)
    if verdict.kind is VerdictKind.NOT_APPLICABLE:
        answer = f"{answer}: {verdict.reason}"
    verdicts.setdefault(name, Counter())[answer] += 1


def _speech(rows: tuple[Utterance, ...], random: np.random.Generator) -> FloatArray:
    """Return about `ITEM_S` of one genuine source."""
    genuine = [row for row in rows if row.label is Label.BONAFIDE and row.source != "demo"]
    source = str(random.choice(sorted({row.source for row in genuine})))
    of_source = [row for row in genuine if row.source == source]
    chosen = random.choice(len(of_source), size=min(4, len(of_source)), replace=False)
    sound, _ = join_clips([of_source[i] for i in chosen], random)
    return sound[: round(ITEM_S * SAMPLE_RATE)]


def _lines(verdicts: dict[str, Counter[str]]) -> list[str]:
    lines = ["| sound | items | answers |", "|---|---|---|"]
    for name, counted in verdicts.items():
        answers = ", ".join(f"{answer} {n}" for answer, n in counted.most_common())
        lines.append(f"| {name} | {counted.total()} | {answers} |")
    return lines
