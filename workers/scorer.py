"""The Scorer actor: scores features of many items in shared batches, on the GPU if there is one."""

import logging
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import onnxruntime
import ray

from pipeline.derivation import this_machine
from pipeline.errors import NonFiniteScoreError
from pipeline.model_card import ModelCard
from pipeline.occlusion import hide_each_part, llr_changes, pick_rows
from pipeline.score import Detector, Device, ScoreSettings
from pipeline.strongest import StrongSegment
from pipeline.traces import Machine
from pipeline.vocabulary import (
    Features,
    FloatArray,
    ModelOutputs,
    ModelUse,
)
from storage.model_store import resolve
from workers.path_guard import guard_paths
from workers.row_batching import BatchNote, RowBatcher
from workers.walk_values import ActorFacts, here

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScorerSettings:
    """What a scorer needs on its node."""

    detector: str  # name in the model store, or a path
    device: Literal["auto", "cpu", "cuda"]
    n_threads: int
    wait_s: float  # a run that is not full waits this long for other items' rows
    n_rows: int = 0  # that are run without waiting; 0 = as many as fill a run


@dataclass(frozen=True, slots=True, eq=False)  # each is itself: it is packed once
class DetectorFacts:
    """What preparers and the writer must know of the model; travels with each item."""

    card: ModelCard
    use: ModelUse
    machine: Machine | None = None  # that the model runs on

    def __reduce__(self) -> tuple[object, ...]:
        """Return how to make it elsewhere; packing and unpacking a card takes 0.7 ms."""
        return _unpacked, (_packed(self),)


@lru_cache(maxsize=4)
def _packed(facts: DetectorFacts) -> bytes:
    return pickle.dumps((facts.card, facts.use, facts.machine))


@lru_cache(maxsize=4)
def _unpacked(packed: bytes) -> DetectorFacts:
    return DetectorFacts(*pickle.loads(packed))  # noqa: S301 (ours, from an actor of ours)


class Scorer:
    """Holds one detector's session for the actor's life; its methods share one event loop."""

    def __init__(self, settings: ScorerSettings) -> None:
        """Keep the settings; `open` loads what they name."""
        self._settings = settings
        self._nothing: ModelOutputs | None = None

    @ray.method
    async def open(self) -> tuple[ActorFacts, DetectorFacts]:
        """Load the detector; return where this runs, and the model.

        Raises:
            ModelError, ConfigError: see `pipeline.score.Detector`.
        """
        guard_paths()
        settings = self._settings
        path, sha256 = resolve(settings.detector, "detector")
        device = settings.device if settings.device != "auto" else _best_device()
        self._detector = Detector(path, sha256, ScoreSettings(device, settings.n_threads))
        card = self._detector.card
        self._batcher = RowBatcher(
            self._detector.score,
            card.batch_size,
            settings.wait_s,
            settings.n_rows or self._detector.run_rows,
        )
        return here(), DetectorFacts(card, self._detector.use, this_machine("score"))

    @ray.method(num_returns=2)
    async def score(self, item_id: str, features: Features) -> tuple[ModelOutputs, FloatArray]:
        """Return the model's outputs for these rows, in their order, and their CM scores again.

        Two objects: the driver reads the scores, and leaves the large arrays to the writer.

        Raises:
            NonFiniteScoreError: the model gave a NaN or an infinity.
        """
        if any(len(tensor) for tensor in features.tensors.values()):
            outputs = await self._batcher.submit(item_id, features)
            return outputs, outputs.cm_score
        if self._nothing is None:  # silence, music: no row to score; one run tells the shapes
            self._nothing = self._detector.score(features)
        return self._nothing, self._nothing.cm_score

    @ray.method
    async def explain(
        self,
        item_id: str,
        strongest: Sequence[StrongSegment],
        numbers: Sequence[int],
        *batches: Features,
    ) -> FloatArray | None:
        """Return `pipeline.occlusion.explain` of these segments; rows go with those of other items.

        Args:
            item_id: whose they are.
            strongest: at least one.
            numbers: of the batches, in the order of these.
            batches: that the segments lie in.
        """
        features = pick_rows(strongest, dict(zip(numbers, batches, strict=True)))
        try:
            hidden = await self._batcher.submit(item_id, hide_each_part(features))
        except NonFiniteScoreError:
            return None
        return llr_changes(strongest, hidden.cm_score, self._detector.card)

    @ray.method
    async def take_notes(self) -> list[BatchNote]:
        """Return the notes of the batches since the last call."""
        return self._batcher.take_notes()


def _best_device() -> Device:
    """Return `cuda` where this ONNX Runtime has it; nobody asked for it by name."""
    is_there = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    _log.info("scorer chose its device", extra={"is_gpu": is_there})
    return "cuda" if is_there else "cpu"
