"""Common Voice: sentences read by volunteers in more than a hundred languages, genuine.

Source: https://commonvoice.mozilla.org/datasets. Licence: CC0 1.0; trying to find out who a speaker
is, is forbidden. Size: release 25 has 41 792 h, 28 377 h validated; MP3 at 32 or 48 kHz.
Citation: R. Ardila et al., "Common Voice: A Massively-Multilingual Speech Corpus", LREC 2020.

Layout (one language; several may lie side by side)::

    cv-corpus-25.0-2026-03-06/ko/validated.tsv      client_id, path, sentence, up_votes, ...
    cv-corpus-25.0-2026-03-06/ko/train.tsv          dev.tsv, test.tsv: subsets of validated
    cv-corpus-25.0-2026-03-06/ko/clip_durations.tsv clip, duration[ms]; not in old releases
    cv-corpus-25.0-2026-03-06/ko/clips/common_voice_ko_36800053.mp3

Labels: all genuine. Only validated clips are taken (two listeners agreed): `other` and
`invalidated` hold silence and jokes. Speaker = client_id, a hash that changes with the browser.
Parts train, dev, test (eval) share no speaker; most validated clips are in none (part "").
Everything is MP3: codec history that synthetic speech lacks. Sentences hold bare quotation marks.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from training.datasets.layout import (
    Listed,
    inside,
    list_folders,
    list_names,
    not_found,
    plain_name,
    read_table,
)
from training.manifests import NO_FOLD, Utterance

NAME = "common-voice"
LICENCE = "CC0-1.0"
_PARTS = {"train": "train", "dev": "dev", "test": "eval"}


def load(folder: Path) -> Iterator[Utterance]:
    """Yield the validated clips of every language that is there.

    Raises:
        SourceNotFoundError: there is no validated.tsv beside a folder `clips`, or no listed clip.
        InputError: a row of a table is malformed.
    """
    homes = [folder, *(list_folders(folder) if folder.is_dir() else ())]
    homes += [below for home in homes[1:] for below in list_folders(home)]
    languages = [home for home in homes if (home / "clips").is_dir() and _tables(home)]
    if not languages:
        raise not_found(folder, "Common Voice", "<language>/validated.tsv and <language>/clips/")
    for home in languages:
        yield from _load_language(home)


def _tables(home: Path) -> list[Path]:
    """Return the tables to read: validated.tsv, or where it was left away the three parts."""
    whole = home / "validated.tsv"
    parts = [home / f"{name}.tsv" for name in _PARTS]
    return [whole] if whole.is_file() else [path for path in parts if path.is_file()]


def _load_language(home: Path) -> Iterator[Utterance]:
    """Yield one language's clips."""
    parts = {
        line["path"]: part
        for name, part in _PARTS.items()
        if (home / f"{name}.tsv").is_file()
        for _, line in read_table(home / f"{name}.tsv", ("path",), "\t", quoted=False)
    }
    seconds = _read_seconds(home / "clip_durations.tsv")
    present = list_names(home / "clips")
    for table in _tables(home):
        listed = Listed(f"{home.name}/{table.name}")
        for place, line in read_table(table, ("client_id", "path"), "\t", quoted=False):
            name = plain_name(line["path"], place)
            name = name if name.endswith(".mp3") else f"{name}.mp3"  # release 1 had no suffix
            path = inside(home / "clips", name, place)
            if listed.has(path, present):
                yield _row(path, home, line, parts.get(line["path"], ""), seconds.get(name, 0.0))
        listed.close()


def _read_seconds(path: Path) -> dict[str, float]:
    """Return each clip's length, nothing where the release has no such table."""
    if not path.is_file():
        return {}
    lengths: dict[str, float] = {}
    for place, line in read_table(path, ("clip", "duration[ms]"), "\t", quoted=False):
        try:
            lengths[line["clip"]] = float(line["duration[ms]"]) / 1000
        except ValueError as error:
            raise InputError(f"{place}: {line['duration[ms]']!r} is no length in ms") from error
    return lengths


def _row(path: Path, home: Path, line: Mapping[str, str], part: str, seconds: float) -> Utterance:
    """Return one clip's row."""
    return Utterance(
        path=path,
        label=Label.BONAFIDE,
        source=NAME,
        speaker=f"{NAME}:{line['client_id']}",
        system="",
        kind="",
        language=line.get("locale", "") or home.name,
        clip_id=f"{NAME}:{path.stem}",
        paired_with="",
        fold=NO_FOLD,
        seconds=seconds,
        licence=LICENCE,
        part=part,
    )
