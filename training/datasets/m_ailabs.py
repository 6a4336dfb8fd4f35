"""M-AILABS: audiobooks in eight languages, the genuine side of MLAAD.

Source: https://github.com/imdatceleste/m-ailabs-dataset. Licence: its own, close to BSD-3
(LibriVox recordings are in the public domain). Size: 999 h, 16 kHz WAV, some 110 GB.
Citation: "The M-AILABS Speech Dataset", caito.de, 2019.

Layout::

    de_DE/by_book/female/eva_k/kleine_lord/wavs/kleine_lord_01_f000001.wav
    de_DE/by_book/mix/...                       several speakers, not named

Labels: all genuine. Speaker = the folder above the book; in `mix` nobody is named and the book
stands for its speakers. LibriVox books were MP3 before: codec history that synthetic speech lacks.
"""

from collections.abc import Iterator
from pathlib import Path

from pipeline.vocabulary import Label
from training.datasets.layout import list_folders, not_found, walk_audio
from training.manifests import NO_FOLD, Utterance

NAME = "m-ailabs"
LICENCE = "M-AILABS (BSD-3-Clause-like)"


def load(folder: Path) -> Iterator[Utterance]:
    """Yield the utterances of all languages in the folder.

    Raises:
        SourceNotFoundError: no language folder with `by_book` is there.
    """
    homes = [folder] if (folder / "by_book").is_dir() else []
    homes += (
        [home for home in list_folders(folder) if (home / "by_book").is_dir()]
        if (folder.is_dir())
        else []
    )
    if not homes:
        raise not_found(folder, "M-AILABS", "de_DE/by_book/<gender>/<speaker>/<book>/wavs/")
    for home in homes:
        for path in walk_audio(home / "by_book"):
            yield _row(path, home)


def _row(path: Path, home: Path) -> Utterance:
    """Return one file's row."""
    gender, *below = path.relative_to(home / "by_book").parts
    speaker = "/".join([gender, *below[:-1][:1]])
    return Utterance(
        path=path,
        label=Label.BONAFIDE,
        source=NAME,
        speaker=f"{NAME}:{home.name}/{speaker}",
        system="",
        kind="",
        language=home.name.partition("_")[0].lower(),
        clip_id=f"{NAME}:{home.name}/{path.relative_to(home).with_suffix('').as_posix()}",
        paired_with="",
        fold=NO_FOLD,
        licence=LICENCE,
        condition="audiobook",
    )
