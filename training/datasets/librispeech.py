"""LibriSpeech: read English audiobooks of 2 484 speakers, genuine.

Source: https://www.openslr.org/12. Licence: CC-BY 4.0. Size: 292 367 utterances, 982 h, 16 kHz
FLAC, 60 GB. Citation: V. Panayotov et al., "Librispeech: an ASR corpus based on public domain
audio books", ICASSP 2015.

Layout::

    LibriSpeech/SPEAKERS.TXT                    ID | SEX | SUBSET | MINUTES | NAME, ; = comment
    LibriSpeech/dev-clean/84/121123/84-121123-0000.flac

Labels: all genuine. Speaker ids are LibriVox readers', the same in LibriTTS and in our corpus, and
are named alike (`librispeech:84`). All of it was MP3 once: codec history that synthetic speech
lacks. Parts by subset: train-*, dev-*, test-* (eval); they share no speaker.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from training.datasets.layout import list_folders, not_found, walk_audio
from training.manifests import NO_FOLD, Utterance

NAME = "librispeech"
LICENCE = "CC-BY-4.0"
_PARTS = {"train": "train", "dev": "dev", "test": "eval"}
_UTTERANCE = re.compile(r"(\d+)-(\d+)-\d+")  # reader, chapter, number


def load(folder: Path) -> Iterator[Utterance]:
    """Yield the utterances of every subset that is there.

    Raises:
        SourceNotFoundError: no subset folder is there.
        InputError: a file lies in a folder of another reader, or of none in SPEAKERS.TXT.
    """
    homes = (folder, folder / "LibriSpeech")
    home = next((path for path in homes if path.is_dir() and _subsets(path)), None)
    if home is None:
        raise not_found(folder, "LibriSpeech", "LibriSpeech/<train|dev|test>-*/<reader>/<chapter>/")
    known = read_speakers(home / "SPEAKERS.TXT") if (home / "SPEAKERS.TXT").is_file() else {}
    for subset in _subsets(home):
        for path in walk_audio(subset, frozenset({".flac"})):
            yield _row(path, subset, known)


def read_speakers(path: Path) -> dict[str, str]:
    """Return each reader's subset, from SPEAKERS.TXT.

    Raises:
        InputError: a line has fewer than five columns.
    """
    subsets: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip() or line.startswith(";"):
            continue
        columns = [column.strip() for column in line.split("|", 4)]
        if len(columns) < 5 or not columns[0].isdigit():
            raise InputError(f"{path.name}, line {number}: not ID | SEX | SUBSET | MINUTES | NAME")
        subsets[columns[0]] = columns[2]
    return subsets


def _subsets(home: Path) -> list[Path]:
    """Return the folders that are named as subsets."""
    return [path for path in list_folders(home) if path.name.partition("-")[0] in _PARTS]


def _row(path: Path, subset: Path, known: dict[str, str]) -> Utterance:
    """Return one file's row."""
    match = _UTTERANCE.fullmatch(path.stem)
    place = path.relative_to(subset.parent).as_posix()
    if match is None or path.relative_to(subset).parts[:-1] != match.groups():
        raise InputError(f"{place}: expected {subset.name}/<reader>/<chapter>/<both>-<number>.flac")
    reader = match.group(1)
    if known and reader not in known:
        raise InputError(f"{place}: the reader {reader} is not in SPEAKERS.TXT")
    return Utterance(
        path=path,
        label=Label.BONAFIDE,
        source=NAME,
        speaker=f"{NAME}:{reader}",
        system="",
        kind="",
        language="en",
        clip_id=f"{NAME}:{path.stem}",
        paired_with="",
        fold=NO_FOLD,
        licence=LICENCE,
        part=_PARTS[subset.name.partition("-")[0]],
        condition=subset.name,
    )
