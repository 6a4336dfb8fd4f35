"""Manifests: one row an utterance, with what is needed to train on it and to split it.

A manifest is a CSV file, gzipped or not, UTF-8. Columns: `path` and `label`, and, as far as known,
`seconds, source, speaker, system, kind, language, licence, origin, clip_id, paired_with, fold,
part, condition, sha256`; more are ignored. A relative path is taken from the manifest's folder and
never leaves it. Several manifests are read as one: clip ids stay unique, and a copy finds the clip
that it was made from in whichever manifest that is.
"""

import csv
import gzip
import hashlib
import io
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pipeline.errors import InputError, SourceNotFoundError
from pipeline.vocabulary import Label

NO_FOLD = -1  # the manifest has no folds
COLUMNS = (
    *("path", "label", "seconds", "source", "speaker", "system", "kind", "language", "licence"),
    *("origin", "clip_id", "paired_with", "fold", "part", "condition", "sha256"),
)
PAIR_MARK = "|"  # between the ids of a clip that was made from several
_SHA256_LENGTH = 64  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class Utterance:
    """One labelled recording."""

    path: Path
    label: Label
    source: str  # where genuine speech comes from; `made` or `demo` for spoof of our corpus
    speaker: str  # speaker id, or the demo page
    system: str  # the generator as the manifest names it; "" for genuine speech
    kind: str  # tts, vc, vocoder, codec, replay, ...; "" for genuine speech
    language: str
    clip_id: str
    paired_with: str  # clip_id of the utterance that this is a copy of, or ""; several joined by |
    fold: int
    seconds: float = 0.0  # 0 = not known
    licence: str = ""
    origin: str = ""  # public repository, package or model that it came from
    part: str = ""  # the data set's own train, dev or eval
    condition: str = ""  # room, channel, codec or noise as the data set names it
    sha256: str = ""  # of the file's bytes; "" = not known

    @property
    def is_codec(self) -> bool:
        """Say whether this is genuine speech after a neural codec: a class of its own."""
        return self.kind == "codec"

    @property
    def is_replay(self) -> bool:
        """Say whether this is genuine speech played to a microphone: spoof, but not synthetic."""
        return self.kind == "replay"

    @property
    def pairs(self) -> tuple[str, ...]:
        """Return the ids of the utterances that this one was made from."""
        return tuple(self.paired_with.split(PAIR_MARK)) if self.paired_with else ()


def read_manifest(path: Path) -> tuple[Utterance, ...]:
    """Return the rows of a manifest, a CSV file, gzipped or not, in the file's order.

    Raises:
        SourceNotFoundError: there is no such file.
        InputError: a needed column is missing, a value has no meaning, a path leaves the
            manifest's folder, or two rows have one clip id.
    """
    if not path.is_file():
        raise SourceNotFoundError(f"there is no manifest {path}: name the corpus' manifest.csv")
    reader = csv.DictReader(io.StringIO(_read_text(path), newline=""))
    missing = {"path", "label"} - set(reader.fieldnames or ())
    if missing:
        raise InputError(f"{path.name} has no column {', '.join(sorted(missing))}")
    try:
        rows = tuple(
            _to_utterance({name: value or "" for name, value in row.items() if name}, path, line)
            for line, row in enumerate(reader, start=2)
        )
    except csv.Error as error:
        raise InputError(f"{path.name}, line {reader.line_num}: not a CSV row ({error})") from error
    _refuse_twins(rows, path.name)
    return rows


def read_manifests(
    paths: Sequence[Path], training_only: Sequence[Path] = ()
) -> tuple[Utterance, ...]:
    """Return the rows of several manifests as if they were one, in the order given.

    A clip that has no id of its own, but its path, gets the manifest's folder in front where
    another manifest has the same path. `paired_with` may name a clip id or a path of any of them.

    Args:
        paths: manifests whose folds count.
        training_only: manifests whose folds are forgotten: their rows are trained on where they
            leak nothing, and never tested on (training/splits.py).

    Raises:
        SourceNotFoundError: one of the files is not there.
        InputError: as `read_manifest`; a clip id stands in two manifests; or a copy names a clip
            that none of them has, so that no split could keep the two together.
    """
    every = (*paths, *training_only)
    if len({path.resolve() for path in every}) < len(every):
        raise InputError("a manifest is named twice: name each once")
    tables = [read_manifest(path) for path in paths]
    for path in training_only:
        tables.append(tuple(replace(row, fold=NO_FOLD) for row in read_manifest(path)))
    spoken_for = Counter(row.clip_id for table in tables for row in table)
    joined: list[Utterance] = []
    names: list[dict[str, str]] = []  # per manifest: what a row may call a clip -> the clip's id
    for path, table in zip(every, tables, strict=True):
        rows = [_apart(row, path, spoken_for) for row in table]
        names.append(_names_of(table, rows, path.parent))
        joined.extend(rows)
    _refuse_twins(joined, ", ".join(path.name for path in every))
    everywhere = {name: clip_id for known in reversed(names) for name, clip_id in known.items()}
    homes = [known for known, table in zip(names, tables, strict=True) for _ in table]
    return _resolve_pairs(joined, homes, everywhere)


def write_manifest(rows: Iterable[Utterance], path: Path) -> int:
    """Write rows as a manifest with every column, and return how many there were.

    The file appears whole or not at all. Paths under its folder are written from there, others
    absolute. A name that ends in `.gz` is compressed, with no time in it: same rows, same bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    n_rows = 0
    for row in rows:
        writer.writerow(_to_columns(row, path.parent))
        n_rows += 1
    content = text.getvalue().encode()
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    unfinished.replace(path)
    return n_rows


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_damage(rows: Iterable[Utterance]) -> Iterator[tuple[Utterance, str]]:
    """Yield each row with what is wrong with its file, "" where nothing is.

    A row without a checksum is only looked for, not read.
    """
    for row in rows:
        if not row.path.is_file():
            yield row, "missing"
        elif row.sha256 and file_sha256(row.path) != row.sha256:
            yield row, "changed"
        else:
            yield row, ""


def _read_text(path: Path) -> str:
    """Return a manifest's text."""
    content = path.read_bytes()
    try:
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is not readable as UTF-8 text: write it again") from error


def _to_utterance(row: Mapping[str, str], manifest: Path, line: int) -> Utterance:
    """Return one row as a value."""
    place = f"{manifest.name}, line {line}"
    try:
        label = Label(row["label"])
    except ValueError as error:
        raise InputError(
            f"{place}: {row['path']}: the label {row['label']!r} is neither bonafide nor spoof"
        ) from error
    sha256 = row.get("sha256", "").lower()
    if sha256 and (len(sha256) != _SHA256_LENGTH or set(sha256) - set("0123456789abcdef")):
        raise InputError(f"{place}: sha256 {sha256!r} is not 64 hexadecimal digits")
    return Utterance(
        path=_inside(row["path"], manifest.parent, place),
        label=label,
        source=row.get("source", ""),
        speaker=row.get("speaker", ""),
        system=row.get("system", ""),
        kind=row.get("kind", ""),
        language=row.get("language", ""),
        clip_id=row.get("clip_id", "") or row["path"],
        paired_with=row.get("paired_with", ""),
        fold=_fold(row.get("fold", ""), place),
        seconds=_seconds(row.get("seconds", ""), place),
        licence=row.get("licence", ""),
        origin=row.get("origin", ""),
        part=row.get("part", ""),
        condition=row.get("condition", ""),
        sha256=sha256,
    )


def _inside(written: str, folder: Path, place: str) -> Path:
    """Return where a written path leads, refusing one that climbs out of the folder."""
    if not written:
        raise InputError(f"{place}: the path is empty")
    if "\0" in written or ".." in PurePosixPath(written.replace("\\", "/")).parts:
        raise InputError(
            f"{place}: the path {written!r} leaves the manifest's folder: write it absolute, or "
            "put the manifest above its files"
        )
    return folder / written


def _fold(text: str, place: str) -> int:
    """Return the fold as written, or none."""
    if not text:
        return NO_FOLD
    try:
        return int(text)
    except ValueError as error:
        raise InputError(f"{place}: the fold {text!r} is not a whole number") from error


def _seconds(text: str, place: str) -> float:
    """Return the length as written, 0 where it is not."""
    try:
        seconds = float(text or 0)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise InputError(f"{place}: {text!r} is no length in seconds")
    return seconds


def _refuse_twins(rows: Sequence[Utterance], where: str) -> None:
    """Refuse rows of which two have one clip id."""
    first: dict[str, Utterance] = {}
    for row in rows:
        twin = first.setdefault(row.clip_id, row)
        if twin is not row:
            raise InputError(
                f"{where}: the clip id {row.clip_id} stands twice, for {twin.path.name} and "
                f"{row.path.name}: give each clip its own"
            )


def _apart(row: Utterance, manifest: Path, spoken_for: Mapping[str, int]) -> Utterance:
    """Return a row whose id is its path, with the folder in front where others say the same."""
    is_path = manifest.parent / row.clip_id == row.path
    if not is_path or spoken_for[row.clip_id] == 1:
        return row
    return replace(row, clip_id=f"{manifest.parent.resolve().name}/{row.clip_id}")


def _names_of(
    table: Sequence[Utterance], rows: Sequence[Utterance], folder: Path
) -> dict[str, str]:
    """Return what rows may call the clips of one manifest: the id as written, or the path."""
    names = {
        row.path.relative_to(folder).as_posix(): row.clip_id
        for row in rows
        if row.path.is_relative_to(folder)
    }
    names.update({str(row.path): row.clip_id for row in rows})
    names.update({before.clip_id: row.clip_id for before, row in zip(table, rows, strict=True)})
    return names


def _resolve_pairs(
    rows: Sequence[Utterance],
    homes: Sequence[Mapping[str, str]],
    everywhere: Mapping[str, str],
) -> tuple[Utterance, ...]:
    """Return the rows with every pair as a clip id, looked for at home first."""
    resolved: list[Utterance] = []
    lost: list[tuple[Utterance, str]] = []
    for row, home in zip(rows, homes, strict=True):
        found = [home.get(name) or everywhere.get(name) for name in row.pairs]
        lost += [(row, name) for name, known in zip(row.pairs, found, strict=True) if not known]
        pairs = PAIR_MARK.join(clip_id for clip_id in found if clip_id)
        resolved.append(replace(row, paired_with=pairs) if row.pairs else row)
    if lost:
        row, name = lost[0]
        raise InputError(
            f"{len(lost)} copies name a clip that is in none of the manifests, the first is "
            f"{row.clip_id}, made from {name}: name the manifest that has it too"
        )
    return tuple(resolved)


def _to_columns(row: Utterance, folder: Path) -> list[str]:
    """Return a row's values in the order of the columns."""
    path, home = _absolute(row.path), _absolute(folder)
    written = path.relative_to(home).as_posix() if path.is_relative_to(home) else path.as_posix()
    seconds = f"{row.seconds:.3f}".rstrip("0").rstrip(".") if row.seconds else ""
    fold = "" if row.fold == NO_FOLD else str(row.fold)
    return [
        *(written, row.label.value, seconds, row.source, row.speaker, row.system, row.kind),
        *(row.language, row.licence, row.origin, row.clip_id, row.paired_with, fold),
        *(row.part, row.condition, row.sha256),
    ]


def _absolute(path: Path) -> Path:
    """Return a path from the root, by name: links stay, as a data set may lie behind them."""
    return Path(os.path.normpath(path.absolute()))
