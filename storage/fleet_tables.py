"""The table of fleet workers that are there: what each says of itself now and then."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import NOW, Table


class FleetWorkerRow(Table):
    """A worker and its actors, as it said last; nothing here decides who may hold an item."""

    __tablename__ = "fleet_worker"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    worker_id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    version: Mapped[str]
    detector: Mapped[str] = mapped_column(server_default="")  # name; "": not loaded yet
    # SHA-256 of all that it can listen with; none: not loaded yet
    detectors: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    lack: Mapped[str] = mapped_column(server_default="")  # why it begins nothing; "": it does
    actors: Mapped[list[Any]]  # lane, node, why (it does not work yet)
    started_at: Mapped[datetime] = mapped_column(server_default=NOW)
    seen_at: Mapped[datetime] = mapped_column(server_default=NOW)
