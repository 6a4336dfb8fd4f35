"""How far jobs and items are, for those who watch: many at once, one look at the database.

Nothing here changes anything; what people do with jobs is in `job_desk.py`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from jobs.provisional import Provisional, from_text
from jobs.queue_values import to_job, to_status
from jobs.spec import ItemState, ItemStatus, Job
from jobs.waiting import Waiting, read_waiting
from pipeline.errors import SourceNotFoundError
from pipeline.vocabulary import VerdictKind
from storage import item_pages, item_rows, job_rows, progress_rows, provisional_rows
from storage.database import transaction
from storage.item_pages import ItemOrder, PageOrder, Place
from storage.progress_rows import PaceFacts

MINUTE_S = 60.0
LEAST_PACE_ITEMS = 2  # one item says nothing about how often the next one comes


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A job with what its items came to, how quickly, and how long the rest may take."""

    job: Job
    findings: Mapping[str, int]  # VerdictKind -> items, the most frequent first
    failures: Mapping[str, int]  # error code -> items, the most frequent first
    items_a_minute: float | None  # lately; None: nothing to go by, or nothing left to do
    left_s: float | None  # None: not known, so while sources are still being listed
    waiting: Waiting | None  # for what nobody gives it now; None: it goes on, or is over


@dataclass(frozen=True, slots=True)
class ItemProgress:
    """An item with what its running attempt has scored so far."""

    status: ItemStatus
    provisional: Provisional | None  # never a result


@dataclass(frozen=True, slots=True)
class ItemsWanted:
    """Which of a job's items a page shows."""

    most: int
    shown: VerdictKind | ItemState | None = None
    order: ItemOrder = ItemOrder.LISTED
    search: str = ""
    after: Place | None = None
    with_listings: bool = False  # also sources that were listed, which have no finding


class ProgressDesk:
    """Where jobs and items are watched; holds no state but its database."""

    def __init__(self, engine: Engine) -> None:
        """Use the queue in a migrated database."""
        self._engine = engine

    def jobs(self, job_ids: Sequence[str]) -> dict[str, JobProgress]:
        """Return how far jobs are, by id; one that is not there is left out."""
        numbers = [int(job_id) for job_id in job_ids]
        with transaction(self._engine) as connection:
            found = [to_job(facts) for facts in job_rows.read_jobs_by_id(connection, numbers)]
            tallies = progress_rows.read_tallies(connection, numbers)
            running = [int(job.job_id) for job in found if not job.is_over and not job.is_paused]
            waiting = read_waiting(connection, found)
            paces = {pace.job_id: pace for pace in progress_rows.read_paces(connection, running)}
        outcomes: dict[int, dict[str, int]] = defaultdict(dict)
        for tally in tallies:
            outcomes[tally.job_id][tally.outcome] = tally.n_items
        return {
            job.job_id: _progress(
                job,
                outcomes[int(job.job_id)],
                paces.get(int(job.job_id)),
                waiting.get(job.job_id),
            )
            for job in found
        }

    def job(self, job_id: str) -> JobProgress:
        """Return how far one job is.

        Raises:
            SourceNotFoundError: there is no such job.
        """
        found = self.jobs([job_id]) if job_id.isascii() and job_id.isdigit() else {}
        if job_id not in found:
            raise SourceNotFoundError(f"There is no job {job_id}.", "job_not_found")
        return found[job_id]

    def items(self, item_ids: Sequence[str]) -> dict[str, ItemProgress]:
        """Return how far items are, by id; one that is not there is left out."""
        numbers = [int(item_id) for item_id in item_ids]
        with transaction(self._engine) as connection:
            found = item_rows.read_items_by_id(connection, numbers)
            cells = {
                row.item_id: from_text(row.cells)
                for row in provisional_rows.read(connection, numbers)
            }
        return {
            str(facts.item_id): ItemProgress(to_status(facts), cells.get(facts.item_id))
            for facts in found
        }

    def page(self, job: Job, wanted: ItemsWanted) -> tuple[list[ItemStatus], Place | None]:
        """Return a page of a job's items, and behind which row the next one begins; None: the end."""
        order = PageOrder(
            int(job.job_id),
            job.account_id,
            wanted.most,
            wanted.shown,
            wanted.order,
            wanted.search,
            wanted.after,
            wanted.with_listings,
        )
        with transaction(self._engine) as connection:
            found = item_pages.read_page(connection, order)
            rows = item_rows.read_items_by_id(connection, found.item_ids)
        return [to_status(row) for row in rows], found.following


def _progress(
    job: Job, outcomes: Mapping[str, int], pace: PaceFacts | None, waiting: Waiting | None
) -> JobProgress:
    failed = job_rows.failed_as("")
    left = job.counts.waiting + job.counts.running
    a_second = None
    if pace is not None and pace.n_items >= LEAST_PACE_ITEMS:
        a_second = pace.n_items / max(pace.within_s, 1.0)
    return JobProgress(
        job,
        {kind: n for kind, n in outcomes.items() if not kind.startswith(failed)},
        {kind.removeprefix(failed): n for kind, n in outcomes.items() if kind.startswith(failed)},
        None if a_second is None else a_second * MINUTE_S,
        left / a_second if a_second and not job.counts.listing else None,
        waiting,
    )
