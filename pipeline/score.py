"""Score features with a detector: holds the ONNX session; knows nothing of media or verdicts.

Rows are padded to one run size, so that what stands beside a segment cannot change its number.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime
from pydantic import ValidationError

from pipeline.errors import ConfigError, ModelMismatchError, NonFiniteScoreError
from pipeline.model_card import METADATA_KEY, ModelCard, read_card
from pipeline.onnx_errors import ONNX_ERRORS
from pipeline.vocabulary import Features, FloatArray, ModelOutputs, ModelUse

Device = Literal["cpu", "cuda"]
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
# Rows that a processor takes at once. What the encoder's first layers make of four segments still fits
# its cache, of the card's 32 it does not (3.5 ms a segment for 4.1), and an item's last run is padded
# by three rows at most. The numbers are the same to the last bit.
CPU_RUN_ROWS = 4


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """Where and how wide to run."""

    device: Device = "cpu"
    n_threads: int = 1  # inside one run; several scorers or preparers share a machine


class Detector:
    """Holds one detector's session for the life of its owner."""

    def __init__(self, path: Path, sha256: str, settings: ScoreSettings | None = None) -> None:
        """Load a model by checksum.

        Raises:
            ModelMismatchError: the file is not the one that `sha256` names, is no ONNX file, or has
                no valid card.
            ConfigError: the device that was asked for is not there; never a silent fall-back.
        """
        settings = settings or ScoreSettings()
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ModelMismatchError(f"Model file {path.name} does not have its checksum.")
        provider = _PROVIDERS[settings.device]
        if provider not in onnxruntime.get_available_providers():
            raise ConfigError(
                f"ONNX Runtime has no {provider} here. Install the `gpu` extra on a machine with a "
                "GPU, or ask for the device `cpu`."
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings.n_threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=[provider])
        except ONNX_ERRORS as error:
            raise ModelMismatchError(f"Model file {path.name} cannot be loaded.") from error
        self.provider: str = self._session.get_providers()[0]
        if self.provider != provider:
            raise ConfigError(f"{provider} was asked for and did not load. Run `verity doctor`.")
        self.card = _detector_card(self._session, path.name)
        self.model_id = sha256
        at_once = CPU_RUN_ROWS if settings.device == "cpu" else self.card.batch_size
        self.run_rows = min(at_once, self.card.batch_size)  # more at once save nothing

    @property
    def use(self) -> ModelUse:
        """Return what a report says of this model."""
        return ModelUse(self.card.name, self.model_id, "detector", self.provider)

    def score(self, features: Features) -> ModelOutputs:
        """Return the outputs for each row.

        Raises:
            NonFiniteScoreError: the model gave a NaN or an infinity.
        """
        n_rows = len(next(iter(features.tensors.values())))
        n_batch = self.run_rows
        parts = [
            self._run({name: t[first : first + n_batch] for name, t in features.tensors.items()})
            for first in range(0, n_rows, n_batch)
        ] or [self._run({name: t[:0] for name, t in features.tensors.items()})]
        return join_outputs(parts)

    def _run(self, tensors: dict[str, FloatArray]) -> ModelOutputs:
        n_rows = len(next(iter(tensors.values())))
        padded = {name: _pad_rows(tensor, self.run_rows) for name, tensor in tensors.items()}
        names = _output_names(self.card)
        values = [value[:n_rows] for value in self._session.run(names, padded)]
        if not all(np.isfinite(value).all() for value in values):
            raise NonFiniteScoreError(
                f"Model {self.card.name} gave a score that is not a number. Report this with the item."
            )
        named = dict(zip(names, values, strict=True))
        return ModelOutputs(
            named["cm_score"], named["embedding"], named.get("attention"), named.get("attribution")
        )


def join_outputs(parts: list[ModelOutputs]) -> ModelOutputs:
    """Return several outputs of one model as one, rows in order."""
    attention = [part.attention for part in parts if part.attention is not None]
    attribution = [part.attribution for part in parts if part.attribution is not None]
    return ModelOutputs(
        np.concatenate([part.cm_score for part in parts]),
        np.concatenate([part.embedding for part in parts]),
        np.concatenate(attention) if attention else None,
        np.concatenate(attribution) if attribution else None,
    )


def _output_names(card: ModelCard) -> list[str]:
    """Return the outputs that the card promises, in the order of `ModelOutputs`."""
    optional = {"attention": card.has_attention, "attribution": card.attribution is not None}
    return ["cm_score", "embedding", *(name for name, is_there in optional.items() if is_there)]


def _pad_rows(tensor: FloatArray, n_rows: int) -> FloatArray:
    if len(tensor) == n_rows:
        return tensor
    padding = [(0, n_rows - len(tensor))] + [(0, 0)] * (tensor.ndim - 1)
    return np.pad(tensor, padding)


def _detector_card(session: onnxruntime.InferenceSession, name: str) -> ModelCard:
    """Return the card, checked against the graph's inputs and outputs."""
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise ModelMismatchError(f"Model file {name} carries no model card.")
    try:
        card = read_card(text)
    except ValidationError as error:
        raise ModelMismatchError(f"Model file {name} has a card that is not valid.") from error
    if not isinstance(card, ModelCard):
        raise ModelMismatchError(f"Model file {name} is no detector but a {card.kind}.")
    inputs = {node.name for node in session.get_inputs()}
    outputs = {node.name for node in session.get_outputs()}
    wanted = set(_output_names(card))
    if inputs != {spec.input_name for spec in card.front_ends} or not wanted <= outputs:
        raise ModelMismatchError(
            f"Model file {name} and its card disagree about inputs or outputs."
        )
    return card
