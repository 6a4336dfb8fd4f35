"""The models of this server, and those that took part in an analysis."""

from console.api.context import ApiContext
from console.installed_models import ModelShown, installed_models
from storage import model_rows
from storage.database import transaction


def shown_models(context: ApiContext) -> list[ModelShown]:
    """Return the models that are shipped, the operator's, then others that took part in an analysis."""
    with transaction(context.engine) as connection:
        used = {one.sha256: one for one in model_rows.read_models(connection)}
    found = sorted(
        installed_models(context.environment.storage.models_folder),
        key=lambda one: (not one.is_default, one.role),
    )
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


def detector_name(context: ApiContext, sha256: str) -> str:
    """Return what an installed detector is called; "" where this server has none of that SHA-256."""
    return next(
        (
            one.name
            for one in installed_models(context.environment.storage.models_folder)
            if one.sha256 == sha256
        ),
        "",
    )
