"""Validate: the shipped file itself on held-out utterances, from samples to decisions.

Segments are cut and scored as the product does it, but for voice activity: the utterances are
trimmed speech, of which near-silent seconds are dropped.
"""

import logging
import os
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import onnxruntime

from pipeline.errors import InputError
from pipeline.frontends import compute
from pipeline.model_card import METADATA_KEY, ModelCard, read_card
from pipeline.vocabulary import FloatArray
from training.calibration import (
    Items,
    ScoredSegments,
    Scores,
    calibrated_llr,
    join_scores,
)
from training.manifests import Utterance
from training.segment_scores import QUIET_SHARE, describe
from training.validation_conditions import Condition, spread

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShippedDetector:
    """An ONNX file opened with its card; one session for a run's life."""

    session: onnxruntime.InferenceSession
    card: ModelCard

    def score(self, segments: FloatArray) -> FloatArray:
        """Return CM scores of segments (n, segment_samples)."""
        tensors = {
            spec.input_name: compute(spec.front_end, spec.config, segments)
            for spec in self.card.front_ends
        }
        scores: FloatArray = self.session.run(["cm_score"], tensors)[0]
        return scores


def open_shipped(path: Path) -> ShippedDetector:
    """Return a detector file of ours, opened."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    card = read_card(session.get_modelmeta().custom_metadata_map[METADATA_KEY])
    assert isinstance(card, ModelCard)
    return ShippedDetector(session, card)


def score_conditions(
    shipped: ShippedDetector,
    utterances: Sequence[Utterance],
    conditions: Sequence[Condition],
    on_done: Callable[[str], None] = lambda _: None,
) -> ScoredSegments:
    """Return segments under each condition; the field `utterance` counts in `utterances`.

    A codec that this ffmpeg lacks is left out, by name, in the log.

    Args:
        shipped: the detector.
        utterances: all that may be scored.
        conditions: each with how many utterances it takes at most.
        on_done: told the name of each condition that is done.
    """
    parts = []
    for condition in conditions:
        places = spread(utterances, condition.most_utterances)
        chosen = [utterances[place] for place in places]
        try:
            waveforms = condition.make(chosen)
        except subprocess.CalledProcessError:
            _log.warning("left out %s: this ffmpeg cannot encode it", condition.name)
            continue
        parts.append(_score_waveforms(shipped, chosen, places, waveforms, condition.name))
        on_done(condition.name)
    return join_scores(parts)


def _score_waveforms(
    shipped: ShippedDetector,
    utterances: Sequence[Utterance],
    places: Sequence[int],
    waveforms: Sequence[FloatArray],
    condition: str,
) -> ScoredSegments:
    """Return all segments, utterances side by side on all cores: each is scored alone all the same."""

    def score(samples: FloatArray) -> FloatArray:
        return shipped.score(cut_samples(samples, shipped.card.segment_samples))

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        scores = list(pool.map(score, waveforms))
    return join_scores(
        [
            describe(utterance, place, condition, len(scored)).with_score(scored.astype(np.float64))
            for utterance, place, scored in zip(utterances, places, scores, strict=True)
        ]
    )


def cut_samples(samples: FloatArray, segment_samples: int) -> FloatArray:
    """Return segments (n, segment_samples), the last aligned to the end, quiet ones dropped."""
    last = max(0, len(samples) - segment_samples)
    starts = list(range(0, last + 1, segment_samples))
    if last > starts[-1]:
        starts.append(last)
    padded = np.resize(samples, max(len(samples), segment_samples))
    segments = np.stack([padded[at : at + segment_samples] for at in starts])
    power = (segments**2).mean(axis=1)
    return np.asarray(segments[power > QUIET_SHARE * power.max()], dtype=np.float32)


def utterance_llr(items: Items, card: ModelCard) -> Scores:
    """Return the LLR of whole utterances, as the card's detector would give them."""
    return calibrated_llr(items, card.calibration["recorded"])


def save_segments(segments: ScoredSegments, path: Path, of: str) -> None:
    """Write scored segments to an .npz file, so that tables can be made again without scoring.

    Args:
        segments: to keep.
        path: the file.
        of: what was scored by what; whoever loads them must know it.
    """
    columns = {field.name: getattr(segments, field.name) for field in fields(segments)}
    with path.open("wb") as file:
        np.savez_compressed(file, of=np.array(of), **columns)


def load_segments(path: Path, of: str) -> ScoredSegments:
    """Return what `save_segments` wrote of the same thing.

    Raises:
        InputError: it is no such file, or its scores are of something else.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            columns = {name: stored[name] for name in stored.files}
            written = str(columns.pop("of"))
            segments = ScoredSegments(*(columns[field.name] for field in fields(ScoredSegments)))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path.name} holds no scores of `training validate`: name another"
        ) from error
    if written != of:
        raise InputError(f"{path.name} holds scores of another model or fold: name another file")
    return segments
