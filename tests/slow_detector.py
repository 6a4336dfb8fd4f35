"""A detector whose every run takes long: the tiny one with a loop of matrix products beside it."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pipeline.vocabulary import Features
from tests.models import TINY_DETECTOR

SIZE = 256  # of the matrices: one product takes about a millisecond


def write_slow_detector(path: Path, n_rounds: int) -> Path:
    """Write the tiny detector with `n_rounds` matrix products in each run; the scores are the same."""
    model = onnx.load(TINY_DETECTOR)
    graph = model.graph
    for node in graph.node:
        node.output[:] = ["quick_score" if name == "cm_score" else name for name in node.output]
        node.input[:] = ["quick_score" if name == "cm_score" else name for name in node.input]
    constants = {
        "slow_rounds": np.array(n_rounds, np.int64),
        "slow_go_on": np.array(True),
        "slow_matrix": np.full((SIZE, SIZE), 1 / SIZE, np.float32),
        "slow_zero": np.array(0.0, np.float32),
    }
    graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in constants.items()
    )
    matrix = (TensorProto.FLOAT, (SIZE, SIZE))
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["goes_on"]),
            helper.make_node("MatMul", ["before", "slow_matrix"], ["after"]),
        ],
        "slow_body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, ()),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, ()),
            helper.make_tensor_value_info("before", *matrix),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, ()),
            helper.make_tensor_value_info("after", *matrix),
        ],
    )
    graph.node.extend(
        [
            helper.make_node(
                "Loop", ["slow_rounds", "slow_go_on", "slow_matrix"], ["slow_end"], body=body
            ),
            helper.make_node("ReduceMax", ["slow_end"], ["slow_value"], keepdims=0),
            helper.make_node("Mul", ["slow_value", "slow_zero"], ["slow_nothing"]),
            helper.make_node("Add", ["quick_score", "slow_nothing"], ["cm_score"]),
        ]
    )
    onnx.save(model, path)
    return path


def four_rows() -> Features:
    """Return features of four silent rows: one run of the tiny detector."""
    return Features({"log_mel": np.zeros((4, 101, 40), np.float32)})
