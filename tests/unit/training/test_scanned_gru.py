"""A recurrent layer written out step by step answers as ONNX Runtime's own and as PyTorch's."""

import io
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

pytest.importorskip("torch", reason="training needs the extra `torch`")

import torch
from torch import nn

from pipeline.vocabulary import FloatArray
from training.scanned_gru import scan_bidirectional

N_STEPS, N_IN, N_UNITS = 33, 6, 5
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
    pytest.mark.filterwarnings("ignore:Exporting a model to ONNX with a batch_size:UserWarning"),
]


class FromAState(nn.Module):
    """A layer that does not begin with zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.GRU(N_IN, N_UNITS, batch_first=True, bidirectional=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.layer(x, torch.ones(2, 1, N_UNITS).expand(-1, len(x), -1))[0]
        return out


class Layer(nn.Module):
    """What is exported: the layer's outputs alone."""

    def __init__(self, *, bidirectional: bool) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layer = nn.GRU(N_IN, N_UNITS, batch_first=True, bidirectional=bidirectional)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.layer(x)[0]
        return out


def exported(layer: nn.Module) -> onnx.ModelProto:
    buffer = io.BytesIO()
    axes = {"x": {0: "n"}, "y": {0: "n"}}
    torch.onnx.export(
        layer.eval(),
        (torch.zeros(2, N_STEPS, N_IN),),
        buffer,  # type: ignore[arg-type]  # the stub knows paths only
        input_names=["x"],
        output_names=["y"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )
    return onnx.load_from_string(buffer.getvalue())


def answer(model: onnx.ModelProto, rows: FloatArray) -> FloatArray:
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, {"x": rows})[0])


def kinds(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("n_rows", [1, 7, 512])
def test_the_written_out_layer_answers_as_before(n_rows: int) -> None:
    layer = Layer(bidirectional=True)
    rows = np.random.default_rng(2).normal(0, 2, (n_rows, N_STEPS, N_IN)).astype(np.float32)
    with torch.no_grad():
        of_torch = layer(torch.from_numpy(rows)).numpy()
    model = exported(layer)
    before = answer(model, rows)

    scan_bidirectional(model)

    assert "GRU" not in kinds(model)
    np.testing.assert_allclose(answer(model, rows), before, atol=2e-6)
    np.testing.assert_allclose(answer(model, rows), of_torch, atol=2e-6)


def test_a_layer_of_one_direction_stays_as_it_is() -> None:
    model = exported(Layer(bidirectional=False))
    before = model.SerializeToString()

    scan_bidirectional(model)

    assert model.SerializeToString() == before


def test_a_layer_that_begins_with_a_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no GRU as PyTorch exports it"):
        scan_bidirectional(exported(FromAState()))


def test_the_shipped_separator_is_written_out() -> None:
    path = Path(__file__).parents[3] / "storage" / "models" / "vocal_mask_v2.onnx"
    of_kind = kinds(onnx.load(str(path)))
    assert of_kind.count("Scan") == 2  # across the bands; along time no row has company
    assert of_kind.count("GRU") == 8
