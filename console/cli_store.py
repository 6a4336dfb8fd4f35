"""`verity store`: does the object store hold what the database says, no more and no less?"""

from collections import Counter
from typing import Annotated

import typer

from console.settings import ConsoleSettings
from console.terminal import console, print_json

SHOWN = 20  # keys of each kind
EXAMPLES = """
[bold]Examples[/]

  verity store                 compare, change nothing

  verity store --adopt         let workers delete what no row tells of, after an hour's grace

Do this after a database was restored from a backup. Never use --adopt where another installation
keeps its objects under the same bucket and prefix: they would be taken for strays.

Exit status: 0 they agree, or only strays were found; 1 bytes are missing that a report names.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("store", epilog=EXAMPLES)(check_store)


def check_store(
    context: typer.Context,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Leave strays to the sweep of orphans.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False,
) -> None:
    """Compare the object store with the database: strays without a row, and missing bytes."""
    from console.queue_access import open_queue  # the database takes a second to import
    from storage.store_check import Difference, adopt_strays, compare_store

    settings: ConsoleSettings = context.obj
    counts: Counter[Difference] = Counter()
    shown: dict[Difference, list[str]] = {kind: [] for kind in Difference}
    with open_queue(settings) as access:
        for found in compare_store(access.engine, access.objects):
            counts[found.difference] += 1
            if len(shown[found.difference]) < SHOWN:
                shown[found.difference].append(found.key)
        n_adopted = adopt_strays(access.engine, access.objects) if adopt else 0
    if as_json:
        facts = {kind.value: {"objects": counts[kind], "keys": shown[kind]} for kind in Difference}
        print_json({**facts, "adopted": n_adopted})
    else:
        for kind, keys in shown.items():
            console.print(f"{kind.value}: {counts[kind]}", markup=False)
            for key in keys:
                console.print(f"  {key}", markup=False)
            if counts[kind] > len(keys):
                console.print(f"  ... and {counts[kind] - len(keys)} more", markup=False)
        if n_adopted:
            console.print(f"{n_adopted} strays are left to the sweep.", markup=False)
    raise typer.Exit(1 if counts[Difference.LOST] else 0)
