"""`python -m training attention-check`: which picture of what moved a score may be shown?"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from pipeline.calibrate import segment_llr
from pipeline.frontends import compute
from pipeline.model_card import Calibration, ModelCard
from pipeline.occlusion import N_PARTS
from pipeline.vocabulary import Features, FloatArray, IntArray, Label
from training.attention_check import MaskingFigures, check_map, occlusion
from training.feature_cache import read_speech
from training.inner_detectors import inner_path
from training.manifests import Utterance, read_manifest
from training.splits import OPEN_FOLDS, split_inner
from training.validate import ShippedDetector, cut_samples, open_shipped

console = Console()


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(attention_check)


@dataclass(frozen=True, slots=True)
class _Segments:
    """Held-out segments with what the graph says of them."""

    features: Features
    attention: FloatArray  # (n, n_cells)
    owner: IntArray  # (n,)


def attention_check(
    corpus: Annotated[
        Path, typer.Option(help="Folder with manifest.csv, such as ../shared/corpus.")
    ],
    folder: Annotated[Path, typer.Option(help="Feature cache; `inner-detectors` has run on it.")],
    utterances_a_fold: Annotated[int, typer.Option(help="Held-out clips of each inner fold.")] = 60,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn.")] = 0,
) -> None:
    """Mask the cells that a map points at, and random ones; print how far the LLR moves.

    The top 20 % of the cells, paired by segment, with 95 % intervals over clips. Maps: attention
    rollout, and what reports show, the change of the LLR with each part hidden.

    Example: python -m training attention-check --corpus ../shared/corpus --folder ../cache
    """
    utterances = read_manifest(corpus / "manifest.csv")
    lines = [
        "| fold | map | segments | top cells move the LLR | random cells | difference (95 %) |"
    ]
    lines.append("|---|---|---|---|---|---|")
    for fold in track(OPEN_FOLDS, console=console):
        random = np.random.default_rng((seed, fold))
        detector = open_shipped(inner_path(folder, fold))
        drawn = _draw(split_inner(utterances, fold).test, utterances_a_fold, random)
        segments = _listen(detector, drawn)

        def score(features: Features, detector: ShippedDetector = detector) -> FloatArray:
            return _llr(detector, features)

        maps = {
            "attention rollout": segments.attention,
            "occlusion": occlusion(segments.features, N_PARTS, score),
        }
        for name, importance in maps.items():
            figures = check_map(segments.features, importance, segments.owner, score, random)
            lines.append(_line(fold, name, figures))
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def _draw(rows: tuple[Utterance, ...], count: int, random: np.random.Generator) -> list[Utterance]:
    """Return as many genuine as synthetic clips."""
    drawn: list[Utterance] = []
    for label in (Label.BONAFIDE, Label.SPOOF):
        of_class = [row for row in rows if row.label is label and not row.is_codec]
        chosen = random.choice(len(of_class), size=min(count // 2, len(of_class)), replace=False)
        drawn += [of_class[i] for i in chosen]
    return drawn


def _listen(detector: ShippedDetector, rows: list[Utterance]) -> _Segments:
    card = detector.card
    cut = [cut_samples(read_speech(row.path), card.segment_samples) for row in rows]
    samples = np.concatenate(cut)
    tensors = {
        spec.input_name: compute(spec.front_end, spec.config, samples) for spec in card.front_ends
    }
    attention: FloatArray = detector.session.run(["attention"], tensors)[0]
    owner = np.repeat(np.arange(len(rows)), [len(segments) for segments in cut])
    return _Segments(Features(tensors), attention, owner)


def _llr(detector: ShippedDetector, features: Features) -> FloatArray:
    """Return LLRs without the limit, which would hide how far a strong score moves."""
    scores: FloatArray = detector.session.run(["cm_score"], features.tensors)[0]
    return segment_llr(scores, _unlimited(detector.card))


def _unlimited(card: ModelCard) -> Calibration:
    return card.calibration["recorded"].model_copy(update={"llr_limit": float("inf")})


def _line(fold: int, name: str, figures: MaskingFigures) -> str:
    return (
        f"| {fold} | {name} | {figures.n_segments} | {figures.top_shift:.3f} "
        f"| {figures.random_shift:.3f} "
        f"| {figures.difference:+.3f} ({figures.low:+.3f} to {figures.high:+.3f}) |"
    )
