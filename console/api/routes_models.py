"""The models that answers rest on."""

from fastapi import APIRouter

from console.api.context import Context
from console.api.model_list import shown_models
from console.api.principals import Reader
from console.installed_models import ModelShown

router = APIRouter(prefix="/models", tags=["models"])


@router.get("")
def models(asking: Reader, context: Context) -> list[ModelShown]:
    """List the installed models: hashes, cards, measured errors, limits, licences."""
    del asking  # models are no account's; which others were used may be another account's
    return [one for one in shown_models(context) if one.is_installed]
