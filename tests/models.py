"""The tiny untrained models that let the whole system run in seconds without weights."""

import functools
import hashlib
from pathlib import Path

from pipeline.analyse import Models
from pipeline.model_card import METADATA_KEY, read_card
from pipeline.overlapped_speech import OverlapDetector
from pipeline.score import Detector
from pipeline.separate import Separator
from storage.model_store import resolve

DATA = Path(__file__).parent / "data"
TINY_DETECTOR = DATA / "tiny_detector.onnx"
TINY_SEPARATOR = DATA / "tiny_separator.onnx"


def sha256_of(path: Path) -> str:
    """Return a file's checksum."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def tiny_models() -> Models:
    """Return both tiny models, beside the shipped small one, loaded once a process."""
    detector = Detector(TINY_DETECTOR, sha256_of(TINY_DETECTOR))
    overlap = OverlapDetector(*resolve("", "overlap"))
    return Models(detector, Separator(TINY_SEPARATOR), sha256_of(TINY_SEPARATOR), overlap)


def make_second_detector(path: Path, name: str = "tiny-second") -> str:
    """Write another detector: the tiny one under another name, turned round; return its SHA-256.

    Its scores are the tiny one's with the other sign, so that its numbers cannot be taken for those.
    """
    import onnx  # slow to import, and few tests need it

    model = onnx.load(str(TINY_DETECTOR))
    [entry] = [one for one in model.metadata_props if one.key == METADATA_KEY]
    card = read_card(entry.value)
    entry.value = card.model_copy(update={"name": name}).model_dump_json()
    for node in model.graph.node:
        for index, output in enumerate(node.output):
            if output == "cm_score":
                node.output[index] = "cm_score_before"
    model.graph.node.append(onnx.helper.make_node("Neg", ["cm_score_before"], ["cm_score"]))
    onnx.save(model, str(path))
    return sha256_of(path)
