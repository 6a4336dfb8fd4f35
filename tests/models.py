"""The tiny untrained models that let the whole system run in seconds without weights."""

import functools
import hashlib
from pathlib import Path

from pipeline.analyse import Models
from pipeline.score import Detector
from pipeline.separate import Separator

DATA = Path(__file__).parent / "data"
TINY_DETECTOR = DATA / "tiny_detector.onnx"
TINY_SEPARATOR = DATA / "tiny_separator.onnx"


def sha256_of(path: Path) -> str:
    """Return a file's checksum."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def tiny_models() -> Models:
    """Return both tiny models, loaded once a process."""
    detector = Detector(TINY_DETECTOR, sha256_of(TINY_DETECTOR))
    return Models(detector, Separator(TINY_SEPARATOR), sha256_of(TINY_SEPARATOR))
