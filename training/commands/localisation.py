"""`python -m training localisation`: spans on spliced items, false spans on genuine ones."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress, track

from pipeline.model_card import ModelCard
from storage.model_store import resolve
from training.inner_detectors import open_held_out
from training.joined_scores import MODEL_ID, join_genuine, join_spliced
from training.localisation import (
    FalseSpanFigures,
    ScoredItem,
    SpanFigures,
    at_hop,
    measure_false_spans,
    measure_spans,
    score_item,
)
from training.manifests import read_manifest, read_manifests
from training.recipes.phase_fusion import RECIPE, TEST_COPIES
from training.release import fit_fusion, fuse, score_inner_folds
from training.spliced_items import make_genuine, make_spliced
from training.splits import OPEN_FOLDS
from training.validate import open_shipped

console = Console()
DENSEST_HOP_S = 0.5
HOPS_S = (1.0, 0.5)


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(localisation)
    app.command()(localisation_scores)


def localisation(
    corpus: Annotated[
        Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")
    ],
    folder: Annotated[Path, typer.Option(help="Feature cache; `inner-detectors` has run on it.")],
    spliced_a_fold: Annotated[int, typer.Option(help="Spliced items of each inner fold.")] = 20,
    genuine_a_fold: Annotated[int, typer.Option(help="Genuine 60-s items of each fold.")] = 24,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn.")] = 0,
) -> None:
    """Print how well spans find spliced speech, and how often genuine items get one.

    Items are made from what each inner fold holds out and walk the real pipeline with the fold's
    detector, at the thresholds of its card.

    Example: python -m training localisation --corpus ../shared/corpus --folder ../cache
    """
    utterances = read_manifest(corpus / "manifest.csv")
    spliced: list[ScoredItem] = []
    genuine: list[ScoredItem] = []
    cards: dict[str, ModelCard] = {}
    with Progress(console=console) as progress:
        bar = progress.add_task("items", total=(spliced_a_fold + genuine_a_fold) * len(OPEN_FOLDS))
        for fold in OPEN_FOLDS:
            held_out = open_held_out(utterances, folder, fold)
            detector = held_out.models.detector
            cards[detector.model_id] = detector.card
            random = np.random.default_rng((seed, fold))
            for made, kept in (
                (make_spliced(held_out.utterances, spliced_a_fold, random), spliced),
                (make_genuine(held_out.utterances, genuine_a_fold, random), genuine),
            ):
                for item in made:
                    kept.append(score_item(item, held_out.models, DENSEST_HOP_S))
                    progress.advance(bar)
    for line in _lines(spliced, genuine, cards):
        console.print(line, markup=False, soft_wrap=True)


def localisation_scores(
    corpus: Annotated[
        Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")
    ],
    folder: Annotated[Path, typer.Option(help="Feature cache with the nets of `fit`.")],
    more: Annotated[
        list[Path] | None, typer.Option(help="As in `fit`: a manifest trained and tested on too.")
    ] = None,
    made: Annotated[
        list[Path] | None, typer.Option(help="As in `fit`: copies that are trained on.")
    ] = None,
    items: Annotated[int, typer.Option(help="Items of each kind and condition.")] = 400,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn.")] = 0,
) -> None:
    """Print the same of items joined from the inner folds' held-out scores, without any sound.

    Hundreds of items for each condition, at the shipped card's thresholds; a little easier than sound.

    Example: python -m training localisation-scores --corpus ../shared/corpus --folder ../cache
    """
    utterances = read_manifests([corpus / "manifest.csv", *(more or ())], training_only=made or ())
    inner = score_inner_folds(utterances, folder, RECIPE)
    segments = fuse(inner, fit_fusion(inner))
    card = open_shipped(resolve("", "detector")[0]).card
    for condition, _ in track(TEST_COPIES, console=console):
        wanted = segments.condition == condition
        chosen, fold = segments.select(wanted), inner.fold[wanted]
        random = np.random.default_rng(seed)
        spliced = list(join_spliced(chosen, fold, card, items, random))
        genuine = list(join_genuine(chosen, fold, card, items, random))
        figures = measure_spans(spliced, {MODEL_ID: card})
        false = measure_false_spans(genuine, {MODEL_ID: card})
        console.print(
            f"| {condition} | {_span_cells(figures)} {_false_cells(false)}",
            markup=False,
            soft_wrap=True,
        )


def _lines(
    spliced: list[ScoredItem], genuine: list[ScoredItem], cards: dict[str, ModelCard]
) -> list[str]:
    """Return both tables."""
    lines = [
        "| hop s | spliced items | found % | called synthetic whole % | precision | recall | F1 "
        "| edge error s | range EER % | segment EER % |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for hop_s in HOPS_S:
        for name, chosen in (
            ("all", spliced),
            ("copies of the source's own clips", [s for s in spliced if s.item.is_matched]),
            ("other voices", [s for s in spliced if not s.item.is_matched]),
        ):
            if chosen:
                figures = measure_spans([_cut(scored, hop_s) for scored in chosen], cards)
                lines.append(f"| {hop_s:g} | {name}, {_span_cells(figures)}")
    lines += [
        "",
        "| hop s | genuine 60-s items | with a span % | of their seconds % | called synthetic % |",
        "|---|---|---|---|---|",
    ]
    for hop_s in HOPS_S:
        cut = [_cut(scored, hop_s) for scored in genuine]
        lines.append(f"| {hop_s:g} | {_false_cells(measure_false_spans(cut, cards))}")
    return lines


def _cut(scored: ScoredItem, hop_s: float) -> ScoredItem:
    return ScoredItem(scored.item, at_hop(scored.scores, hop_s))


def _span_cells(figures: SpanFigures) -> str:
    return (
        f"{figures.n_items} | {100 * figures.found_share:.0f} "
        f"| {100 * figures.called_synthetic_share:.0f} | {figures.precision:.2f} "
        f"| {figures.recall:.2f} | {figures.f1:.2f} | {figures.boundary_error_s:.1f} "
        f"| {100 * figures.range_eer:.1f} | {100 * figures.segment_eer:.1f} |"
    )


def _false_cells(figures: FalseSpanFigures) -> str:
    return (
        f"{figures.n_items} | {100 * figures.item_share:.1f} | {100 * figures.second_share:.2f} "
        f"| {100 * figures.called_synthetic_share:.1f} |"
    )
