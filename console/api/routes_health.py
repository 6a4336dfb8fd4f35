"""Health: is the process alive, can it do its work, with which models, on what machine."""

from typing import Literal

import onnxruntime
from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from console.api.context import Context
from console.api.principals import Reader
from pipeline.errors import ModelError, OutageError
from storage.database import transaction
from storage.model_store import Role, resolve_model
from workers.machine import count_cores, memory_room

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


class ModelHealth(BaseModel):
    """A model file whose bytes were just compared with their checksum."""

    role: Role
    name: str
    sha256: str


class DeviceHealth(BaseModel):
    """What this server computes with; a fleet's workers have their own."""

    providers: list[str]  # of ONNX Runtime, the best first
    runtime: str
    n_cores: int  # that this process may use
    memory_bytes: int
    memory_free_bytes: int


@router.get("/model")
def model(asking: Reader) -> list[ModelHealth]:
    """Tell that the models are whole; otherwise a problem with status 503."""
    del asking  # models are no account's
    roles: tuple[Role, ...] = ("detector", "separator", "overlap")
    try:
        found = [(role, resolve_model("", role)) for role in roles]
    except ModelError as error:
        raise OutageError(error.message, error.code) from error
    return [ModelHealth(role=role, name=one.name, sha256=one.sha256) for role, one in found]


@router.get("/device")
def device(asking: Reader) -> DeviceHealth:
    """Tell what this server computes with."""
    del asking  # the machine is no account's
    memory = memory_room()
    return DeviceHealth(
        providers=onnxruntime.get_available_providers(),
        runtime=f"ONNX Runtime {onnxruntime.__version__}",
        n_cores=count_cores(),
        memory_bytes=memory.total_bytes,
        memory_free_bytes=memory.free_bytes,
    )
