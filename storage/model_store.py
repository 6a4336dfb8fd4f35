"""Model name -> checked local file: the shipped ONNX files, or the user's own by path.

A shipped file is used only if its bytes have the hash that `models.json` names; a user's own file
is what it is, and its hash goes into every report. Nothing is ever unpickled.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from pipeline.errors import ModelMismatchError, ModelNotFoundError

Role: TypeAlias = Literal["detector", "separator", "overlap"]
SHIPPED = Path(__file__).parent / "models"
LIST_NAME = "models.json"
READ_BYTES = 1 << 20


class ShippedModel(BaseModel):
    """One entry of `models.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    sha256: str
    role: Role
    default: bool = False


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model file whose bytes were just hashed."""

    name: str
    path: Path
    sha256: str


_ENTRIES = TypeAdapter(dict[str, ShippedModel])


def shipped_models(folder: Path = SHIPPED) -> dict[str, ShippedModel]:
    """Return the models of a folder by name.

    Raises:
        ModelNotFoundError: the folder has no list of models.
        ModelMismatchError: the list is damaged.
    """
    try:
        return _ENTRIES.validate_python(json.loads((folder / LIST_NAME).read_text("utf-8")))
    except FileNotFoundError as error:
        raise ModelNotFoundError("This installation ships no models: install it again.") from error
    except (json.JSONDecodeError, ValidationError) as error:
        raise ModelMismatchError("The list of shipped models is damaged: install again.") from error


def resolve_model(name: str, role: Role, folder: Path = SHIPPED) -> StoredModel:
    """Return a model's checked file.

    Args:
        name: a shipped model's name, a path to an ONNX file, or "" for the role's default.
        role: what it shall do; a shipped model of another role is not taken.
        folder: where shipped models lie.

    Raises:
        ModelNotFoundError: there is no such model; the message lists those that there are.
        ModelMismatchError: a shipped file's bytes are not those that its entry names.
    """
    shipped = {key: model for key, model in shipped_models(folder).items() if model.role == role}
    if not name:
        name = next((key for key, model in shipped.items() if model.default), "")
        if not name:
            raise ModelNotFoundError(f"This installation ships no default {role}.")
    if name in shipped:
        entry = shipped[name]
        path = folder / entry.file
        found = _sha256(path, name)
        if found != entry.sha256:
            raise ModelMismatchError(
                f"The file of model {name} is damaged: its SHA-256 is {found[:12]}…, not"
                f" {entry.sha256[:12]}…. Install again."
            )
        return StoredModel(name, path, found)
    path = Path(name)
    if path.suffix == ".onnx" and path.is_file():
        return StoredModel(path.stem, path.resolve(), _sha256(path, name))
    known = ", ".join(sorted(shipped)) or "none"
    raise ModelNotFoundError(
        f"There is no {role} {name}: name a shipped one ({known}) or the path of an .onnx file."
    )


def known_detectors(own_folder: Path | None, shipped_folder: Path = SHIPPED) -> list[StoredModel]:
    """Return the detectors that this machine has: the shipped ones, then the operator's by file name.

    Args:
        own_folder: of the operator's ONNX files, whatever they are: who loads one reads its card.
        shipped_folder: where shipped models lie.
    """
    found = [
        StoredModel(name, shipped_folder / one.file, one.sha256)
        for name, one in shipped_models(shipped_folder).items()
        if one.role == "detector"
    ]
    own = [] if own_folder is None else sorted(own_folder.glob("*.onnx"))
    for path in own:
        with suppress(ModelNotFoundError, OSError):  # removed, or not for us to read
            sha256 = _hashed(path, path.stat().st_mtime_ns)
            if sha256 not in {one.sha256 for one in found}:
                found.append(StoredModel(path.stem, path.resolve(), sha256))
    return found


@lru_cache(maxsize=64)
def _hashed(path: Path, changed_ns: int) -> str:
    """Return a file's SHA-256, worked out once as long as the file is not changed."""
    del changed_ns  # a part of the cache's key
    return _sha256(path, path.stem)


def resolve(name: str, role: Role) -> tuple[Path, str]:
    """Return a model's checked file and its SHA-256; see `resolve_model`."""
    model = resolve_model(name, role)
    return model.path, model.sha256


def _sha256(path: Path, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while part := file.read(READ_BYTES):
                digest.update(part)
    except OSError as error:
        raise ModelNotFoundError(f"The file of model {name} cannot be read.") from error
    return digest.hexdigest()
