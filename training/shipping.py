"""Shipping: a fitted detector to storage/models with its card and an entry in models.json."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch

from pipeline.model_card import ModelCard
from training.export_onnx import export_detector
from training.models.fusion import FusionDetector

MODELS_JSON = "models.json"


def ship(
    detector: FusionDetector, example: Sequence[torch.Tensor], card: ModelCard, folder: Path
) -> str:
    """Write the detector beside the other shipped models as their default; return its SHA-256."""
    sha256 = export_detector(detector, example, card, folder / f"{card.name}.onnx")
    enter_model(folder, card.name, sha256)
    return sha256


def enter_model(folder: Path, name: str, sha256: str) -> None:
    """Write the detector's entry into models.json; other detectors stop being the default."""
    path = folder / MODELS_JSON
    entries: dict[str, dict[str, object]] = (
        json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    )
    for entry in entries.values():
        if entry.get("role") == "detector":
            entry["default"] = False
    entries[name] = {
        "file": f"{name}.onnx",
        "sha256": sha256,
        "role": "detector",
        "default": True,
    }
    path.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
