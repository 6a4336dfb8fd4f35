"""How a small net's ONNX file becomes a session: on the CPU, on as many threads as its caller has."""

from pathlib import Path

import onnxruntime


def cpu_session(path: Path, n_threads: int) -> onnxruntime.InferenceSession:
    """Return a session of an ONNX file.

    Args:
        path: the file.
        n_threads: CPU threads that one call may use.

    Raises:
        ONNX_ERRORS: (`pipeline.onnx_errors`) the file is none that can be loaded.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )
