"""Models that took part in analyses, in SQL."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class UsedModelFacts:
    """A model file."""

    sha256: str
    name: str
    role: str
    first_used_at: datetime


def read_models(connection: Connection) -> list[UsedModelFacts]:
    """Return the models that were used, the newest first."""
    rows = connection.execute(
        text("SELECT sha256, name, role, first_used_at FROM model ORDER BY first_used_at DESC")
    )
    return [UsedModelFacts(**row) for row in rows.mappings()]
