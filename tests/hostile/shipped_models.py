"""The models that the project ships, loaded by checksum."""

from pipeline.analyse import Models
from pipeline.overlapped_speech import OverlapDetector
from pipeline.score import Detector
from pipeline.separate import Separator
from storage.model_store import resolve_model


def load_models() -> Models:
    """Return the default detector and separator."""
    detector = resolve_model("", "detector")
    separator, overlap = resolve_model("", "separator"), resolve_model("", "overlap")
    return Models(
        Detector(detector.path, detector.sha256),
        Separator(separator.path),
        separator.sha256,
        OverlapDetector(overlap.path, overlap.sha256),
    )
