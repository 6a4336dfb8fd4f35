"""`python -m training manifest`: data sets on disk to manifests, and manifests checked."""

import inspect
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from pipeline.errors import VerityError
from training.datasets import DATA_SETS, load_data_set
from training.datasets.folds import assign_folds
from training.manifests import (
    Utterance,
    file_sha256,
    find_damage,
    read_manifest,
    write_manifest,
)

EXIT_DAMAGED = 1  # a file is missing or changed
EXIT_INPUT = 2  # what was named cannot be used
N_SHOWN = 50  # damaged files are named up to this many; the count is of all

Item = TypeVar("Item")

console = Console()
manifest_app = typer.Typer(
    help="Turn data sets on disk into manifests, and check manifests.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="Which data set; `manifest sets` lists them.")]
Folder = Annotated[Path, typer.Argument(help="Folder that it was unpacked to.")]
Out = Annotated[Path, typer.Option("--out", help="Manifest to write; .gz compresses it.")]
Hash = Annotated[bool, typer.Option("--hash", help="Read every file and write its SHA-256.")]
Manifests = Annotated[
    list[Path], typer.Option("--manifest", help="Manifest to check, again for more.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.add_typer(manifest_app, name="manifest")


@manifest_app.command("from")
def write_from(
    name: Name,
    folder: Folder,
    out: Out,
    hashed: Hash = False,
) -> None:
    """Write the manifest of a data set on disk, with folds by speaker and system if it has none.

    Example: python -m training manifest from librispeech /data/LibriSpeech --out libri.csv --hash
    """
    try:
        with _progress() as progress:
            found = load_data_set(name, folder)
            rows = list(_counted(found, progress, f"looking through {folder.name}", None))
            if hashed:
                rows = list(_counted(_hashed(rows), progress, "hashing", len(rows)))
        n_rows = write_manifest(assign_folds(rows), out)
    except VerityError as error:
        raise _stop(error) from error
    counts = Counter(row.label.value for row in rows)
    n_speakers = len({row.speaker for row in rows} - {""})
    n_systems = len({row.system for row in rows} - {""})
    _say(
        f"{out}: {n_rows} utterances ({counts['bonafide']} bona fide, {counts['spoof']} spoof), "
        f"{n_speakers} speakers, {n_systems} systems"
    )


@manifest_app.command()
def check(manifest: Manifests) -> None:
    """Name every file of the manifests that is missing, or is not the one that was hashed.

    Example: python -m training manifest check --manifest libri.csv --manifest made/manifest.csv
    """
    try:
        rows = [row for path in manifest for row in read_manifest(path)]
    except VerityError as error:
        raise _stop(error) from error
    with _progress() as progress:
        looked = _counted(find_damage(rows), progress, "checking", len(rows))
        damaged = [(row, what) for row, what in looked if what]
    for row, what in damaged[:N_SHOWN]:
        _say(f"{what}: {row.path}")
    if len(damaged) > N_SHOWN:
        _say(f"... and {len(damaged) - N_SHOWN} more")
    counts = Counter(what for _, what in damaged)
    n_unhashed = sum(not row.sha256 for row in rows)
    _say(
        f"{len(rows)} files: {counts['missing']} missing, {counts['changed']} changed, "
        f"{n_unhashed} without a checksum"
    )
    twins = Counter(row.sha256 for row in rows if row.sha256)
    n_twins = sum(count - 1 for count in twins.values())
    if n_twins:
        _say(f"{n_twins} files have the same bytes as another: leave them out, or splits leak")
    if damaged:
        raise typer.Exit(EXIT_DAMAGED)


@manifest_app.command("sets")
def list_sets(
    name: Annotated[str | None, typer.Argument(help="Say all about this one.")] = None,
) -> None:
    """List the data sets that can be read, or say where one comes from and how it must lie on disk.

    Example: python -m training manifest sets timit
    """
    if name is None:
        for key, data_set in DATA_SETS.items():
            _say(f"{key:22} {data_set.title}")
        return
    if name not in DATA_SETS:
        _say(f"there is no data set {name!r}; there are {', '.join(DATA_SETS)}")
        raise typer.Exit(EXIT_INPUT)
    _say(inspect.getdoc(sys.modules[DATA_SETS[name].module]) or "")


def _hashed(rows: Iterable[Utterance]) -> Iterator[Utterance]:
    """Yield the rows with the checksum of their files."""
    for row in rows:
        yield replace(row, sha256=file_sha256(row.path))


def _progress() -> Progress:
    """Return a bar that counts, also without knowing how many there will be."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
    )


def _counted(
    items: Iterable[Item], progress: Progress, what: str, total: int | None
) -> Iterator[Item]:
    """Yield the items, counting them on a bar."""
    bar = progress.add_task(escape(what), total=total)
    for item in items:
        yield item
        progress.advance(bar)


def _say(text: str) -> None:
    """Print a line as it is."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _stop(error: VerityError) -> typer.Exit:
    """Say what is wrong, and return what ends the command."""
    _say(str(error))
    return typer.Exit(EXIT_INPUT)
