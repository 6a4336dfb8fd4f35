"""The models that the project ships, loaded by checksum."""

from pipeline.analyse import Models
from pipeline.score import Detector
from pipeline.separate import Separator
from storage.model_store import resolve_model


def load_models() -> Models:
    """Return the default detector and separator."""
    detector = resolve_model("", "detector")
    separator = resolve_model("", "separator")
    return Models(
        Detector(detector.path, detector.sha256), Separator(separator.path), separator.sha256
    )
