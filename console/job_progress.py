"""Watch a job to its end in the terminal."""

import time

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from console.terminal import errors
from jobs.job_desk import JobDesk
from jobs.spec import Job

LOOK_EVERY_S = 0.5  # a look is one indexed read


def wait_for_job(desk: JobDesk, job_id: str, *, quiet: bool) -> Job:
    """Return the job once no item of it will change any more; a bar shows how far it is."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=errors, transient=True, disable=quiet or not errors.is_terminal
    ) as progress:
        task = progress.add_task("waiting for a worker (verity work)", total=None)
        while not (job := desk.job_status(job_id)).is_over:
            counts = job.counts
            n_over = counts.done + counts.failed + counts.cancelled
            words = (
                "analysing" if counts.running or n_over else "waiting for a worker (verity work)"
            )
            progress.update(
                task,
                description=words + (", listing" if counts.listing else ""),
                completed=n_over,
                total=counts.total or None,
            )
            time.sleep(LOOK_EVERY_S)
    return job
