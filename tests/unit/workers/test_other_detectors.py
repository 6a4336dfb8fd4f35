"""Which detectors a worker has beside its own, and how it says which it lacks."""

import json
import logging
import shutil
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from storage.model_store import known_detectors, shipped_models
from storage.settings import StorageSettings
from tests.models import TINY_DETECTOR, sha256_of
from workers.other_detectors import Awaited


def test_the_operators_files_stand_behind_the_shipped_detectors(tmp_path: Path) -> None:
    shutil.copy(TINY_DETECTOR, tmp_path / "own.onnx")
    shutil.copy(TINY_DETECTOR, tmp_path / "the same again.onnx")
    (tmp_path / "notes.txt").write_text("no model")
    shipped = [one for one in shipped_models().values() if one.role == "detector"]
    found = known_detectors(tmp_path)
    assert [one.sha256 for one in found] == [
        *(one.sha256 for one in shipped),
        sha256_of(TINY_DETECTOR),
    ]
    assert found[-1].name == "own"


def test_a_file_that_is_replaced_has_its_new_checksum(tmp_path: Path) -> None:
    path = tmp_path / "own.onnx"
    path.write_bytes(b"one")
    before = known_detectors(tmp_path)[-1].sha256
    path.write_bytes(b"another")
    assert known_detectors(tmp_path)[-1].sha256 == sha256_of(path) != before


def test_a_folder_of_models_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    path.write_text(json.dumps({}))
    for named in (path, tmp_path / "missing"):
        with pytest.raises(ConfigError, match="VERITY_MODELS"):
            StorageSettings.from_env({"VERITY_VAR": str(tmp_path), "VERITY_MODELS": str(named)})
    environ = {"VERITY_VAR": str(tmp_path), "VERITY_MODELS": str(tmp_path)}
    assert StorageSettings.from_env(environ).models_folder == tmp_path


def test_a_detector_that_a_worker_lacks_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    awaited = Awaited()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            awaited.tell(["a" * 64])
        awaited.tell(["a" * 64, "b" * 64])
    assert [vars(record)["model_id"] for record in caplog.records] == ["a" * 64, "b" * 64]
