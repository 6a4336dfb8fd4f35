"""`verity submit | jobs | show | cancel | pause | resume | retry | history`: the queue, from a terminal."""

import dataclasses
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.text import Text

from console.cli_analysis_flags import AnalysisFlags, analysis_flags
from console.cli_source_flags import SourceFlags, read_typed_list, source_flags
from console.command_flags import with_flags
from console.settings import ConsoleSettings
from console.terminal import console, number, print_json, table, verdict_text, visible
from jobs.spec import ItemKind, ItemState, ItemStatus, Job, JobSpec, JobState, Priority
from pipeline.errors import InputError

if TYPE_CHECKING:
    from console.queue_access import QueueAccess

MAX_TITLE_WIDTH = 48
DELETED = "deleted"  # an item whose report is gone (storage.retention_rows)
SHOWN_SKIPPED = 5  # names of each reason

JobId = Annotated[
    str, typer.Argument(metavar="JOB", help="The job's id, as `verity submit` prints it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


class PriorityName(StrEnum):
    """The names of `Priority`, as people type them."""

    LIVE = "live"
    BATCH = "batch"
    SWEEP = "sweep"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    examples = "[bold]Examples[/]\n\n"
    app.command(
        epilog=examples
        + "  verity submit s3://bucket/prefix --name 'Tuesday' --wait\n\n"
        + "  verity submit s3://bucket/in/ --only-new --include '*.mp3' --after 2026-11-01\n\n"
        + "  verity submit https://example.org/podcast.xml recordings/ --priority live\n\n"
        + "  verity submit links.csv --json\n\n"
        + "  aws sqs receive-message ... | verity submit -\n\n"
        + "With --wait the exit status is 1 where an item failed or the job was cancelled."
    )(with_flags(submit, analysis=analysis_flags, flags=source_flags))
    app.command(epilog=examples + "  verity jobs\n\n  verity jobs --json")(jobs)
    app.command(epilog=examples + "  verity show 17\n\n  verity show 17 --json")(show)
    app.command(epilog=examples + "  verity cancel 17")(cancel)
    app.command(epilog=examples + "  verity pause 17")(pause)
    app.command(epilog=examples + "  verity resume 17")(resume)
    app.command(epilog=examples + "  verity retry 17")(retry)
    app.command(epilog=examples + "  verity history 4711\n\n  verity history 4711 --json")(history)


def submit(
    context: typer.Context,
    analysis: AnalysisFlags,
    flags: SourceFlags,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="s3://bucket/prefix, a folder or file, a playlist, channel, feed or video URL, "
            "ytsearch5:WORDS, a .txt, .csv or .json list; - reads a list from standard input.",
        ),
    ],
    name: Annotated[str, typer.Option(help="What to call the job.")] = "",
    priority: Annotated[
        PriorityName, typer.Option(help="live runs before batch, batch before sweep.")
    ] = PriorityName.BATCH,
    at_once: Annotated[
        int | None,
        typer.Option(min=1, max=1_000_000, help="Most items of the job that run at one time."),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Analyse anew what this account has analysed before."),
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end of the job.")] = False,
    as_json: AsJson = False,
) -> None:
    """Queue a job; a fleet worker (`verity work`) analyses its items."""
    from console.typed_sources import check_typed

    settings: ConsoleSettings = context.obj
    named = tuple(
        read_typed_list(settings.storage.var_folder / "lists") if it == "-" else check_typed(it)
        for it in sources
    )
    options, secrets = flags.sealed(settings.jobs.sealer)
    try:
        spec = JobSpec(
            sources=named,
            name=name,
            priority=Priority[priority.name],
            options=analysis.options,
            max_running=at_once,
            fresh=fresh,
            keep_media_days=analysis.keep_media_days,
            keep_report_days=analysis.keep_report_days,
            detector=analysis.detector(settings.storage.models_folder),
            source_options=options,
        )
    except ValidationError as error:
        raise InputError(str(error.errors()[0]["msg"])) from error
    from console.job_progress import wait_for_job

    with open_access(context) as access:
        job = access.desk.submit(spec, secrets=secrets)
        if not as_json:
            console.print(job.job_id if not wait else f"Job {job.job_id}", markup=False)
        if wait:
            job = wait_for_job(access.desk, job.job_id, quiet=as_json)
            if not as_json:
                _print_job(job, list(access.desk.list_items(job.job_id)))
    if as_json:
        print_json({"job_id": job.job_id, "job": _job_record(job)})
    if wait and (job.counts.failed or job.state is JobState.CANCELLED):
        raise typer.Exit(1)


def jobs(context: typer.Context, as_json: AsJson = False) -> None:
    """List the newest jobs."""
    with open_access(context) as access:
        found = access.desk.list_jobs()
    if as_json:
        print_json([_job_record(job) for job in found])
        return
    if not found:
        console.print("There are no jobs yet. Queue one: verity submit SOURCE")
        return
    shown = table("job", "name", "state", ">items", ">done", ">failed", "submitted (UTC)")
    for job in found:
        counts = job.counts
        shown.add_row(
            job.job_id,
            visible(job.name)[:MAX_TITLE_WIDTH],
            _state_words(job),
            f"{counts.total}",
            f"{counts.done}",
            f"{counts.failed}",
            f"{job.created_at:%Y-%m-%d %H:%M}",
        )
    console.print(shown)


def show(context: typer.Context, job_id: JobId, as_json: AsJson = False) -> None:
    """Show a job and its items: verdict, LLR, seconds of voice, where the reports are."""
    from jobs.progress_desk import ProgressDesk

    with open_access(context) as access:
        job = access.desk.job_status(job_id)
        items = list(access.desk.list_items(job_id))
        skipped = access.desk.skipped(job_id)
        waiting = ProgressDesk(access.engine).job(job_id).waiting
    if as_json:
        left_out = [{"name": name, "why": why} for name, why in skipped]
        record = {"job": _job_record(job), "items": [_item_record(item) for item in items]}
        why = None if waiting is None else dataclasses.asdict(waiting) | {"words": waiting.sentence}
        print_json(record | {"skipped": left_out, "waiting": why})
    else:
        _print_job(job, items)
        if waiting is not None:
            console.print(waiting.sentence, style="yellow", markup=False)
        _print_skipped(skipped)


def cancel(context: typer.Context, job_id: JobId, as_json: AsJson = False) -> None:
    """Cancel a job: what waits is dropped now, what runs stops at its next heartbeat."""
    with open_access(context) as access:
        job = access.desk.cancel(job_id)
    _print_change(job, f"Job {job_id} is cancelled.", as_json)


def pause(context: typer.Context, job_id: JobId, as_json: AsJson = False) -> None:
    """Pause a job: nothing more of it is begun, what runs is given back at its next heartbeat."""
    with open_access(context) as access:
        job = access.desk.pause(job_id)
    _print_change(job, f"Job {job_id} is paused. Go on: verity resume {job_id}", as_json)


def resume(context: typer.Context, job_id: JobId, as_json: AsJson = False) -> None:
    """Let a paused job go on."""
    with open_access(context) as access:
        job = access.desk.resume(job_id)
    _print_change(job, f"Job {job_id} goes on with {job.counts.waiting} items.", as_json)


def history(
    context: typer.Context,
    item_id: Annotated[
        str, typer.Argument(metavar="ITEM", help="An item's id, as `verity show` prints it.")
    ],
    as_json: AsJson = False,
) -> None:
    """Show an item's attempts: which worker, from when to when, how each ended and why."""
    with open_access(context) as access:
        item = access.desk.item_status(item_id)
        attempts = access.desk.item_attempts(item_id)
    if as_json:
        record = {"item": _item_record(item)}
        print_json(record | {"attempts": [dataclasses.asdict(one) for one in attempts]})
        return
    title = visible(item.title)[:MAX_TITLE_WIDTH]
    console.print(f"Item {item_id} of job {item.job_id}  {title}", style="bold", markup=False)
    shown = table(">try", "worker", "began (UTC)", ">s", "stage", "ended as", "code")
    for one in attempts:
        began = one.started_at
        shown.add_row(
            str(one.attempt),
            visible(one.worker_id),
            "" if began is None else f"{began:%Y-%m-%d %H:%M:%S}",
            "" if began is None else number((one.ended_at - began).total_seconds()),
            one.stage,
            str(one.cause).replace("_", " "),
            one.code,
        )
    console.print(shown)
    for one in attempts:
        if one.message:
            console.print(f"{one.attempt}: {visible(one.message)}", style="dim", markup=False)
    if item.state is ItemState.RUNNING:
        console.print(
            f"Attempt {item.attempt} is in stage {item.stage or 'claimed'}.", markup=False
        )


def retry(context: typer.Context, job_id: JobId, as_json: AsJson = False) -> None:
    """Queue a job's failed items again."""
    with open_access(context) as access:
        job = access.desk.retry_failed(job_id)
    _print_change(job, f"Job {job_id} waits with {job.counts.waiting} items.", as_json)


def open_access(context: typer.Context) -> "AbstractContextManager[QueueAccess]":
    """Open the job desk and the object store for one command."""
    from console.queue_access import open_queue  # the database takes a second to import

    return open_queue(context.obj)


def _print_change(job: Job, sentence: str, as_json: bool) -> None:
    if as_json:
        print_json({"job": _job_record(job)})
    else:
        console.print(sentence, markup=False)


def _print_job(job: Job, items: list[ItemStatus]) -> None:
    counts = job.counts
    console.print(f"Job {job.job_id}  {visible(job.name)}", style="bold", markup=False)
    console.print(f"{_state_words(job)}: {counts.done} done, {counts.failed} failed", markup=False)
    has_labels = any(item.labels or item.list_priority for item in items)
    columns = ("item", "title", "verdict", ">LLR", ">voice s", "reports")
    shown = table(*columns, *(("labels", "priority") if has_labels else ()))
    for item in items:
        if item.kind is ItemKind.LIST and item.state is not ItemState.FAILED:
            continue  # a source that was listed is no item of its own
        shown.add_row(
            item.item_id,
            visible(item.title)[:MAX_TITLE_WIDTH],
            _outcome(item),
            number(item.llr),
            number(item.voiced_s),
            " ".join(file.kind for file in item.files),
            *((visible(", ".join(item.labels)), item.list_priority) if has_labels else ()),
        )
    console.print(shown)
    n_reused = sum(bool(item.reused_item_id) for item in items)
    if n_reused:
        console.print(
            f"{n_reused} of these items had been analysed before: their reports say where. "
            "Analyse anew: verity submit --fresh",
            style="dim",
            markup=False,
        )
    for item in items:
        if item.state is ItemState.FAILED:
            line = f"{item.item_id} {visible(item.title)}: {item.error_message} [{item.error_code}]"
            console.print(line, style="red", markup=False)
    _print_files(items)
    if any(item.files for item in items):
        console.print(
            f"Get the reports: verity reports {job.job_id} --to FOLDER, or --zip", style="dim"
        )


def _print_files(items: list[ItemStatus]) -> None:
    """Print where each report lies: files by their key in the object store, the JSON in the database too."""
    for item in items:
        for file in item.files:
            also = "  and table report" if file.kind == "json" else ""
            line = f"{item.item_id:>6}  {file.kind:4}  {file.key}{also}"
            console.print(line, style="dim", markup=False, soft_wrap=True)


def _print_skipped(skipped: list[tuple[str, str]]) -> None:
    """Print what the listings left out: how many for each reason, and a few names."""
    by_why: dict[str, list[str]] = {}
    for name, why in skipped:
        by_why.setdefault(why, []).append(visible(name)[:MAX_TITLE_WIDTH])
    for why, names in by_why.items():
        shown = ", ".join(names[:SHOWN_SKIPPED]) + (" ..." if len(names) > SHOWN_SKIPPED else "")
        words = f"Left out, {why.replace('_', ' ')}: {len(names)} ({shown})"
        console.print(words, style="yellow", markup=False, soft_wrap=True)


def _outcome(item: ItemStatus) -> Text:
    if item.state is ItemState.DONE and item.verdict:
        return verdict_text(item.verdict, item.reason)
    if item.reason == DELETED:
        return verdict_text(DELETED)
    if item.state is ItemState.FAILED:
        return verdict_text("failed", item.error_code)
    return verdict_text(str(item.state), item.stage)


def _state_words(job: Job) -> str:
    return "paused" if job.is_paused and not job.is_over else str(job.state).replace("_", " ")


def _job_record(job: Job) -> dict[str, object]:
    named = {"priority": job.priority.name.lower(), "is_over": job.is_over}
    return dataclasses.asdict(job) | named


def _item_record(item: ItemStatus) -> dict[str, object]:
    return dataclasses.asdict(item)
