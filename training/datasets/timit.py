"""TIMIT: read American English of 630 speakers in eight dialect regions, genuine.

Source: https://catalog.ldc.upenn.edu/LDC93S1. Licence: LDC's, not free. Size: 6 300 utterances,
5.4 h, 16 kHz, 600 MB. Citation: J. S. Garofolo et al., "TIMIT Acoustic-Phonetic Continuous Speech
Corpus", LDC93S1, 1993.

Layout (also `timit/`, `data/`, `TIMIT/` above, and in lower case)::

    TRAIN/DR1/FCJF0/SA1.WAV         NIST SPHERE, which soundfile reads; not RIFF
    TRAIN/DR1/FCJF0/SA1.WAV.wav     RIFF copy that some mirrors have beside it: taken instead
    TRAIN/DR1/FCJF0/SA1.PHN         and .TXT, .WRD: left out

Labels: all genuine. Speaker = folder (F or M, initials, digit). SA1 and SA2 are the same two
sentences from everybody. Parts TRAIN and TEST (eval) share no speaker. Studio, 1993, never lossy.
"""

from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from training.datasets.layout import list_folders, not_found, walk_audio
from training.manifests import NO_FOLD, Utterance

NAME = "timit"
LICENCE = "LDC user agreement (LDC93S1)"
_PARTS = {"train": "train", "test": "eval"}
_MAGIC = b"NIST_1A"
_HEADER_BYTES = 1024  # of every SPHERE file of TIMIT; line 2 of the header says so


def load(folder: Path) -> Iterator[Utterance]:
    """Yield the utterances of TRAIN and TEST, with their seconds where the header is SPHERE.

    Raises:
        SourceNotFoundError: neither part is there.
        InputError: a file lies elsewhere than in part, region and speaker, or its header is bad.
    """
    home = _find_home(folder)
    if home is None:
        raise not_found(folder, "TIMIT", "TRAIN/DR1/<speaker>/SA1.WAV, TEST/...")
    for part in list_folders(home):
        if part.name.lower() not in _PARTS:
            continue
        for path in walk_audio(part, frozenset({".wav"})):
            if not path.with_name(path.name + ".wav").is_file():
                yield _row(path, part)


def read_sphere_seconds(path: Path) -> float | None:
    """Return the length that a NIST SPHERE header states, None for another kind of file.

    Raises:
        InputError: the header has no count or rate, or the samples are shortened (`shorten`),
            which has to be undone with `sph2pipe` first.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if not header.startswith(_MAGIC):
        return None
    fields: dict[str, str] = {}
    for line in header.decode("ascii", "replace").splitlines():
        name, _, rest = line.strip().partition(" ")
        if name == "end_head":
            break
        fields[name] = rest.partition(" ")[2]
    if "shorten" in fields.get("sample_coding", ""):
        raise InputError(f"{path.name} is a shortened SPHERE file: run sph2pipe on it first")
    count, rate = fields.get("sample_count", ""), fields.get("sample_rate", "")
    if not (count.isdigit() and rate.isdigit() and int(rate)):
        raise InputError(f"{path.name}: the SPHERE header has no sample_count and sample_rate")
    return int(count) / int(rate)


def _find_home(folder: Path) -> Path | None:
    """Return the folder that has the parts, at most two below."""
    level = [folder] if folder.is_dir() else []
    for _ in range(3):
        for home in level:
            if any(path.name.lower() in _PARTS for path in list_folders(home)):
                return home
        level = [
            path
            for home in level
            for path in list_folders(home)
            if path.name.lower() in ("timit", "data")
        ]
    return None


def _row(path: Path, part: Path) -> Utterance:
    """Return one file's row."""
    place = path.relative_to(part.parent).as_posix()
    folders = path.relative_to(part).parts[:-1]
    if len(folders) != 2 or not folders[0].lower().startswith("dr"):
        raise InputError(f"{place}: expected {part.name}/DR<1-8>/<speaker>/<sentence>.WAV")
    region, speaker = (name.upper() for name in folders)
    sentence = path.name.upper().partition(".")[0]
    return Utterance(
        path=path,
        label=Label.BONAFIDE,
        source=NAME,
        speaker=f"{NAME}:{speaker}",
        system="",
        kind="",
        language="en",
        clip_id=f"{NAME}:{part.name.upper()}/{region}/{speaker}/{sentence}",
        paired_with="",
        fold=NO_FOLD,
        seconds=read_sphere_seconds(path) or 0.0,
        licence=LICENCE,
        part=_PARTS[part.name.lower()],
        condition=region,
    )
