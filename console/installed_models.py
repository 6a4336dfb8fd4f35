"""The models of this machine, and which of its detectors somebody names."""

import logging
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pipeline.card_file import card_of_file
from pipeline.errors import InputError, ModelMismatchError
from storage.model_store import SHIPPED, known_detectors, shipped_models

_log = logging.getLogger(__name__)


class ModelShown(BaseModel):
    """A model that is installed or took part in an analysis."""

    sha256: str
    name: str
    role: str
    is_shipped: bool
    is_installed: bool  # on this machine: a job may name it, where it is a detector
    is_default: bool
    first_used_at: datetime | None  # None: in no analysis of this installation yet
    card: dict[str, Any] | None  # as its file says it; None: the file is not here


def installed_models(models_folder: Path | None) -> list[ModelShown]:
    """Return shipped models and the operator's detectors; what is none is left out, and said once."""
    shipped = [
        _shown(one.sha256, SHIPPED / one.file, name, is_default=one.default)
        for name, one in shipped_models().items()
    ]
    ours = {one.sha256 for one in shipped if one is not None}
    own = [
        _shown(one.sha256, one.path)
        for one in known_detectors(models_folder)
        if one.sha256 not in ours
    ]
    return [
        one
        for one in (*shipped, *own)
        if one is not None and (one.is_shipped or one.role == "detector")
    ]


def named_detector(models_folder: Path | None, name: str) -> str:
    """Return the SHA-256 of an installed detector by its name or SHA-256; of "" it is "".

    Args:
        models_folder: of the operator's own models, beside the shipped ones.
        name: as somebody typed it.

    Raises:
        InputError: there is none, or several have the name (`model_unknown`).
    """
    if not name:
        return ""
    here = [one for one in installed_models(models_folder) if one.role == "detector"]
    named = {one.sha256 for one in here if name in (one.sha256, one.name)}
    if len(named) == 1:
        return named.pop()
    why = "Several detectors have that name: give the SHA-256" if named else "No such detector"
    known = ", ".join(one.name for one in here)
    raise InputError(f"{why}. There are: {known}.", "model_unknown")


def _shown(
    sha256: str, path: Path, shipped_as: str = "", *, is_default: bool = False
) -> ModelShown | None:
    card = _card(sha256, path)
    if card is None:
        return None
    return ModelShown(
        sha256=sha256,
        name=shipped_as or str(card["name"]),
        role=str(card["kind"]),
        is_shipped=bool(shipped_as),
        is_installed=True,
        is_default=is_default,
        first_used_at=None,
        card=card,
    )


@lru_cache(maxsize=64)
def _card(sha256: str, path: Path) -> dict[str, Any] | None:
    """Return a file's card; None: it is no model of ours."""
    try:
        return card_of_file(path).model_dump(mode="json")
    except ModelMismatchError as error:
        _log.warning("a file among the models is none: %s", error.message, extra={"sha": sha256})
        return None
