"""Put the system head and the system space into a detector's file: one graph, one checksum.

The detector's own nodes stay as they are, and its scores are compared before anything is written.
The head reads the front end that the graph has already; what it adds is `attribution` and an
`embedding` in which clips of one system lie together. The net's own goes on as `net_embedding`.
"""

import hashlib
import io
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from pipeline.errors import ModelMismatchError
from pipeline.model_card import METADATA_KEY, AttributionCard, ModelCard
from pipeline.vocabulary import FloatArray
from training.export_onnx import OPSET, TOLERANCE
from training.graph_head import ADDED, merge, without_head
from training.models.system_head import SystemHead, SystemSpace

FRONT_END = "phase"  # the statistics are of its frames

Tensors = Mapping[str, FloatArray]  # input name -> (n, ...)


class _Likeness(nn.Module):
    """Head and space over one set of statistics."""

    def __init__(self, head: SystemHead, space: SystemSpace) -> None:
        super().__init__()
        self.head = head
        self.space = space

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        statistics = self.head.statistics(frames)
        return self.head.of_statistics(statistics), self.space.of_statistics(statistics)


def add_to_detector(
    path: Path,
    card: ModelCard,
    head: SystemHead,
    space: SystemSpace,
    attribution: AttributionCard,
    example: Tensors,
) -> str:
    """Write the detector's file again with head, space and card; return its SHA-256.

    Args:
        path: the detector; it may have had an older head, which is replaced.
        card: the detector's.
        head: columns of the known systems and the outside ones.
        space: becomes the graph's `embedding`.
        attribution: what the columns mean.
        example: real features of every front end, on which everything is compared.

    Raises:
        ModelMismatchError: the detector does not read the phase front end, or its scores changed.
    """
    spec = next((spec for spec in card.front_ends if spec.front_end == FRONT_END), None)
    if spec is None:
        raise ModelMismatchError(f"{path.name} does not read the front end `{FRONT_END}`")
    before = onnx.load(str(path))
    after = merge(
        without_head(before), _to_onnx(head, space, spec.input_name, example[spec.input_name])
    )
    del after.metadata_props[:]
    entry = after.metadata_props.add()
    named = card.model_copy(update={"attribution": attribution})
    entry.key, entry.value = METADATA_KEY, named.model_dump_json()
    onnx.checker.check_model(after)
    content = after.SerializeToString()
    _compare(path, content, _Likeness(head, space), spec.input_name, example)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _to_onnx(
    head: SystemHead, space: SystemSpace, input_name: str, example: FloatArray
) -> onnx.ModelProto:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in `training.export_onnx`: the exporter that traces
        torch.onnx.export(
            _Likeness(head, space).eval(),
            (torch.from_numpy(example),),
            buffer,  # type: ignore[arg-type]  # the stub knows paths only
            input_names=[input_name],
            output_names=list(ADDED),
            dynamic_axes={name: {0: "n"} for name in (input_name, *ADDED)},
            opset_version=OPSET,
            dynamo=False,
        )
    return onnx.load_from_string(buffer.getvalue())


def _compare(
    path: Path, content: bytes, likeness: nn.Module, input_name: str, example: Tensors
) -> None:
    """Raise ModelMismatchError where old outputs changed or new ones are not PyTorch's."""
    providers = ["CPUExecutionProvider"]
    old = onnxruntime.InferenceSession(str(path), providers=providers)
    new = onnxruntime.InferenceSession(content, providers=providers)
    kept = [node.name for node in old.get_outputs() if node.name not in ADDED]
    given = dict(example)
    for name, one, other in zip(kept, old.run(kept, given), new.run(kept, given), strict=True):
        if not np.array_equal(one, other):
            raise ModelMismatchError(f"the head changed {name}: not written")
    with torch.inference_mode():
        expected = [value.numpy() for value in likeness(torch.from_numpy(example[input_name]))]
    for name, one, other in zip(ADDED, expected, new.run(list(ADDED), given), strict=True):
        if float(np.abs(one - other).max()) > TOLERANCE:
            raise ModelMismatchError(f"ONNX Runtime gives another {name}: not written")
