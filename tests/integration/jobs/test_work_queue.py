from sqlalchemy import Engine

from jobs.spec import Beat, JobSpec, JobState, NewItem
from jobs.work_queue import WorkQueue


def test_job_walks_from_listing_to_done(engine: Engine) -> None:
    queue = WorkQueue(engine)
    job = queue.submit(JobSpec(sources=("folder:/media",), name="first"))
    assert job.state == JobState.LISTING

    (listing,) = queue.claim("worker-1", limit=3)
    assert (
        queue.add_items(listing, [NewItem(f"file:{n}", f"Item {n}", str(n)) for n in range(3)]) == 3
    )
    queue.finish(listing)
    held = queue.claim("worker-1", limit=5)
    reply = queue.heartbeat([Beat(claim, "decode", 0.5) for claim in held])
    assert not reply.lost
    for claim in held:
        queue.finish(claim)

    job = queue.job_status(job.job_id)
    assert (job.state, job.counts.done, job.counts.total) == (JobState.DONE, 3, 3)
    assert [item.title for item in queue.list_items(job.job_id)][1:] == [
        "Item 0",
        "Item 1",
        "Item 2",
    ]
