"""Blizzard Challenge: the entries of each year's synthesis challenge, and the natural speech.

Source: https://data.cstr.ed.ac.uk/blizzard/wavs_and_scores/, agreement at
https://www.cstr.ed.ac.uk/projects/blizzard/data.html. Licence: research only, not to be passed on.
Size: 2008 to 2013, 2016, 2019 and later, some hundred to thousand files a letter and year.
Citation: the year's summary, such as S. King, V. Karaiskos, "The Blizzard Challenge 2013".

Layout (one or more years side by side; what lies between letter and file differs by year)::

    blizzard_wavs_and_scores_2013_release_version_2/A/submission_directory/2013/EH1/.../x.wav
    blizzard_wavs_and_scores_2013_release_version_2/B/...

Labels: letter A is natural speech, every other letter one entry. A letter means a participant in
its own year only, so the system is `blizzard2013-b`; who it was is in the year's summary, and
entries of several years by one group are not joined. Natural speech and all entries have one
voice a task (EH1, MH2, ...): the speaker is year and task. Entries are unit selection, statistical
and neural synthesis alike: kind `tts`. MOS files and noise-mixed intelligibility tests (`sus`) are
audio as any other; scores are not read.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from training.datasets.layout import list_folders, not_found, walk_audio
from training.manifests import NO_FOLD, Utterance

NAME = "blizzard"
LICENCE = "Blizzard Challenge agreement, research only"
NATURAL = "A"
_YEAR = re.compile(r"(?:blizzard|bc)\D*(20\d\d)", re.IGNORECASE)
_TASK = re.compile(r"([EMIFSG])[HS]?\d(?:\.\d)?")  # EH1, MH2, IH1.3, ES1
_LANGUAGES = {"E": "en", "M": "zh", "F": "fr", "S": "es"}


def load(folder: Path) -> Iterator[Utterance]:
    """Yield the files of every year that is there.

    Raises:
        SourceNotFoundError: no folder is named as a year with letters in it.
        InputError: a year has no natural speech, so that its voice has no genuine side.
    """
    homes = [folder, *list_folders(folder)] if folder.is_dir() else []
    years = [(_YEAR.search(home.name), home) for home in homes]
    found = [(match.group(1), home) for match, home in years if match and _entries(home)]
    if not found:
        expected = "blizzard_wavs_and_scores_<year>_release_version_1/<letter>/**/*.wav"
        raise not_found(folder, "Blizzard Challenge", expected)
    for year, home in found:
        entries = _entries(home)
        if NATURAL not in {entry.name for entry in entries}:
            raise InputError(f"{home.name} has no folder A, the natural speech: unpack it whole")
        for entry in entries:
            for path in walk_audio(entry):
                yield _row(path, entry, year)


def _entries(home: Path) -> list[Path]:
    """Return the folders that are one capital letter, in the year's folder or below it."""
    level = [home]
    while level:
        entries = [p for at in level for p in list_folders(at) if re.fullmatch("[A-Z]", p.name)]
        if entries:
            return entries
        # 2012 was packed with eight folders above the letters; no year has more.
        level = [path for at in level for path in list_folders(at)]
        if len(level) > 1 and len(level[0].relative_to(home).parts) > 10:
            break
    return []


def _row(path: Path, entry: Path, year: str) -> Utterance:
    """Return one file's row."""
    folders = path.relative_to(entry).parts[:-1]
    match = next(filter(None, (_TASK.fullmatch(name) for name in folders)), None)
    task = match.group(0) if match else ""
    is_spoof = entry.name != NATURAL
    place = path.relative_to(entry.parent).with_suffix("").as_posix()
    return Utterance(
        path=path,
        label=Label.SPOOF if is_spoof else Label.BONAFIDE,
        source=NAME,
        speaker=f"{NAME}{year}:{task or 'voice'}",
        system=f"{NAME}{year}-{entry.name.lower()}" if is_spoof else "",
        kind="tts" if is_spoof else "",
        language=_LANGUAGES.get(match.group(1), "") if match else "",
        clip_id=f"{NAME}{year}:{place}",
        paired_with="",
        fold=NO_FOLD,
        licence=LICENCE,
        condition=task,
    )
