"""Data sets: the loaders by name; each turns a folder on disk into rows of a manifest.

A loader is one file here: its docstring says where the data come from, under which licence, how
large they are, how they lie on disk and what their labels mean. Loaders walk lazily, read lists and
headers but no audio, and look for nothing outside the folder that they are given.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pipeline.errors import InputError, SourceNotFoundError
from training.datasets import (
    ai_hub,
    asvspoof_5,
    asvspoof_2019,
    blizzard,
    class_folders,
    common_voice,
    corpus,
    deep_voice,
    in_the_wild,
    kaggle_speakers,
    librispeech,
    m_ailabs,
    mlaad,
    nested_folders,
    timit,
)
from training.manifests import Utterance

Loader = Callable[[Path], Iterator[Utterance]]


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set that people have on disk."""

    load: Loader
    title: str  # for the list of names
    module: str  # whose docstring says the rest


def _one(load: Loader, title: str) -> DataSet:
    """Return a data set, its module found by its loader."""
    plain = getattr(load, "func", load)
    return DataSet(load, title, plain.__module__)


DATA_SETS: Mapping[str, DataSet] = MappingProxyType(
    {
        "corpus": _one(corpus.load, "our corpus, or any folder with a manifest.csv"),
        "deep-voice": _one(deep_voice.load, "DEEP-VOICE: eight figures, RVC conversion"),
        "asvspoof2019-la": _one(asvspoof_2019.load_logical, "ASVspoof 2019, logical access"),
        "asvspoof2019-pa": _one(asvspoof_2019.load_physical, "ASVspoof 2019, replayed speech"),
        "asvspoof5": _one(asvspoof_5.load, "ASVspoof 5, track 1"),
        "in-the-wild": _one(in_the_wild.load, "In-the-Wild: deepfakes of public figures"),
        "mlaad": _one(mlaad.load, "MLAAD, with M-AILABS beside it if it is there"),
        "m-ailabs": _one(m_ailabs.load, "M-AILABS audiobooks"),
        "librispeech": _one(librispeech.load, "LibriSpeech"),
        "timit": _one(timit.load, "TIMIT"),
        "common-voice": _one(common_voice.load, "Common Voice, validated clips"),
        "ai-hub": _one(ai_hub.load, "AI Hub Korean: KsponSpeech, JSON-labelled sets"),
        "blizzard": _one(blizzard.load, "Blizzard Challenge, letter A natural"),
        "class-folders": _one(class_folders.load, "a folder a class: real/, fake/"),
        "kaggle-speakers": _one(kaggle_speakers.load, "a folder a speaker, noise beside"),
        **{
            name: _one(load, f"folders in folders: {name.replace('-', '/')}/")
            for name, load in nested_folders.ORDERS.items()
        },
    }
)


def load_data_set(name: str, folder: Path) -> Iterator[Utterance]:
    """Yield a data set's rows as they are found.

    Raises:
        InputError: there is no loader of that name, two rows have one clip id, or the data set is
            damaged in a way that its loader names.
        SourceNotFoundError: the folder does not hold the data set, or holds none of its files.
    """
    if name not in DATA_SETS:
        raise InputError(f"there is no data set {name!r}; there are {', '.join(DATA_SETS)}")
    seen: dict[str, str] = {}  # clip id -> file name
    for row in DATA_SETS[name].load(folder):
        if row.clip_id in seen:
            raise InputError(
                f"{row.clip_id} stands twice, as {seen[row.clip_id]} and {row.path.name}: "
                "leave one of them away"
            )
        seen[row.clip_id] = row.path.name
        yield row
    if not seen:
        raise SourceNotFoundError(f"{folder} has the folders of {name}, and no audio in them")
