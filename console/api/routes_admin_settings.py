"""The settings that the server runs with, for operators; secrets are only set or unset."""

from fastapi import APIRouter
from pydantic import BaseModel

from console.api.context import Context
from console.api.principals import Operator
from console.api.shown_settings import Source, shown_settings

router = APIRouter(prefix="/admin", tags=["admin"])


class SettingAnswer(BaseModel):
    """One setting of this server; workers on other machines have their own."""

    group: str  # as docs/settings.md has them
    key: str
    value: str  # of a secret: `set` or `unset`; "": nothing
    source: Source
    is_secret: bool


@router.get("/settings")
def settings(asking: Operator, context: Context) -> list[SettingAnswer]:
    """List the settings with where each comes from."""
    del asking  # that it is an operator is enough
    return [
        SettingAnswer.model_validate(one, from_attributes=True)
        for one in shown_settings(context.environment)
    ]
