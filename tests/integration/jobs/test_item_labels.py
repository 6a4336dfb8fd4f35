"""What a list says of an entry is stored and shown with its item."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from jobs.archive import archive_old_items
from jobs.spec import ItemKind, JobSpec, NewItem
from jobs.work_queue import WorkQueue

pytestmark = pytest.mark.postgres


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine)
    yield queue
    queue.close()


def test_labels_and_priority_of_a_list_are_shown_and_order_the_job(
    queue: WorkQueue, engine: Engine
) -> None:
    job = queue.desk.submit(JobSpec(sources=("list.csv",)))
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    facts = [{}, {"labels": "court; urgent", "priority": "live"}, {"priority": "sweep"}]
    items = [NewItem(f"s3://b/{n}", f"{n}", f"{n}", one) for n, one in enumerate(facts)]
    queue.add_items(listing, items)
    queue.finish(listing)

    order = []
    for _ in facts:
        (claim,) = queue.claim("worker")
        order.append(claim.title)
        queue.finish(claim)
    queue.tend()

    assert order == ["1", "0", "2"]
    for _ in range(2):  # and again from the archive
        shown = [one for one in queue.desk.list_items(job.job_id) if one.kind is ItemKind.MEDIA]
        assert [one.labels for one in shown] == [(), ("court", "urgent"), ()]
        assert [one.list_priority for one in shown] == ["", "live", "sweep"]
        archive_old_items(engine, 0.0)
