"""The models that answers rest on."""

from fastapi import APIRouter

from console.api.context import Context
from console.api.principals import Reader
from console.api.routes_admin_evidence import ModelShown, list_models

router = APIRouter(prefix="/models", tags=["models"])


@router.get("")
def models(asking: Reader, context: Context) -> list[ModelShown]:
    """List the shipped models: hashes, cards, measured errors, limits, licences."""
    del asking  # models are no account's; which others were used may be another account's
    return [one for one in list_models(context) if one.is_shipped]
