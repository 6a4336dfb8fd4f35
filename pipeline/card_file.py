"""A model file's card alone, for people who look at it; nothing is run."""

from pathlib import Path

import onnxruntime
from pydantic import ValidationError

from pipeline.errors import ModelMismatchError
from pipeline.model_card import METADATA_KEY, ModelCard, OverlapCard, SeparatorCard, read_card
from pipeline.onnx_errors import ONNX_ERRORS


def card_of_file(path: Path) -> ModelCard | SeparatorCard | OverlapCard:
    """Return the card in an ONNX file's metadata.

    Raises:
        ModelMismatchError: the file has none that is valid.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except (*ONNX_ERRORS, OSError) as error:
        raise ModelMismatchError(f"Model file {path.name} is no ONNX file.") from error
    try:
        return read_card(session.get_modelmeta().custom_metadata_map.get(METADATA_KEY, ""))
    except ValidationError as error:
        raise ModelMismatchError(f"Model file {path.name} has no valid card.") from error
