"""Layout: what the loaders share to look at a folder and to say what is wrong with it.

Names that come from a data set's own lists are taken as names inside its folder and nothing else:
one that is absolute or climbs out with `..` is refused.
"""

import csv
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pipeline.errors import InputError, SourceNotFoundError

AUDIO_SUFFIXES = frozenset(
    {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".aiff", ".aif", ".wma", ".webm"}
)
N_NAMED = 6  # what was found is named up to this many, so that a message stays one line

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Listed:
    """Counts the files that a list names and of which the folder has none; lives for one load."""

    name: str  # the list, such as `ASVspoof5.train.tsv`
    n_found: int = 0
    missing: list[str] = field(default_factory=list)

    def has(self, path: Path, present: frozenset[str] | None = None) -> bool:
        """Say whether a listed file is there, and remember it if not.

        Args:
            path: where it should be.
            present: the names in its folder, where the caller has listed it already.
        """
        there = path.is_file() if present is None else path.name in present
        if there:
            self.n_found += 1
        else:
            self.missing.append(path.name)
        return there

    def close(self) -> None:
        """Warn of files that are not there; refuse if none of them is.

        Raises:
            SourceNotFoundError: the list has names, and the folder has none of the files.
        """
        if not self.missing:
            return
        first = self.missing[0]
        if not self.n_found:
            raise SourceNotFoundError(
                f"{self.name} lists {len(self.missing)} files and this folder has none of them, "
                f"the first is {first}: unpack the audio beside the list"
            )
        _log.warning(
            "listed files are not there and are left out",
            extra={"list": self.name, "n_missing": len(self.missing), "first": first},
        )


def not_found(folder: Path, what: str, expected: str) -> SourceNotFoundError:
    """Return the error for a folder that does not hold a data set."""
    if not folder.is_dir():
        return SourceNotFoundError(f"{folder} is no folder: name the one that holds {what}")
    names = sorted(f"{p.name}/" if p.is_dir() else p.name for p in folder.iterdir())
    found = ", ".join(names[:N_NAMED]) or "nothing"
    if len(names) > N_NAMED:
        found += f", and {len(names) - N_NAMED} more"
    return SourceNotFoundError(f"{folder} holds no {what}; expected: {expected}; found: {found}")


def inside(folder: Path, written: str, place: str) -> Path:
    """Return the file that a list names inside a folder.

    Args:
        folder: nothing outside it is named.
        written: as the list has it, with slashes or backslashes.
        place: list and line, for the message.

    Raises:
        InputError: the name is empty, absolute, or climbs out of the folder.
    """
    name = PurePosixPath(written.strip().replace("\\", "/"))
    is_drive = len(written) > 1 and written[1] == ":"
    if not name.parts or name.is_absolute() or is_drive or "\0" in written or ".." in name.parts:
        raise InputError(f"{place}: the name {written!r} does not lie in the data set's folder")
    return folder / name


def plain_name(written: str, place: str) -> str:
    """Return a file name from a list that shall have no folder in it.

    Raises:
        InputError: it has one.
    """
    name = inside(Path(), written, place)
    if len(name.parts) != 1:
        raise InputError(f"{place}: {written!r} shall be a file name without a folder")
    return name.name


def walk_audio(folder: Path, suffixes: frozenset[str] = AUDIO_SUFFIXES) -> Iterator[Path]:
    """Yield the audio files under a folder, sorted, hidden ones (`._a.wav`, `.cache/`) left out.

    One folder is listed at a time, so that the first files come at once. Links to files and
    folders are followed, but a folder is entered once.
    """
    yield from _walk(folder, suffixes, set())


def _walk(folder: Path, suffixes: frozenset[str], entered: set[Path]) -> Iterator[Path]:
    """Yield the audio files of one folder, then of the folders in it."""
    real = folder.resolve()
    if real in entered:
        return
    entered.add(real)
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    for entry in entries:
        if entry.suffix.lower() in suffixes and entry.is_file():
            yield entry
    for entry in entries:
        if entry.is_dir():
            yield from _walk(entry, suffixes, entered)


def list_folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted, hidden ones left out."""
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def list_names(folder: Path) -> frozenset[str]:
    """Return the names in a folder, none where it is not there."""
    return frozenset(p.name for p in folder.iterdir()) if folder.is_dir() else frozenset()


def read_fields(path: Path, names: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the lines of a list with white space between its columns, as (place, fields).

    Empty lines are left out; BOM and CRLF do not matter.

    Raises:
        InputError: a line has another number of columns, or the file is not UTF-8 text.
    """
    for number, line in enumerate(_read_lines(path), start=1):
        values = line.split()
        place = f"{path.name}, line {number}"
        if not values:
            continue
        if len(values) != len(names):
            raise InputError(
                f"{place}: {len(values)} columns where {len(names)} are expected "
                f"({' '.join(names)}): {line.strip()[:80]!r}"
            )
        yield place, dict(zip(names, values, strict=True))


def read_table(
    path: Path, needed: Sequence[str], delimiter: str = ",", *, quoted: bool = True
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the rows of a table with a header, as (place, row); BOM and CRLF do not matter.

    Args:
        path: the table.
        needed: columns that it must have; others come along.
        delimiter: between columns.
        quoted: whether quotation marks enclose values, or are part of the text.

    Raises:
        InputError: a column or a value of one is missing, or the file is not UTF-8 text.
    """
    reader = csv.DictReader(
        _read_lines(path),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )
    try:
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            raise InputError(
                f"{path.name} has no column {', '.join(missing)}; "
                f"it has {', '.join(reader.fieldnames or ()) or 'none'}"
            )
        for row in reader:
            place = f"{path.name}, line {reader.line_num}"
            short = [name for name in needed if row.get(name) is None]
            if short:
                raise InputError(f"{place}: no value in column {', '.join(short)}")
            yield place, {name: value or "" for name, value in row.items() if name}
    except csv.Error as error:
        raise InputError(f"{path.name}, line {reader.line_num}: {error}") from error


def pick(values: Mapping[str, str], key: str, place: str) -> str:
    """Return what a word of the data set means here.

    Raises:
        InputError: the word is none of those that are known.
    """
    try:
        return values[key]
    except KeyError:
        raise InputError(f"{place}: {key!r} is none of {', '.join(sorted(values))}") from None


def _read_lines(path: Path) -> Iterator[str]:
    """Yield a text file's lines."""
    try:
        with path.open(encoding="utf-8-sig", newline=None) as file:
            yield from file
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is not UTF-8 text: unpack it again") from error
