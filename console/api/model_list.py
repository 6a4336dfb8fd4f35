"""The models of this server, and which of them somebody names."""

import logging
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from console.api.context import ApiContext
from pipeline.card_file import card_of_file
from pipeline.errors import InputError, ModelMismatchError
from storage import model_rows
from storage.database import transaction
from storage.model_store import SHIPPED, known_detectors, shipped_models

_log = logging.getLogger(__name__)


class ModelShown(BaseModel):
    """A model that is installed or took part in an analysis."""

    sha256: str
    name: str
    role: str
    is_shipped: bool
    is_installed: bool  # on this server: a look closer may name it, where it is a detector
    is_default: bool
    first_used_at: datetime | None  # None: in no analysis of this installation yet
    card: dict[str, Any] | None  # as its file says it; None: the file is not here


def shown_models(context: ApiContext) -> list[ModelShown]:
    """Return the models that are shipped, the operator's, then others that took part in an analysis."""
    with transaction(context.engine) as connection:
        used = {one.sha256: one for one in model_rows.read_models(connection)}
    found = sorted(_installed(context), key=lambda one: (not one.is_default, one.role))
    here = {one.sha256 for one in found}
    found += [
        ModelShown(
            sha256=one.sha256,
            name=one.name,
            role=one.role,
            is_shipped=False,
            is_installed=False,
            is_default=False,
            first_used_at=None,
            card=None,
        )
        for one in used.values()
        if one.sha256 not in here
    ]
    first = {sha256: one.first_used_at for sha256, one in used.items()}
    return [one.model_copy(update={"first_used_at": first.get(one.sha256)}) for one in found]


def named_detector(context: ApiContext, name: str) -> str:
    """Return the SHA-256 of an installed detector by its name or SHA-256; of "" it is "".

    Raises:
        InputError: there is none, or several have the name.
    """
    if not name:
        return ""
    here = [one for one in _installed(context) if one.role == "detector"]
    named = {one.sha256 for one in here if name in (one.sha256, one.name)}
    if len(named) == 1:
        return named.pop()
    why = "Several detectors have that name: give the SHA-256" if named else "No such detector"
    known = ", ".join(one.name for one in here)
    raise InputError(f"{why}. There are: {known}.", "model_unknown")


def detector_name(context: ApiContext, sha256: str) -> str:
    """Return what an installed detector is called; "" where this server has none of that SHA-256."""
    return next((one.name for one in _installed(context) if one.sha256 == sha256), "")


def _installed(context: ApiContext) -> list[ModelShown]:
    """Return shipped models and the operator's detectors; what is none is left out, and said once."""
    shipped = [
        _shown(one.sha256, SHIPPED / one.file, name, is_default=one.default)
        for name, one in shipped_models().items()
    ]
    ours = {one.sha256 for one in shipped if one is not None}
    own = [
        _shown(one.sha256, one.path)
        for one in known_detectors(context.environment.storage.models_folder)
        if one.sha256 not in ours
    ]
    return [
        one
        for one in (*shipped, *own)
        if one is not None and (one.is_shipped or one.role == "detector")
    ]


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
