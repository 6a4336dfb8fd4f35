import hashlib
import json
from pathlib import Path

import pytest

from pipeline.errors import ModelMismatchError, ModelNotFoundError
from storage.model_store import resolve_model, shipped_models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    entries = {}
    for name, role in (("ears", "detector"), ("old_ears", "detector"), ("mask", "separator")):
        data = name.encode()
        (tmp_path / f"{name}.onnx").write_bytes(data)
        entries[name] = {
            "file": f"{name}.onnx",
            "sha256": hashlib.sha256(data).hexdigest(),
            "role": role,
            "default": name != "old_ears",
        }
    (tmp_path / "models.json").write_text(json.dumps(entries))
    return tmp_path


def test_empty_name_is_the_roles_default(folder: Path) -> None:
    assert resolve_model("", "detector", folder).name == "ears"
    assert resolve_model("", "separator", folder).name == "mask"


def test_shipped_model_is_found_by_name(folder: Path) -> None:
    model = resolve_model("old_ears", "detector", folder)
    assert model.path == folder / "old_ears.onnx"
    assert model.sha256 == hashlib.sha256(b"old_ears").hexdigest()


def test_damaged_shipped_file_is_refused(folder: Path) -> None:
    (folder / "ears.onnx").write_bytes(b"else")
    with pytest.raises(ModelMismatchError, match="ears is damaged"):
        resolve_model("ears", "detector", folder)


def test_own_file_is_taken_as_it_is(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own model.onnx"
    own.write_bytes(b"own")
    model = resolve_model(str(own), "detector", folder)
    assert (model.name, model.sha256) == ("own model", hashlib.sha256(b"own").hexdigest())


@pytest.mark.parametrize("name", ["nothing", "mask", "/nowhere/x.onnx", "../models.json", "."])
def test_unknown_model_lists_those_that_there_are(folder: Path, name: str) -> None:
    with pytest.raises(ModelNotFoundError, match="ears, old_ears"):
        resolve_model(name, "detector", folder)


def test_shipped_file_that_is_missing_is_named(folder: Path) -> None:
    (folder / "ears.onnx").unlink()
    with pytest.raises(ModelNotFoundError, match="ears"):
        resolve_model("", "detector", folder)


@pytest.mark.parametrize("text", ["", "[]", '{"a": {"file": 1}}'])
def test_damaged_list_is_named(folder: Path, text: str) -> None:
    (folder / "models.json").write_text(text)
    with pytest.raises(ModelMismatchError, match="list of shipped models"):
        shipped_models(folder)


def test_files_of_the_shipped_list_are_whole() -> None:
    for name, entry in shipped_models().items():
        assert resolve_model(name, entry.role).sha256 == entry.sha256
