"""Manifests: one row an utterance, with what is needed to train on it and to split it.

Columns: path, label, and, as far as known, source, speaker, system, kind, language, seconds,
clip_id, paired_with, fold. A relative path is taken from the manifest's folder.
"""

import csv
import gzip
import io
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError, SourceNotFoundError
from pipeline.vocabulary import Label

NO_FOLD = -1  # the manifest has no folds


@dataclass(frozen=True, slots=True)
class Utterance:
    """One labelled recording."""

    path: Path
    label: Label
    source: str  # where genuine speech comes from; `made` or `demo` for spoof of our corpus
    speaker: str  # speaker id, or the demo page
    system: str  # the generator as the manifest names it; "" for genuine speech
    kind: str  # tts, vc, vocoder, codec, ...; "" for genuine speech
    language: str
    clip_id: str
    paired_with: str  # clip_id of the genuine utterance that this is a copy of, or ""
    fold: int

    @property
    def is_codec(self) -> bool:
        """Say whether this is genuine speech after a neural codec: a class of its own."""
        return self.kind == "codec"


def read_manifest(path: Path) -> tuple[Utterance, ...]:
    """Return the rows of a manifest, a CSV file, gzipped or not, in the file's order.

    Raises:
        SourceNotFoundError: there is no such file.
        InputError: a needed column is missing, or a label is none of ours.
    """
    if not path.is_file():
        raise SourceNotFoundError(f"there is no manifest {path}: name the corpus' manifest.csv")
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    missing = {"path", "label"} - set(reader.fieldnames or ())
    if missing:
        raise InputError(f"{path.name} has no column {', '.join(sorted(missing))}")
    return tuple(_to_utterance(row, path.parent) for row in reader)


def _to_utterance(row: dict[str, str], folder: Path) -> Utterance:
    """Return one row as a value."""
    try:
        label = Label(row["label"])
    except ValueError as error:
        raise InputError(
            f"{row['path']}: the label {row['label']!r} is neither bonafide nor spoof"
        ) from error
    return Utterance(
        path=folder / row["path"],
        label=label,
        source=row.get("source") or "",
        speaker=row.get("speaker") or "",
        system=row.get("system") or "",
        kind=row.get("kind") or "",
        language=row.get("language") or "",
        clip_id=row.get("clip_id") or row["path"],
        paired_with=row.get("paired_with") or "",
        fold=int(row.get("fold") or NO_FOLD),
    )
