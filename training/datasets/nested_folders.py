"""Noise, speaker and class as folders within folders, in an order that the name states.

Source, licence, size, citation: those of your data; speakers recorded in several noises, each once
genuine and once synthetic, are commonly kept so.

Layout, here for `noise-speaker-class` (five other orders have their own names)::

    babble/anna/real/001.wav
    babble/anna/fake/001.wav        deeper folders belong to the last level's name

Labels: the class level's name, one of `class_folders.CLASSES`. The speaker level is the voice, also
of synthetic files; the noise level becomes `condition`. All synthetic files are one unknown system.
"""

from collections.abc import Iterator
from functools import partial
from itertools import permutations
from pathlib import Path
from types import MappingProxyType

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from training.datasets.class_folders import CLASSES
from training.datasets.layout import not_found, walk_audio
from training.manifests import NO_FOLD, Utterance

LEVELS = ("noise", "speaker", "class")


def load_nested(folder: Path, order: tuple[str, ...]) -> Iterator[Utterance]:
    """Yield the files of the tree.

    Args:
        folder: the tree.
        order: what the folders are, from the outermost; a permutation of `LEVELS`.

    Raises:
        SourceNotFoundError: no file lies three folders deep.
        InputError: a file lies less deep, or the class level has an unknown name: then the order
            is likely another.
    """
    n_found = 0
    for path in walk_audio(folder) if folder.is_dir() else ():
        names = path.relative_to(folder).parts[:-1]
        place = path.relative_to(folder).as_posix()
        if len(names) < len(order):
            raise InputError(f"{place} does not lie in {'/'.join(order)}/ folders")
        level = dict(zip(order, names, strict=False))
        if level["class"].lower() not in CLASSES:
            raise InputError(
                f"{place}: {level['class']!r} is no class ({', '.join(CLASSES)}); "
                f"is the order another than {'/'.join(order)}?"
            )
        n_found += 1
        yield _row(path, folder, level)
    if not n_found:
        raise not_found(folder, "tree of noise, speaker and class", f"{'/'.join(order)}/*.wav")


# The six orders by the names that the registry shows: `noise-speaker-class` and so on.
ORDERS = MappingProxyType(
    {"-".join(order): partial(load_nested, order=order) for order in permutations(LEVELS)}
)


def _row(path: Path, folder: Path, level: dict[str, str]) -> Utterance:
    """Return one file's row."""
    source = folder.resolve().name
    label = CLASSES[level["class"].lower()]
    is_spoof = label is Label.SPOOF
    return Utterance(
        path=path,
        label=label,
        source=source,
        speaker=f"{source}:{level['speaker']}",
        system=f"{source}-unknown" if is_spoof else "",
        kind="unknown" if is_spoof else "",
        language="",
        clip_id=f"{source}:{path.relative_to(folder).as_posix()}",
        paired_with="",
        fold=NO_FOLD,
        condition=level["noise"],
    )
