"""A page of a job's items: by id, filtered by state or finding, searched by title."""

from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy import Engine

from jobs.queue_values import to_status
from jobs.spec import ItemStatus, Job
from storage import item_rows
from storage.database import transaction

N_ITEMS = 50


class Wanted(BaseModel):
    """Which of a job's items a page shows."""

    after: Annotated[str, Field(pattern=r"^\d{0,18}$")] = ""
    show: Annotated[str, Field(max_length=30)] = ""  # a state or a finding
    search: Annotated[str, Field(max_length=200)] = ""


def items_page(engine: Engine, job: Job, wanted: Wanted) -> tuple[list[ItemStatus], str | None]:
    """Return items and where the next page begins."""
    with transaction(engine) as connection:
        facts = item_rows.read_matching(
            connection,
            int(job.job_id),
            int(wanted.after or 0),
            N_ITEMS + 1,
            wanted.show,
            wanted.search,
        )
    following = str(facts[N_ITEMS - 1].item_id) if len(facts) > N_ITEMS else None
    return [to_status(one) for one in facts[:N_ITEMS]], following
