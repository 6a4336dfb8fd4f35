"""`verity sweep`: jobs that come again by a schedule, and what each run found."""

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from console.cli_analysis_flags import AnalysisFlags, analysis_flags
from console.cli_jobs import AsJson, open_access
from console.cli_source_flags import SourceFlags, source_flags
from console.command_flags import with_flags
from console.output_folder import make_output_folder
from console.settings import ConsoleSettings
from console.terminal import console, errors, print_json, table, visible
from jobs.schedule import in_words, next_runs
from jobs.spec import JobSpec, Priority
from jobs.sweep_spec import Sweep, SweepRun, SweepSpec
from pipeline.errors import SourceNotFoundError

if TYPE_CHECKING:
    from console.queue_access import QueueAccess

MAX_NAME_WIDTH = 40
_EXAMPLES = "[bold]Examples[/]\n\n"

app = typer.Typer(
    no_args_is_help=True, help="Submit a job again and again, by a schedule; read what was new."
)
SweepId = Annotated[
    str, typer.Argument(metavar="SWEEP", help="The sweep's id, as `verity sweep list` shows it.")
]


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    example = "  verity sweep add '0 */2 * * *' --tz Europe/Berlin s3://bucket/incoming"
    parent.add_typer(app, name="sweep", epilog=_EXAMPLES + example)


def add(
    context: typer.Context,
    analysis: AnalysisFlags,
    flags: SourceFlags,
    cron: Annotated[
        str,
        typer.Argument(
            help="minute hour day month weekday, such as '0 */2 * * *'; or @hourly, @daily, @weekly."
        ),
    ],
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="What `verity submit` takes.")
    ],
    tz: Annotated[str, typer.Option("--tz", help="Time zone, such as Europe/Berlin.")] = "UTC",
    name: Annotated[str, typer.Option(help="What to call the sweep and its jobs.")] = "",
    only_new: Annotated[
        bool,
        typer.Option("--only-new/--all", help="Leave out what a run before has met, or do not."),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Make a sweep; its first run is at its next time."""
    from console.typed_sources import check_typed

    settings: ConsoleSettings = context.obj
    options, secrets = flags.sealed(settings.jobs.sealer)
    spec = SweepSpec(
        cron=cron,
        timezone=tz,
        name=name,
        job=JobSpec(
            sources=tuple(check_typed(source) for source in sources),
            name=name,
            priority=Priority.SWEEP,
            options=analysis.options,
            source_options=options.model_copy(update={"only_new": only_new}),
            keep_media_days=analysis.keep_media_days,
            keep_report_days=analysis.keep_report_days,
            detector=analysis.detector(settings.storage.models_folder),
        ),
    )
    _ = spec.schedule  # what is wrong with it is said before the database is opened
    from jobs.sweep_desk import SweepDesk  # the database takes a second to import

    with open_access(context) as access:
        access.desk.keep_secrets(secrets)
        sweep = SweepDesk(access.engine).add(spec)
    if as_json:
        print_json(_record(sweep))
    else:
        console.print(f"Sweep {sweep.sweep_id}: {in_words(sweep.schedule)}", markup=False)
        _print_next(sweep)


app.command(
    epilog=_EXAMPLES
    + "  verity sweep add '0 */2 * * *' --tz Europe/Berlin s3://bucket/incoming\n\n"
    + "  verity sweep add @daily --all https://example.org/podcast.xml --name Podcast\n\n"
    + "A fleet worker (verity work) or a server (verity serve) must run when it is time."
)(with_flags(add, analysis=analysis_flags, flags=source_flags, leave_out=("only_new",)))


@app.command("list", epilog=_EXAMPLES + "  verity sweep list\n\n  verity sweep list --json")
def list_sweeps(context: typer.Context, as_json: AsJson = False) -> None:
    """List the sweeps, with their schedule in words and their next run."""
    from jobs.sweep_desk import SweepDesk

    with open_access(context) as access:
        sweeps = SweepDesk(access.engine).list_sweeps()
    if as_json:
        print_json([_record(sweep) for sweep in sweeps])
        return
    if not sweeps:
        console.print("There are no sweeps yet. Make one: verity sweep add CRON SOURCE")
        return
    shown = table("sweep", "name", "when", "next run")
    for sweep in sweeps:
        following = "paused" if sweep.is_paused else _local(sweep, sweep.next_at)
        name = visible(sweep.name)[:MAX_NAME_WIDTH]
        shown.add_row(sweep.sweep_id, name, in_words(sweep.schedule), following)
    console.print(shown)


@app.command(epilog=_EXAMPLES + "  verity sweep show 3")
def show(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Show a sweep: its sources, its schedule in words, its next five runs."""
    from jobs.sweep_desk import SweepDesk

    with open_access(context) as access:
        sweep = SweepDesk(access.engine).sweep_status(sweep_id)
    if as_json:
        print_json(_record(sweep))
        return
    console.print(f"Sweep {sweep.sweep_id}  {visible(sweep.name)}", style="bold", markup=False)
    console.print(f"{in_words(sweep.schedule)}: {sweep.schedule.cron}", markup=False)
    wanted = "only what is new" if sweep.job.source_options.only_new else "everything, each time"
    for source in sweep.job.sources:
        console.print(f"  {visible(source)}  ({wanted})", markup=False, soft_wrap=True)
    if told := _wishes(sweep.job):
        console.print(f"  {told}", markup=False, soft_wrap=True)
    _print_next(sweep)


@app.command(epilog=_EXAMPLES + "  verity sweep history 3\n\n  verity sweep history 3 --json")
def history(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Show what became of a sweep's runs: how much was new, found and failed."""
    from jobs.sweep_desk import SweepDesk

    with open_access(context) as access:
        desk = SweepDesk(access.engine)
        sweep, runs = desk.sweep_status(sweep_id), desk.runs(sweep_id)
    if as_json:
        print_json([dataclasses.asdict(run) for run in runs])
        return
    shown = table("run", "due", "job", ">new", ">synthetic", ">inconclusive", ">failed", "remark")
    for run in runs:
        counts = run.digest["counts"] if run.digest else None
        numbers = (
            [
                str(counts["new"]),
                str(counts["synthetic"] + counts["partly_synthetic"]),
                str(counts["inconclusive"]),
                str(counts["failed"]),
            ]
            if counts
            else [""] * 4
        )
        shown.add_row(
            run.run_id, _local(sweep, run.due_at), run.job_id or "", *numbers, _remark(run)
        )
    console.print(shown)


@app.command(epilog=_EXAMPLES + "  verity sweep pause 3")
def pause(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Let a sweep have no run until it is resumed; what runs goes on."""
    from jobs.sweep_desk import SweepDesk

    with open_access(context) as access:
        sweep = SweepDesk(access.engine).pause(sweep_id)
    _print_change(
        sweep, f"Sweep {sweep_id} is paused. Go on: verity sweep resume {sweep_id}", as_json
    )


@app.command(epilog=_EXAMPLES + "  verity sweep resume 3")
def resume(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Let a paused sweep go on with its next time; runs of the pause are not made up for."""
    from jobs.sweep_desk import SweepDesk

    with open_access(context) as access:
        sweep = SweepDesk(access.engine).resume(sweep_id)
    said = f"Sweep {sweep_id} goes on: {_local(sweep, sweep.next_at)}."
    _print_change(sweep, said, as_json)


@app.command(epilog=_EXAMPLES + "  verity sweep run 3")
def run(context: typer.Context, sweep_id: SweepId, as_json: AsJson = False) -> None:
    """Submit a sweep's job now, beside its schedule."""
    from jobs.sweep_desk import SweepDesk

    with open_access(context) as access:
        started = SweepDesk(access.engine).run_now(sweep_id)
    if as_json:
        print_json(dataclasses.asdict(started))
    else:
        console.print(f"Sweep {sweep_id} runs as job {started.job_id}.", markup=False)


@app.command(epilog=_EXAMPLES + "  verity sweep remove 3")
def remove(context: typer.Context, sweep_id: SweepId) -> None:
    """Let a sweep have no run any more; its jobs and reports stay."""
    from jobs.sweep_desk import SweepDesk

    with open_access(context) as access:
        SweepDesk(access.engine).remove(sweep_id)
    console.print(f"Sweep {sweep_id} is removed. Its jobs and reports are kept.", markup=False)


@app.command(epilog=_EXAMPLES + "  verity sweep digest 3\n\n  verity sweep digest 3 --to digests/")
def digest(
    context: typer.Context,
    sweep_id: SweepId,
    to: Annotated[
        Path | None,
        typer.Option(help="Write the run's report as PDF, its digest as JSON, and feed.rss here."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what the last run that is over found, against the run before; --to writes its PDF too."""
    from jobs.sweep_desk import SweepDesk
    from reports.as_rss import to_rss
    from reports.letters import digest_letter

    with open_access(context) as access:
        desk = SweepDesk(access.engine)
        sweep, runs = desk.sweep_status(sweep_id), desk.runs(sweep_id)
        digests = [run.digest for run in runs if run.digest]
        if not digests:
            raise SourceNotFoundError(
                f"Sweep {sweep_id} has no run that is over.", "digest_not_found"
            )
        latest = digests[0]
        if to is not None:
            make_output_folder(to, "--to")
            _write_job_report(context, access, digests, to)
            written = to / f"digest-{latest['run_id']}.json"
            written.write_text(json.dumps(latest, indent=2, ensure_ascii=False), encoding="utf-8")
            (to / "feed.rss").write_bytes(to_rss(sweep.name, digests))
    if as_json:
        print_json(latest)
    else:
        subject, text = digest_letter(latest)
        console.print(subject, style="bold", markup=False)
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def _write_job_report(
    context: typer.Context, access: "QueueAccess", digests: list[dict[str, Any]], to: Path
) -> None:
    """Write the report of the newest run's job, compared with the run before."""
    from console.job_files import JobReportOrder, write_job_files
    from console.signing import signing_key
    from console.stamping import wanted_stamper

    settings: ConsoleSettings = context.obj
    storage = settings.storage
    key = None
    if storage.is_signing:
        key = signing_key(storage.keys, storage.signer, storage.signing_pin)
    before = int(digests[1]["job_id"]) if len(digests) > 1 else None
    stamper = wanted_stamper(context, None) if key is not None else None
    order = JobReportOrder(int(digests[0]["job_id"]), before, key=key, stamper=stamper)
    for problem in write_job_files(access, order, to).problems:
        errors.print(f"No time stamp yet: {problem}", style="yellow", markup=False)


def _remark(run: SweepRun) -> str:
    if run.job_id is None:
        return "left out: the run before was not over"
    missed = f"{run.n_missed} missed before it" if run.n_missed else ""
    return missed if run.digest else ", ".join(filter(None, ["running", missed]))


def _print_change(sweep: Sweep, sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(_record(sweep))
    else:
        console.print(sentence, markup=False)


def _wishes(job: JobSpec) -> str:
    """Return what a sweep's job is told beyond the usual."""
    said = {
        f"segments start every {job.options.hop_s:g} s": job.options.hop_s < 1,
        f"listens with {job.detector[:12]}": bool(job.detector),
        "keeps clips": job.options.keep_clips,
        "tells what scores came from": job.options.explain,
        f"keeps media for {job.keep_media_days} days": job.keep_media_days is not None,
        f"keeps reports for {job.keep_report_days} days": job.keep_report_days is not None,
        "opens archives": job.source_options.open_archives,
    }
    return ", ".join(words for words, is_so in said.items() if is_so)


def _print_next(sweep: Sweep) -> None:
    if sweep.is_paused:
        console.print("It is paused.")
        return
    console.print("Next runs:")
    for moment in next_runs(sweep.schedule, datetime.now(UTC)):
        console.print(f"  {moment:%a %Y-%m-%d %H:%M %Z}", markup=False)


def _local(sweep: Sweep, moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo(sweep.schedule.timezone)):%Y-%m-%d %H:%M %Z}"


def _record(sweep: Sweep) -> dict[str, object]:
    return {
        "sweep_id": sweep.sweep_id,
        "name": sweep.name,
        "cron": sweep.schedule.cron,
        "timezone": sweep.schedule.timezone,
        "in_words": in_words(sweep.schedule),
        "is_paused": sweep.is_paused,
        "next_runs": [
            moment.isoformat() for moment in next_runs(sweep.schedule, datetime.now(UTC))
        ],
        "job": sweep.job.model_dump(mode="json"),
    }
