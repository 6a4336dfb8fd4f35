"""An int8 detector is a model of its own: own name, near scores, measured beside the float one."""

from pathlib import Path

import numpy as np
import onnx

from pipeline.frontends import compute
from training.export_onnx import replace_card
from training.quantise import compare, quantise_dynamic, quantise_static
from training.recipes.tiny import tiny_card, write_tiny_detector
from training.validate import open_shipped


def batches() -> list[dict[str, np.ndarray]]:
    """Return six clips of three segments of noise."""
    spec = tiny_card().front_ends[0]
    made = []
    for seed in range(6):
        samples = 0.1 * np.random.default_rng(seed).standard_normal((3, 16_000))
        made.append(
            {spec.input_name: compute(spec.front_end, spec.config, samples.astype(np.float32))}
        )
    return made


def test_int8_scores_lie_near_the_float_ones_and_flips_are_counted(tmp_path: Path) -> None:
    path, target = tmp_path / "float.onnx", tmp_path / "int8.onnx"
    write_tiny_detector(path)
    quantise_dynamic(path, target)
    replace_card(target, tiny_card().model_copy(update={"name": "tiny_int8"}))
    is_bonafide = np.array([True, False] * 3)

    figures = compare(path, target, batches(), is_bonafide, (-100.0, 100.0))

    assert 0 < figures.largest_shift < 0.5
    assert figures.flip_share == 0.0
    assert open_shipped(target).card.name == "tiny_int8"
    types = {node.op_type for node in onnx.load(str(target)).graph.node}
    assert any("Integer" in name or "Quantize" in name for name in types)


def test_static_quantisation_runs_on_measured_ranges(tmp_path: Path) -> None:
    path, target = tmp_path / "float.onnx", tmp_path / "int8.onnx"
    write_tiny_detector(path)
    quantise_static(path, target, batches())
    replace_card(target, tiny_card())
    figures = compare(path, target, batches(), np.array([True, False] * 3), (-100.0, 100.0))
    assert figures.largest_shift < 1.0
