"""`verity stamp`, `review` and `delete`: what happens to a report after the analysis."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli_jobs import AsJson
from console.settings import ConsoleSettings
from console.terminal import console, errors, print_json
from pipeline.errors import InputError
from reports.opinion import Opinion
from reports.paper import Paper

if TYPE_CHECKING:
    from reports.stamping import Stamper


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="[bold]Examples[/]\n\n  verity stamp reports/*.json reports/*.pdf\n\n"
        "  verity stamp --item 4711\n\n  verity stamp --job 17\n\n"
        "Exit status: 0 every authority stamped every report; 1 a stamp is missing: try again later."
    )(stamp)
    app.command(
        epilog="[bold]Examples[/]\n\n"
        "  verity review 4711 --disagree --text 'A telephone line explains the narrow band.'\n\n"
        "  verity review report.json --agree --text-file opinion.txt --examiner 'Dr. Example'"
    )(review)
    app.command(
        epilog="[bold]Examples[/]\n\n  verity delete 4711\n\n  verity delete --job 17 --media --yes"
        "\n\n  verity delete --expired\n\n"
        "Hashes and custody stay, as a tombstone and in the audit log."
    )(delete)


def stamp(
    context: typer.Context,
    reports: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[REPORT...]", help="Signed JSON or PDF files."),
    ] = None,
    items: Annotated[
        list[str] | None, typer.Option("--item", help="An item's reports, in the fleet's store.")
    ] = None,
    job: Annotated[str, typer.Option(help="Those of all items of this job.")] = "",
) -> None:
    """Have reports stamped by the time stamp authorities (RFC 3161) of VERITY_STAMP_AUTHORITIES.

    Stored reports stay as they are: their stamps are further files beside them.
    """
    from console.stamping import stamp_report, stamper_of

    if not (reports or items or job):
        raise InputError("Name reports, --item or --job.", "input_invalid")
    n_missing = 0
    with stamper_of(context.obj) as stamper:
        for path in reports or ():
            written, problems = stamp_report(path, stamper)
            n_missing += _print_stamps(path.name, map(str, written), problems)
        if items or job:
            n_missing += _stamp_stored(context.obj, stamper, items or [], job)
    if n_missing:
        raise typer.Exit(1)


def _stamp_stored(
    settings: ConsoleSettings, stamper: "Stamper", item_ids: list[str], job_id: str
) -> int:
    """Stamp what lies in the store; return how many stamps are missing."""
    from console.queue_access import open_queue
    from console.stored_stamps import stamp_item

    n_missing = 0
    with open_queue(settings) as access:
        for item_id in item_ids:
            stamped = stamp_item(access, access.desk.item_status(item_id), stamper)
            names = (file.file_name for file in stamped.written)
            n_missing += _print_stamps(f"item {item_id}", names, stamped.problems)
        for item in access.desk.list_items(job_id) if job_id else ():
            if not any(file.kind == "jws" for file in item.files):
                continue  # cancelled, deleted, or written unsigned
            stamped = stamp_item(access, item, stamper)
            names = (file.file_name for file in stamped.written)
            n_missing += _print_stamps(f"item {item.item_id}", names, stamped.problems)
    return n_missing


def _print_stamps(of: str, written: Iterable[str], problems: Sequence[str]) -> int:
    for name in written:
        console.print(name, markup=False, soft_wrap=True)
    for problem in problems:
        errors.print(f"{of}: {problem}", style="yellow", markup=False)
    return len(problems)


def review(
    context: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="ITEM|REPORT", help="An item's id, or a report's JSON or PDF.")
    ],
    agree: Annotated[bool, typer.Option("--agree", help="With the machine's finding.")] = False,
    disagree: Annotated[bool, typer.Option("--disagree", help="With it.")] = False,
    inconclusive: Annotated[
        bool, typer.Option("--inconclusive", help="No conclusion either way.")
    ] = False,
    text: Annotated[str, typer.Option(help="The reasons.")] = "",
    text_file: Annotated[Path | None, typer.Option(help="The reasons, from a file.")] = None,
    examiner: Annotated[
        str, typer.Option(help="Who examined; without it the holder of the key.")
    ] = "",
    keys: Annotated[
        Path | None, typer.Option(help="The folder with the examiner's key; this installation's.")
    ] = None,
    paper: Annotated[Paper, typer.Option(help="Size of the PDF's pages.")] = Paper.A4,
    as_json: AsJson = False,
) -> None:
    """Add an examiner's signed opinion as a new version of a report; nothing is overwritten."""
    from console.queue_access import open_queue
    from console.reviewing import review_file, review_item
    from console.signing import signing_key
    from reports.reviewing import NewOpinion

    settings: ConsoleSettings = context.obj
    chosen = [
        opinion
        for opinion, is_chosen in zip(Opinion, (agree, disagree, inconclusive), strict=True)
        if is_chosen
    ]
    if len(chosen) != 1:
        raise InputError("Say one of --agree, --disagree and --inconclusive.", "input_invalid")
    reasons = text if text_file is None else _read(text_file)
    new = NewOpinion(chosen[0], reasons, examiner, datetime.now(UTC))
    key = signing_key(
        keys or settings.storage.keys,
        examiner or settings.storage.signer,
        settings.storage.signing_pin,
    )
    if target.isdecimal() and not Path(target).exists():
        with open_queue(settings) as access:
            files = review_item(access, target, new, key, settings, paper)
        names = [file.file_name for file in files]
    else:
        names = [str(path) for path in review_file(Path(target), new, key, settings, paper)]
    if as_json:
        print_json({"opinion": chosen[0].value, "files": names})
        return
    for name in names:
        console.print(name, markup=False, soft_wrap=True)


def delete(
    context: typer.Context,
    item: Annotated[str, typer.Argument(metavar="[ITEM]", help="An item's id.")] = "",
    job: Annotated[str, typer.Option(help="All items of this job instead.")] = "",
    expired: Annotated[
        bool,
        typer.Option("--expired", help="What was kept long enough, as a fleet does by itself."),
    ] = False,
    media: Annotated[
        bool, typer.Option("--media", help="Only the media, not the reports.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete media and reports for good, of an item, of a job, or by the rule of retention."""
    from console.deleting import delete_expired, delete_items
    from console.queue_access import open_queue

    if [bool(item), bool(job), expired].count(True) != 1 or (expired and media):
        raise InputError("Name an item, or --job, or --expired.", "input_invalid")
    what = "media" if media else "media and reports"
    named = f"item {item}" if item else f"job {job}"
    if not expired and not yes and not typer.confirm(f"Delete the {what} of {named} for good?"):
        raise typer.Exit(1)
    settings: ConsoleSettings = context.obj
    with open_queue(settings) as access:
        gone = (
            delete_expired(access, settings)
            if expired
            else delete_items(access, item, job, only_media=media)
        )
    if as_json:
        print_json(
            {"media": gone.n_media, "reports": gone.n_reports, "objects": gone.n_objects_now}
        )
        return
    console.print(
        f"Deleted: {gone.n_media} media, {gone.n_reports} reports. {gone.n_objects_now} stored files "
        "are gone; what was used within the last hour follows with the next sweep."
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} cannot be read as UTF-8 text.", "input_invalid") from error
