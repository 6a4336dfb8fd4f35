"""Speaker recognition trees as Kaggle has them: one folder a speaker, and folders of noise beside.

Source: https://www.kaggle.com/datasets/kongaevans/speaker-recognition-dataset (speeches of
Benjamin Netanyahu, Jens Stoltenberg, Julia Gillard, Magaret Tarcher, Nelson Mandela), and others of
its shape. Licence: not stated. Size: five speakers with 1 500 seconds each, 16 kHz WAV cut to 1 s,
239 MB. Citation: none; used by the Keras example "Speaker Recognition".

Layout, as packed, and as the Keras example sorts it::

    16000_pcm_speeches/Nelson_Mandela/0.wav
    16000_pcm_speeches/_background_noise_/10convert.com_Audience-Claps_daSG5fwdA7o.wav
    16000_pcm_speeches/other/exercise_bike.wav

    audio/Nelson_Mandela/0.wav        noise/_background_noise_/...      noise/other/...

Labels: all speakers are genuine (old recordings, some from television). `noise`, `other` and every
folder whose name starts with `_` hold no speech and are left out. Neighbouring files are neighbouring
seconds of one speech.
"""

from collections.abc import Iterator
from pathlib import Path

from pipeline.vocabulary import Label
from training.datasets.layout import list_folders, not_found, walk_audio
from training.manifests import NO_FOLD, Utterance

NAME = "kaggle-speakers"
_NOISE = frozenset({"noise", "other", "background_noise"})


def load(folder: Path) -> Iterator[Utterance]:
    """Yield the speakers' files.

    Raises:
        SourceNotFoundError: there is no folder of a speaker with audio in it.
    """
    packed = folder / "16000_pcm_speeches"
    homes = (folder / "audio", packed / "audio", packed, folder)
    home = next((path for path in homes if path.is_dir()), folder)
    n_found = 0
    for speaker in list_folders(home) if home.is_dir() else ():
        if speaker.name.startswith("_") or speaker.name.lower() in _NOISE:
            continue
        for path in walk_audio(speaker):
            n_found += 1
            yield _row(path, speaker)
    if not n_found:
        raise not_found(folder, "speaker folders", "<speaker>/*.wav, or audio/<speaker>/*.wav")


def _row(path: Path, speaker: Path) -> Utterance:
    """Return one file's row."""
    place = path.relative_to(speaker.parent).with_suffix("").as_posix()
    return Utterance(
        path=path,
        label=Label.BONAFIDE,
        source=NAME,
        speaker=f"{NAME}:{speaker.name}",
        system="",
        kind="",
        language="",
        clip_id=f"{NAME}:{place}",
        paired_with="",
        fold=NO_FOLD,
        licence="not stated",
    )
