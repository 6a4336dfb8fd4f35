"""Jobs and items of the asking account; what belongs to another one is not there."""

from console.api.context import ApiContext
from console.api.principals import Principal
from jobs.spec import ItemStatus, Job
from pipeline.errors import SourceNotFoundError


def require_job(context: ApiContext, asking: Principal, job_id: str) -> Job:
    """Return a job of the asking account.

    Raises:
        SourceNotFoundError: there is none with this id, or it is another account's.
    """
    job = context.desk.job_status(job_id)
    if job.account_id != asking.account_id:
        raise SourceNotFoundError(f"There is no job {job_id}.", "job_not_found")
    return job


def require_item(context: ApiContext, asking: Principal, item_id: str) -> ItemStatus:
    """Return an item of the asking account.

    Raises:
        SourceNotFoundError: there is none with this id, or it is another account's.
    """
    item = context.desk.item_status(item_id)
    if context.desk.job_status(item.job_id).account_id != asking.account_id:
        raise SourceNotFoundError(f"There is no item {item_id}.", "item_not_found")
    return item
