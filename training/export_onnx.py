"""Export: a trained detector to one ONNX file that carries its ModelCard.

The graph follows contract v1 of `pipeline.model_card`; the file is written only if ONNX Runtime
gives the same numbers as PyTorch.
"""

import hashlib
import io
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from pipeline.errors import ModelMismatchError
from pipeline.model_card import METADATA_KEY, ModelCard
from training.graph_head import without_head

TOLERANCE = 1e-4  # between PyTorch and ONNX Runtime, on every output
OPSET = 17
OUTPUT_NAMES = ("cm_score", "embedding", "attention")


class Explainable(Protocol):
    """A net that can say all that the graph contract asks for."""

    @property
    def explain(self) -> Callable[..., tuple[Tensor, Tensor, Tensor]]:
        """Take the front ends' tensors.

        Return cm_score (n,), unit embedding (n, d) and attention (n, n_patches).
        """


class _Graph(nn.Module):
    """What is exported: `explain` as `forward`."""

    def __init__(self, detector: Explainable) -> None:
        super().__init__()
        self.detector = detector  # registered as a sub-module, since every detector is one

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.detector.explain(*inputs)


def export_detector(
    detector: Explainable, example: Sequence[Tensor], card: ModelCard, path: Path
) -> str:
    """Write the detector with its card and return the file's SHA-256 in hex.

    Args:
        detector: a net with `explain` (see `Explainable`).
        example: real features of each front end of the card, in its order, (n, ...), on which
            the two runtimes are compared.
        card: written into the file's metadata.
        path: where the file goes.

    Raises:
        ModelMismatchError: ONNX Runtime and PyTorch disagree.
    """
    graph = _Graph(detector).eval()
    content = _to_onnx(graph, example, [spec.input_name for spec in card.front_ends])
    model = onnx.load_from_string(content)
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, card.model_dump_json()
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    difference = largest_difference(graph, content, example)
    if difference > TOLERANCE:
        raise ModelMismatchError(f"ONNX Runtime is off by {difference:.2g}: not written")
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def replace_card(path: Path, card: ModelCard) -> str:
    """Write another card into a detector's file and return the new SHA-256; weights stay."""
    model = onnx.load(str(path))
    del model.metadata_props[:]
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, card.model_dump_json()
    content = model.SerializeToString()
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def graph_sha256(path: Path) -> str:
    """Return the SHA-256 of a detector's graph and weights without card and head, in hex."""
    model = without_head(onnx.load(str(path)))
    del model.metadata_props[:]
    return hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest()


def largest_difference(graph: nn.Module, content: bytes, example: Sequence[Tensor]) -> float:
    """Return the largest difference of any output between PyTorch and ONNX Runtime."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = [output.numpy() for output in graph(*example)]
    names = [node.name for node in session.get_inputs()]
    given = {name: tensor.numpy() for name, tensor in zip(names, example, strict=True)}
    actual = session.run(list(OUTPUT_NAMES), given)
    return max(
        float(np.abs(one - other).max()) for one, other in zip(expected, actual, strict=True)
    )


def _to_onnx(graph: nn.Module, example: Sequence[Tensor], input_names: Sequence[str]) -> bytes:
    """Return the graph as ONNX with a free batch size."""
    buffer = io.BytesIO()
    names = (*input_names, *OUTPUT_NAMES)
    with warnings.catch_warnings():
        # The exporter that traces: the newer one needs a package more and names inputs anew.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            tuple(example),
            buffer,  # type: ignore[arg-type]  # the stub knows paths only
            input_names=list(input_names),
            output_names=list(OUTPUT_NAMES),
            dynamic_axes={name: {0: "n"} for name in names},
            opset_version=OPSET,
            dynamo=False,
        )
    return buffer.getvalue()
