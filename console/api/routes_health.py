"""Health: is the process alive, and can it do its work."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from console.api.context import Context
from storage.database import transaction

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """An answer means that it is well."""

    state: Literal["ok"] = "ok"


@router.get("/live")
def live() -> Health:
    """Tell that the process answers."""
    return Health()


@router.get("/ready")
def ready(context: Context) -> Health:
    """Tell that the database answers; otherwise a problem with status 503."""
    with transaction(context.engine) as connection:
        connection.execute(text("SELECT 1"))
    return Health()
