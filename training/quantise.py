"""Quantise: a detector's graph with int8 weights, as a model of its own.

Dynamic quantisation leaves activations in float32 between products of matrices; static quantisation
needs their ranges, measured on training segments. The result has its own name, card, calibration and
thresholds: its scores are close to the float model's, not equal, and a threshold that was set on the
one says nothing sure about the other.
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from pipeline.vocabulary import FloatArray
from training.metrics import eer

# Gaussian kernels take differences of large numbers: a step of int8 in a distance moves a score by
# more than the score is worth, so the kernel machines keep float32.
KEPT_FLOAT = ("kernel_machine", "systems/")
# The nodes whose weights are shrunk. Convolutions only where activations are int8 too: dynamic integer
# convolution is six times slower on a CPU and moves scores as much (docs/detector-checks.md).
PRODUCTS = ("MatMul", "Gemm")
PRODUCTS_AND_CONVOLUTIONS = (*PRODUCTS, "Conv")
LARGEST_EER_LOSS = 0.005  # of the issue: within half a point of the float model

Tensors = Mapping[str, FloatArray]  # input name -> (n, ...)


@dataclass(frozen=True, slots=True)
class QuantisedFigures:
    """The int8 model beside the float one, on the same held-out segments."""

    float_eer: float  # of segments
    int8_eer: float
    largest_shift: float  # of a CM score
    mean_shift: float
    flip_share: float  # of decided clips whose decision differs at the float model's thresholds
    float_bytes: int
    int8_bytes: int
    speed_ratio: float  # float seconds over int8 seconds, alternating runs

    @property
    def is_worth_it(self) -> bool:
        """Say whether it may be shipped: no worse by more than the limit, smaller and faster."""
        is_as_good = self.int8_eer <= self.float_eer + LARGEST_EER_LOSS
        return is_as_good and self.int8_bytes < self.float_bytes and self.speed_ratio > 1


def quantise_dynamic(path: Path, target: Path) -> None:
    """Write the graph with int8 weights; activations are quantised as they come."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
        quantize_dynamic(
            prepared,
            target,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=list(PRODUCTS),
            nodes_to_exclude=_kept_float(prepared, PRODUCTS),
        )


def quantise_static(path: Path, target: Path, batches: Sequence[Tensors]) -> None:
    """Write the graph with int8 weights and activations.

    Args:
        path: the float detector.
        target: where the int8 graph goes.
        batches: training features that the ranges of activations are measured on.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            prepared,
            target,
            _Batches(batches),
            quant_format=QuantFormat.QDQ,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            op_types_to_quantize=list(PRODUCTS_AND_CONVOLUTIONS),
            nodes_to_exclude=_kept_float(prepared, PRODUCTS_AND_CONVOLUTIONS),
        )


class _Batches(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime is not typed
    """Gives the batches once, as ONNX Runtime wants them."""

    def __init__(self, batches: Sequence[Tensors]) -> None:
        self._left = iter(batches)

    def get_next(self) -> dict[str, FloatArray] | None:
        batch = next(self._left, None)
        return None if batch is None else dict(batch)


def compare(
    path: Path,
    quantised: Path,
    batches: Sequence[Tensors],
    is_bonafide: NDArray[np.bool_],
    thresholds: tuple[float, float],
) -> QuantisedFigures:
    """Return the int8 model's figures beside the float one's.

    Args:
        path: the float detector.
        quantised: the int8 one.
        batches: held-out features, one batch a clip, so that a flip is one of a clip's decision.
        is_bonafide: (n_batches,).
        thresholds: on the mean CM score: synthetic below, no evidence above.
    """
    sessions = [_session(one) for one in (path, quantised)]
    seconds = np.zeros(2)
    scores: list[list[FloatArray]] = [[], []]
    for batch in batches:  # alternating, so that a busy machine slows both alike
        for which, session in enumerate(sessions):
            started = time.process_time()
            scores[which].append(session.run(["cm_score"], dict(batch))[0])
            seconds[which] += time.process_time() - started
    of_segment = np.repeat(is_bonafide, [len(one) for one in scores[0]])
    joined = [np.concatenate(of_model) for of_model in scores]
    clip = np.array([[float(one.mean()) for one in of_model] for of_model in scores])
    shift = np.abs(joined[0] - joined[1])
    return QuantisedFigures(
        float_eer=eer(joined[0][of_segment], joined[0][~of_segment]),
        int8_eer=eer(joined[1][of_segment], joined[1][~of_segment]),
        largest_shift=float(shift.max()),
        mean_shift=float(shift.mean()),
        flip_share=float((_decision(clip[0], thresholds) != _decision(clip[1], thresholds)).mean()),
        float_bytes=path.stat().st_size,
        int8_bytes=quantised.stat().st_size,
        speed_ratio=float(seconds[0] / max(seconds[1], 1e-9)),
    )


def _decision(score: NDArray[np.float64], thresholds: tuple[float, float]) -> NDArray[np.int64]:
    """Return -1 = synthetic, 0 = inconclusive, 1 = no evidence."""
    low, high = thresholds
    return np.where(score <= low, -1, np.where(score >= high, 1, 0))


def _kept_float(path: Path, types: Sequence[str]) -> list[str]:
    """Return the products that stay in float32: kernel machines, and what has no weights."""
    graph = onnx.load(str(path)).graph
    weights = {initializer.name for initializer in graph.initializer}
    return [
        node.name
        for node in graph.node
        if node.op_type in types
        and (any(part in node.name for part in KEPT_FLOAT) or node.input[1] not in weights)
    ]


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
