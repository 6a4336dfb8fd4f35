"""DEEP-VOICE: eight public figures, and each converted to the voices of the other seven.

Source: https://www.kaggle.com/datasets/birdy654/deep-voice-deepfake-voice-recognition.
Licence: MIT as Kaggle states it; the voices are other people's. Size: 64 WAV files of 79 to 600 s,
8 genuine and 56 converted, stereo at 40 to 48 kHz, 3.9 GB; and a table of 11 778 rows.
Citation: J. J. Bird, A. Lotfi, "Real-time Detection of AI-Generated Speech for DeepFake Voice
Conversion", arXiv:2308.12734, 2023.

Layout::

    KAGGLE/AUDIO/REAL/biden-original.wav        genuine
    KAGGLE/AUDIO/FAKE/biden-to-Obama.wav        Biden's recording in Obama's voice
    KAGGLE/DATASET-balanced.csv                 26 features and LABEL (FAKE or REAL) a second
    DEMONSTRATION/...                           cut demos, left out

Labels: `FAKE` is retrieval-based voice conversion (RVC), so each fake is paired with the genuine
recording whose words it has. Both classes have long files: cut them alike. The table has neither
speaker nor time, so a random split of it has every speaker on both sides (the paper's 99 %).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import InputError
from pipeline.vocabulary import FloatArray, Label
from training.datasets.layout import not_found, read_table, walk_audio
from training.manifests import NO_FOLD, Utterance

NAME = "deep-voice"
LICENCE = "MIT (as Kaggle states it)"
FEATURE_TABLE = "DATASET-balanced.csv"
FEATURES = (
    *("chroma_stft", "rms", "spectral_centroid", "spectral_bandwidth", "rolloff"),
    *("zero_crossing_rate", *(f"mfcc{number}" for number in range(1, 21))),
)
_LABELS = {"REAL": Label.BONAFIDE, "FAKE": Label.SPOOF}


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """The features of all seconds, as published."""

    names: tuple[str, ...]  # of the columns of `values`
    values: FloatArray  # float32 (n_seconds, 26)
    labels: tuple[Label, ...]  # one a second


def load(folder: Path) -> Iterator[Utterance]:
    """Yield the long recordings, one row a file.

    Raises:
        SourceNotFoundError: there is no folder REAL or FAKE.
    """
    homes = (folder / "KAGGLE" / "AUDIO", folder / "AUDIO", folder)
    audio = next((home for home in homes if all((home / name).is_dir() for name in _LABELS)), None)
    if audio is None:
        raise not_found(folder, "DEEP-VOICE", "KAGGLE/AUDIO/REAL/ and KAGGLE/AUDIO/FAKE/")
    originals = {_speaker_of(path): path for path in walk_audio(audio / "REAL")}
    for path in originals.values():
        yield _row(path, Label.BONAFIDE, _speaker_of(path), "")
    for path in walk_audio(audio / "FAKE"):
        spoken_by, _, voice = path.stem.lower().partition("-to-")
        original = originals.get(spoken_by) if voice else None
        yield _row(path, Label.SPOOF, voice or path.stem.lower(), _clip_id(original))


def read_features(path: Path) -> FeatureTable:
    """Return the published table of features, one row a second.

    Raises:
        SourceNotFoundError: there is no such file.
        InputError: a column is missing, or a value is no number or no label.
    """
    if not path.is_file():
        raise not_found(path.parent, "table of DEEP-VOICE", FEATURE_TABLE)
    values: list[list[float]] = []
    labels: list[Label] = []
    for place, row in read_table(path, (*FEATURES, "LABEL")):
        try:
            values.append([float(row[name]) for name in FEATURES])
            labels.append(_LABELS[row["LABEL"].strip().upper()])
        except ValueError as error:
            raise InputError(f"{place}: a feature is no number ({error})") from error
        except KeyError as error:
            raise InputError(f"{place}: LABEL {row['LABEL']!r} is neither REAL nor FAKE") from error
    table = np.array(values, dtype=np.float32).reshape(-1, len(FEATURES))
    if not np.isfinite(table).all():
        raise InputError(f"{path.name} has a feature that is not finite")
    return FeatureTable(FEATURES, table, tuple(labels))


def _row(path: Path, label: Label, speaker: str, paired_with: str) -> Utterance:
    """Return one file's row."""
    is_spoof = label is Label.SPOOF
    return Utterance(
        path=path,
        label=label,
        source=NAME,
        speaker=f"{NAME}:{speaker}",
        system="rvc" if is_spoof else "",
        kind="vc" if is_spoof else "",
        language="en",
        clip_id=_clip_id(path),
        paired_with=paired_with,
        fold=NO_FOLD,
        licence=LICENCE,
        origin="kaggle:birdy654/deep-voice-deepfake-voice-recognition",
    )


def _speaker_of(path: Path) -> str:
    """Return who speaks in a genuine file, such as `biden` for `biden-original.wav`."""
    return path.stem.lower().partition("-original")[0]


def _clip_id(path: Path | None) -> str:
    """Return a file's id, "" for none."""
    return f"{NAME}:{path.parent.name}/{path.stem}" if path else ""
