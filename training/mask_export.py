"""Writes a separator as the ONNX file that `pipeline.separate` runs, with its card in it."""

from pathlib import Path

import onnx
import torch

from pipeline.model_card import METADATA_KEY, SeparatorCard
from pipeline.separate import MAGNITUDE, SPECTRUM
from training.models.separator_net import SeparatorNet
from training.models.vocal_mask import VocalMask
from training.scanned_gru import scan_bidirectional


def export(net: VocalMask | SeparatorNet, card: SeparatorCard, path: Path) -> None:
    """Write the net as ONNX with its card; the file is replaced at once or not at all.

    Raises:
        ValueError: the card's `n_fft` is not the net's.
    """
    if card.n_fft != net.n_fft:
        raise ValueError(f"the card says n_fft {card.n_fft}, the net has {net.n_fft}")
    unfinished = path.with_suffix(".part")
    example = torch.rand(2, card.window_frames, card.n_fft // 2 + 1)
    name = MAGNITUDE
    if isinstance(net, SeparatorNet):
        name, example = SPECTRUM, torch.stack([example, 1.0 - example], dim=3)
    torch.onnx.export(
        net.eval().float(),
        (example,),
        str(unfinished),
        input_names=[name],
        output_names=["mask", "voice_activity"],
        dynamic_axes={axis: {0: "n"} for axis in (name, "mask", "voice_activity")},
        opset_version=17,
        dynamo=False,  # the exporter that needs no further package
    )
    graph = onnx.load(str(unfinished))
    scan_bidirectional(graph)
    onnx.helper.set_model_props(graph, {METADATA_KEY: card.model_dump_json()})
    onnx.checker.check_model(graph)
    onnx.save(graph, str(unfinished))
    unfinished.replace(path)
