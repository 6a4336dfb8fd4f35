"""In-the-Wild: real deepfakes of 54 English-speaking public figures, and real speech of them.

Source: https://deepfake-total.com/in_the_wild. Licence: Apache-2.0 as published; the voices are
other people's. Size: 31 779 utterances, 17.2 h genuine and 20.7 h fake, 16 kHz WAV, 7.6 GB.
Citation: N. M. Müller et al., "Does Audio Deepfake Detection Generalize?", Interspeech 2022,
arXiv:2203.16263.

Layout::

    release_in_the_wild/meta.csv        file,speaker,label
    release_in_the_wild/0.wav           0.wav,Alec Guinness,spoof

Labels: `bona-fide` (in copies also `bonafide`) or `spoof`. Nothing says how a fake was made: all of
them have the one system `in-the-wild-unknown`, so that no split pretends to part generators that
nobody knows. Use it whole, as a test.
"""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from pipeline.vocabulary import Label
from training.datasets.layout import Listed, inside, not_found, pick, read_table
from training.manifests import NO_FOLD, Utterance

NAME = "in-the-wild"
LICENCE = "Apache-2.0"
LABELS = MappingProxyType({"bona-fide": "bonafide", "bonafide": "bonafide", "spoof": "spoof"})


def load(folder: Path) -> Iterator[Utterance]:
    """Yield the utterances of meta.csv whose files are there.

    Raises:
        SourceNotFoundError: there is no meta.csv, or none of its files.
        InputError: a row is malformed or has an unknown label.
    """
    homes = (folder, folder / "release_in_the_wild")
    home = next((path for path in homes if (path / "meta.csv").is_file()), None)
    if home is None:
        raise not_found(folder, "In-the-Wild", "release_in_the_wild/meta.csv beside the WAV files")
    listed = Listed("meta.csv")
    for place, line in read_table(home / "meta.csv", ("file", "speaker", "label")):
        label = Label(pick(LABELS, line["label"].strip().lower(), place))
        is_spoof = label is Label.SPOOF
        path = inside(home, line["file"], place)
        if not listed.has(path):
            continue
        yield Utterance(
            path=path,
            label=label,
            source=NAME,
            speaker=f"{NAME}:{line['speaker'].strip()}",
            system=f"{NAME}-unknown" if is_spoof else "",
            kind="unknown" if is_spoof else "",
            language="en",
            clip_id=f"{NAME}:{path.relative_to(home).with_suffix('').as_posix()}",
            paired_with="",
            fold=NO_FOLD,
            licence=LICENCE,
        )
    listed.close()
