"""A folder a class: any tree that says genuine or synthetic by the names of its folders.

Source, licence, size, citation: those of your data. Such trees are common: Fake-or-Real
(https://bil.eecs.yorku.ca/datasets/), WaveFake beside LJSpeech, Kaggle's many.

Layout (part and what lies below the class may be left away)::

    [training|validation|testing/]real/[<speaker>/]*.wav
    [training|validation|testing/]fake/[<system>/]*.wav

Labels: the class folder's name, one of `CLASSES`; a folder that is none of them is an error and not
left out, as half a data set is worse than none. A folder below a genuine class is a speaker, below
a synthetic one a system. Without them nobody knows who speaks or what generated: all synthetic
files are then one system, and each genuine file stands for itself.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from training.datasets.layout import list_folders, not_found, walk_audio
from training.manifests import NO_FOLD, Utterance

CLASSES: Mapping[str, Label] = MappingProxyType(
    {
        **dict.fromkeys(
            ("bonafide", "bona-fide", "bona_fide", "real", "genuine", "human", "natural"),
            Label.BONAFIDE,
        ),
        **dict.fromkeys(
            ("spoof", "fake", "synthetic", "deepfake", "generated", "ai", "tts", "vc"),
            Label.SPOOF,
        ),
    }
)
PARTS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("train", "training"), "train"),
        **dict.fromkeys(("dev", "val", "valid", "validation", "development"), "dev"),
        **dict.fromkeys(("test", "testing", "eval", "evaluation"), "eval"),
    }
)


def load(folder: Path) -> Iterator[Utterance]:
    """Yield the files of every class, part by part.

    Raises:
        SourceNotFoundError: no folder is named as a class, or one class is missing altogether.
        InputError: a folder beside the classes is none.
    """
    tops = list_folders(folder) if folder.is_dir() else []
    parts = [(PARTS[top.name.lower()], top) for top in tops if top.name.lower() in PARTS]
    homes = parts or [("", folder)]
    found = {
        CLASSES[at.name.lower()]
        for _, home in homes
        for at in (list_folders(home) if tops else ())
        if at.name.lower() in CLASSES
    }
    if found != set(Label):
        expected = f"a folder for each class, such as real/ and fake/ ({', '.join(CLASSES)})"
        raise not_found(folder, "tree of two classes", expected)
    if parts and len(parts) < len(tops):
        others = [top.name for top in tops if top.name.lower() not in PARTS]
        raise InputError(f"{', '.join(others)} beside {parts[0][1].name}/ is no part: move it away")
    for part, home in homes:
        yield from _load_part(folder, home, part)


def _load_part(folder: Path, home: Path, part: str) -> Iterator[Utterance]:
    """Yield the files of one part."""
    for at in list_folders(home):
        label = CLASSES.get(at.name.lower())
        if label is None:
            raise InputError(
                f"the folder {at.name} is no class: name it as one of {', '.join(CLASSES)}, "
                "or move it away"
            )
        for path in walk_audio(at):
            yield _row(path, at, folder, label, part)


def _row(path: Path, at: Path, folder: Path, label: Label, part: str) -> Utterance:
    """Return one file's row."""
    below = path.relative_to(at).parts[:-1]
    source = folder.resolve().name
    is_spoof = label is Label.SPOOF
    is_kind = is_spoof and at.name.lower() in ("tts", "vc")
    return Utterance(
        path=path,
        label=label,
        source=source,
        speaker="" if is_spoof or not below else f"{source}:{below[0]}",
        system=(below[0].lower() if below else f"{source}-unknown") if is_spoof else "",
        kind=(at.name.lower() if is_kind else "unknown") if is_spoof else "",
        language="",
        clip_id=f"{source}:{path.relative_to(folder).as_posix()}",
        paired_with="",
        fold=NO_FOLD,
        part=part,
    )
