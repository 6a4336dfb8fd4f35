"""Detectors of the inner folds as files of contract v1, so that the real pipeline can run them.

Each was fitted without the systems, speakers, pairs and sources that its fold holds out
(`training.splits.split_inner`): what a room measures on those clips with the fold's file is a
figure on generators and sources that the file never met. The card is the shipped one's, whose
calibration and thresholds were set on the scores of these very folds: figures flatter a little.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.analyse import Models
from pipeline.errors import SourceNotFoundError
from pipeline.model_card import ModelCard
from pipeline.score import Detector
from pipeline.separate import Separator
from storage.model_store import resolve
from training.detector_card import example_inputs
from training.export_onnx import export_detector
from training.manifests import Utterance
from training.models.camplusplus import load_encoder
from training.models.fusion import FusionDetector, FusionWeights
from training.recipes.phase_fusion import Recipe
from training.release import check_origin, fit_members
from training.speaker_encodings import fetch_checkpoint
from training.splits import OPEN_FOLDS, split_inner

N_EXAMPLES = 8  # utterances on which both runtimes are compared


@dataclass(frozen=True, slots=True)
class HeldOut:
    """One inner fold: what to listen with, and what it never met."""

    fold: int
    models: Models
    utterances: tuple[Utterance, ...]


def write_inner_detectors(
    utterances: Sequence[Utterance],
    cache: Path,
    recipe: Recipe,
    weights: FusionWeights,
    card: ModelCard,
) -> list[Path]:
    """Write a file for each inner fold under `cache/inner`; nets go on from their checkpoints.

    Args:
        utterances: the whole manifest, in the order of the feature cache.
        cache: the folder of the feature cache and of the nets.
        recipe: that the nets are fitted by.
        weights: of the fusion.
        card: calibration and thresholds that the files get.
    """
    check_origin(utterances, cache, recipe)
    folder = cache / "inner"
    folder.mkdir(exist_ok=True)
    paths = []
    for fold in OPEN_FOLDS:
        path = inner_path(cache, fold)
        if not path.exists():
            split = split_inner(utterances, fold)
            members = fit_members(utterances, split, cache, recipe, f"inner{fold}")
            encoder = load_encoder(fetch_checkpoint(cache))
            detector = FusionDetector(members, encoder, weights).eval()
            example = example_inputs(utterances[:N_EXAMPLES])
            named = card.model_copy(
                update={"name": f"{card.name}_inner{fold}", "attribution": None}  # no head
            )
            export_detector(detector, example, named, path)
        paths.append(path)
    return paths


def inner_path(cache: Path, fold: int) -> Path:
    """Return where an inner fold's file lies."""
    return cache / "inner" / f"inner{fold}.onnx"


def open_held_out(utterances: Sequence[Utterance], cache: Path, fold: int) -> HeldOut:
    """Return an inner fold's detector beside the shipped separator, and what is held out.

    Raises:
        SourceNotFoundError: the fold's file was not written yet.
    """
    path = inner_path(cache, fold)
    if not path.is_file():
        raise SourceNotFoundError(
            f"there is no {path}: run `python -m training inner-detectors` first"
        )
    return HeldOut(fold, open_models(path), split_inner(utterances, fold).test)


def open_models(path: Path) -> Models:
    """Return a detector file opened beside the shipped separator."""
    detector = Detector(path, hashlib.sha256(path.read_bytes()).hexdigest())
    separator, sha256 = resolve("", "separator")
    return Models(detector, Separator(separator), sha256)
