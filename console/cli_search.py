"""`verity search`: what an account has that sounds like an item, or like a stretch of one."""

import dataclasses
from typing import Annotated

import typer

from console.cli_jobs import AsJson, open_access
from console.settings import ConsoleSettings
from console.terminal import console, print_json, table, verdict_text, visible
from pipeline.errors import InputError

MAX_TITLE_WIDTH = 48


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="[bold]Examples[/]\n\n  verity search --like 4711\n\n"
        "  verity search --like 4711@12.5-14 --most 20 --json\n\n"
        "  verity search --fill"
    )(search)


def search(
    context: typer.Context,
    like: Annotated[
        str,
        typer.Option(
            metavar="ITEM[@FROM-TO]",
            help="An item's id, as verity show prints it, and seconds of it.",
        ),
    ] = "",
    most: Annotated[int, typer.Option(min=1, max=200, help="How many items.")] = 10,
    account: Annotated[
        str, typer.Option(help="Whose item it must be. Only the item's own account is searched.")
    ] = "",
    fill: Annotated[
        bool, typer.Option("--fill", help="First add items from before there were searches.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find earlier items that sound like the same generator or the same recording."""
    from console.searching import fill_missing, parse_query, search_like, trust_sentence
    from reports.quantities import clock
    from storage.embedding_rows import SearchLimits

    if not like and not fill:
        raise InputError("Name what to search by: --like ITEM or --like ITEM@12.5-14.")
    query = parse_query(like) if like else None
    settings: ConsoleSettings = context.obj
    storage = settings.storage
    with open_access(context) as access:
        if fill:
            limits = SearchLimits(storage.search_segments, storage.search_items)
            n_items = fill_missing(access.engine, limits)
            if not as_json:
                console.print(f"{n_items} items were looked through.", style="dim")
        if query is None:
            return
        answer = search_like(access.engine, query, most, account or None)
    said = trust_sentence(answer)
    if as_json:
        hits = [{**dataclasses.asdict(hit), "is_near": hit.is_near} for hit in answer.hits]
        trust = None if answer.trust is None else dataclasses.asdict(answer.trust)
        print_json({"hits": hits, "detector": answer.detector, "trust": trust, "note": said})
        return
    if not answer.hits:
        console.print("Nothing else of this account can be compared with it yet.")
        return
    columns = (">likeness", "item", "job", ">at", "recording", "verdict", "title")
    shown = table(*columns)
    for hit in answer.hits:
        shown.add_row(
            f"{hit.likeness:.2f}",
            str(hit.item_id),
            str(hit.job_id),
            clock(hit.at_s),
            _recording(hit.is_same_file, hit.is_near, hit.second_by_second),
            verdict_text(hit.verdict),
            visible(hit.title or hit.source_uri)[:MAX_TITLE_WIDTH],
        )
    console.print(shown)
    console.print(said, style="dim", markup=False)


def _recording(is_same_file: bool, is_near: bool, likeness: float | None) -> str:
    """Return what is said of the recording: the same file, perhaps the same recording, or nothing."""
    if is_same_file:
        return "same file"
    if likeness is None:
        return "–"
    return f"perhaps ({likeness:.2f})" if is_near else f"no ({likeness:.2f})"
