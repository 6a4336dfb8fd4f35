"""The tables of what is shown while work goes on: provisional segments and counts by outcome."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import NOW, Table


class ProvisionalRow(Table):
    """What a running attempt has scored so far, coarsely; replaced by each heartbeat.

    Never a result: it is shown only while its fence holds the item, goes with the attempt, and lies
    in an unlogged table, which a crash of the database empties.
    """

    __tablename__ = "provisional"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    item_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # of `item`
    fence: Mapped[int]
    cells: Mapped[str]  # `jobs.provisional`
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)


class JobTallyRow(Table):
    """How many items of a job ended with each outcome: the folded part, beside `job_delta`."""

    __tablename__ = "job_tally"

    job_id: Mapped[int] = mapped_column(
        ForeignKey("job.job_id", ondelete="CASCADE"), primary_key=True
    )
    outcome: Mapped[str] = mapped_column(primary_key=True)  # a finding, or `failed:CODE`
    n: Mapped[int]
