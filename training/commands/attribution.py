"""`python -m training attribution`: measure naming of systems, and put it into a detector's file."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from pipeline.frontends import compute
from pipeline.model_card import AttributionCard, Figure, KnownSystem, ModelCard
from pipeline.vocabulary import FloatArray
from training.attribution import (
    Clips,
    family_of,
    fit_systems,
    known_systems,
    read_clips,
    usable,
)
from training.attribution_export import add_to_detector
from training.attribution_figures import (
    OpenSetFigures,
    choose_margin,
    figures_at,
    measure_families,
    measure_space,
    measure_systems,
)
from training.feature_cache import read_speech
from training.manifests import Utterance, read_manifests
from training.models.system_head import HeadConfig, SpaceConfig, fit_space
from training.recipes.phase_fusion import TEST_COPIES
from training.shipping import enter_model
from training.splits import group_name
from training.validate import cut_samples, open_shipped

console = Console()
More = Annotated[
    list[Path] | None, typer.Option(help="As in `fit`: a manifest trained and tested on too.")
]
Made = Annotated[list[Path] | None, typer.Option(help="As in `fit`: copies that are trained on.")]
MIN_VOICED_S = 2.0  # clips of the measurement have 2 to 3.6 s


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(attribution)


def attribution(
    corpus: Annotated[
        Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")
    ],
    folder: Annotated[Path, typer.Option(help="Feature cache.")],
    more: More = None,
    made: Made = None,
    into: Annotated[
        Path | None, typer.Option(help="Detector file that gets the head; models.json follows.")
    ] = None,
    families: Annotated[
        bool, typer.Option(help="Measure families and the codec class of unmet systems too.")
    ] = False,
) -> None:
    """Print how well known systems are named and strangers are not; write the head into a file.

    Everything is fitted and measured on the open folds.

    Example: python -m training attribution --corpus ../shared/corpus --folder ../cache
    """
    utterances = read_manifests([corpus / "manifest.csv", *(more or ())], training_only=made or ())
    copies = [(condition, plan.name) for condition, plan in TEST_COPIES]
    clips = read_clips(utterances, folder, copies)
    measured = measure_systems(utterances, clips, HeadConfig())
    margin = choose_margin(measured)
    figures = [figures_at(measured, margin, condition) for condition, _ in copies]
    for line in _lines(figures, margin):
        console.print(line, markup=False, soft_wrap=True)
    for line in _space_lines(utterances, clips):
        console.print(line, markup=False, soft_wrap=True)
    if families:
        for (name, condition), (n, value) in sorted(
            measure_families(utterances, clips, HeadConfig()).items()
        ):
            console.print(f"{name}, {condition}: {n} clips, {value:.3f}", markup=False)
    if into is not None:
        _write(utterances, clips, into, margin, figures)


def _write(
    utterances: tuple[Utterance, ...],
    clips: Clips,
    into: Path,
    margin: float,
    figures: list[OpenSetFigures],
) -> None:
    """Fit on all open clips and write the head into the detector's file and into models.json."""
    systems = known_systems(utterances)
    head = fit_systems(clips, utterances, systems, usable(utterances), HeadConfig())
    group = np.array([group_name(row) for row in utterances])[clips.owner]
    space = fit_space(clips.statistics, group, SpaceConfig())
    clean = figures[0]
    part = AttributionCard(
        systems=tuple(KnownSystem(name=name, family=family_of(name)) for name in systems),
        n_outside=head.weights.shape[1] - len(systems),
        named_above=margin,
        min_voiced_s=MIN_VOICED_S,
        known_named_rate=round(clean.named_right, 4),
        unknown_named_rate=round(
            max(max(row.strangers_named, row.left_out_named) for row in figures), 4
        ),
        figures=tuple(figure for row in figures for figure in _card_figures(row)),
    )
    card = open_shipped(into).card
    sha256 = add_to_detector(into, card, head, space, part, _example(utterances[:8], card))
    enter_model(into.parent, card.name, sha256)
    console.print(f"{into.name}: {sha256}", markup=False)


def _example(utterances: tuple[Utterance, ...], card: ModelCard) -> dict[str, FloatArray]:
    """Return real features of every front end, to compare both runtimes on."""
    cut = [cut_samples(read_speech(row.path), card.segment_samples) for row in utterances]
    samples = np.concatenate(cut)
    return {
        spec.input_name: compute(spec.front_end, spec.config, samples) for spec in card.front_ends
    }


def _card_figures(row: OpenSetFigures) -> list[Figure]:
    """Return the figures of one condition as the card writes them."""
    test = f"inner folds, attribution, {row.condition}"
    return [
        Figure(test=test, metric=metric, value=round(value, 4), n_bonafide=0, n_spoof=count)
        for metric, value, count in (
            ("closed_accuracy", row.closed_accuracy, row.n_known),
            ("named_right", row.named_right, row.n_known),
            ("named_wrong", row.named_wrong, row.n_known),
            ("strangers_named", row.strangers_named, row.n_strangers),
            ("left_out_named", row.left_out_named, row.n_left_out),
            ("open_set_auc", row.auroc, row.n_known + row.n_strangers),
            ("open_set_fpr95", row.fpr95, row.n_strangers),
        )
    ]


def _lines(figures: list[OpenSetFigures], margin: float) -> list[str]:
    """Return the tables as Markdown."""
    lines = [
        f"named above a margin of {margin:g}",
        "",
        "| condition | known clips | closed-set accuracy % | named rightly % | named wrongly % "
        "| strangers | AUROC | FPR95 % | named % | left-out clips | named % |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in figures:
        lines.append(
            f"| {row.condition} | {row.n_known} | {_percent(row.closed_accuracy)} "
            f"| {_percent(row.named_right)} | {_percent(row.named_wrong)} | {row.n_strangers} "
            f"| {row.auroc:.3f} | {_percent(row.fpr95)} | {_percent(row.strangers_named)} "
            f"| {row.n_left_out} | {_percent(row.left_out_named)} |"
        )
    conditions = [row.condition for row in figures]
    lines += [
        "",
        f"| system | named rightly %: {', '.join(conditions)} | left out, given a name % |",
        "|---|---|---|",
    ]
    for name in figures[0].named_by_left_out:
        right = ", ".join(_percent(row.right_by_system.get(name, float("nan"))) for row in figures)
        wrong = ", ".join(_percent(row.named_by_left_out[name]) for row in figures)
        lines.append(f"| {name} | {right} | {wrong} |")
    return lines


def _space_lines(utterances: tuple[Utterance, ...], clips: Clips) -> list[str]:
    """Return how well clips of one system lie together in the embedding."""
    lines = [
        "",
        "| condition | pairs | same or different system, EER % | of one page % | silhouette |",
    ]
    lines.append("|---|---|---|---|---|")
    for row in measure_space(utterances, clips, SpaceConfig()):
        lines.append(
            f"| {row.condition} | {row.n_pairs} | {_percent(row.eer)} | {_percent(row.page_eer)} "
            f"| {row.silhouette:.2f} |"
        )
    return [*lines, ""]


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"
