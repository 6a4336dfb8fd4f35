"""AI Hub Korean: KsponSpeech, and the sets that have a JSON label beside each recording; genuine.

Source: https://aihub.or.kr (KsponSpeech: dataSetSn=123; free conversation: 109 and others).
Licence: AI Hub's terms: for residents of Korea, not to be passed on. Size: KsponSpeech 969 h of
about 2 000 speakers, 622 545 files; the others up to some thousand hours.
Citation: J.-U. Bang et al., "KsponSpeech: Korean Spontaneous Speech Corpus for Automatic Speech
Recognition", Applied Sciences 10(19):6936, 2020.

Layouts::

    KsponSpeech_01/KsponSpeech_0001/KsponSpeech_000001.pcm     16 kHz 16-bit mono, no header
    KsponSpeech_eval/eval_clean/KsponSpeech_E00001.pcm         eval_other/ too
    KsponSpeech_scripts/train.trn   dev.trn  eval_clean.trn    path :: text

    Training/[원천]1.AI챗봇/.../x.wav     Training/[라벨]1.AI챗봇/.../x.json     Validation/...

A label's words for the speaker differ by set: 녹음자정보.recorderId with 발화정보.fileNm (free
conversation), 화자정보.SpeakerName with 파일정보.FileName (commands), 기본정보.NumberOfSpeaker
(older ones), dataSet.typeInfo.speakers (dialogues). A label is joined to the recording of its name.

Labels: all genuine. KsponSpeech does not say who speaks; its folders of 1 000 files in the order of
recording stand for speakers (neighbours are one dialogue), so folds split folders, not people.
Headerless `.pcm` has to be turned into WAV or FLAC before training (`ffmpeg -f s16le -ar 16000`).
"""

import json
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from training.datasets.layout import AUDIO_SUFFIXES, not_found, walk_audio
from training.manifests import NO_FOLD, Utterance

NAME = "ai-hub"
LICENCE = "AI Hub terms of use"
_PCM_BYTES_A_SECOND = 32_000  # 16 kHz, 16 bit, mono
_SUFFIXES = AUDIO_SUFFIXES | {".pcm"}
_FILE_KEYS = (("발화정보", "fileNm"), ("파일정보", "FileName"), ("음성정보", "FileName"))
_SPEAKER_KEYS = (
    ("녹음자정보", "recorderId"),
    ("화자정보", "SpeakerName"),
    ("화자정보", "speakerId"),
    ("기본정보", "NumberOfSpeaker"),
    ("dataSet", "typeInfo", "speakers", "id"),
    ("speaker", "id"),
)
_PARTS = {"training": "train", "train": "train", "validation": "dev", "test": "eval"}


def load(folder: Path) -> Iterator[Utterance]:
    """Yield KsponSpeech's recordings, then those that have a JSON label.

    Raises:
        SourceNotFoundError: there is neither.
        InputError: a label is not JSON, or does not say who speaks.
    """
    n_found = 0
    for row in _rows(folder) if folder.is_dir() else ():
        n_found += 1
        yield row
    if not n_found:
        expected = "KsponSpeech_01/KsponSpeech_0001/*.pcm, or x.wav with x.json"
        raise not_found(folder, "Korean speech of AI Hub", expected)


def _rows(folder: Path) -> Iterator[Utterance]:
    """Yield all rows."""
    labels = {path.stem: path for path in walk_audio(folder, frozenset({".json"}))}
    by_name = {_name_of(path): path for path in labels.values()}
    for path in walk_audio(folder, _SUFFIXES):
        if path.stem.startswith("KsponSpeech_"):
            yield _kspon_row(path)
        elif label := labels.get(path.stem) or by_name.get(path.stem):
            yield _labelled_row(path, label, folder)


def _kspon_row(path: Path) -> Utterance:
    """Return the row of one recording of KsponSpeech."""
    is_eval = path.parent.name.startswith("eval_")
    is_raw = path.suffix.lower() == ".pcm"
    return _row(
        path,
        speaker=f"kspon:{path.parent.name}",
        clip_id=f"{NAME}:{path.stem}",
        seconds=path.stat().st_size / _PCM_BYTES_A_SECOND if is_raw else 0.0,
        part="eval" if is_eval else "train",
    )


def _labelled_row(path: Path, label: Path, folder: Path) -> Utterance:
    """Return the row of a recording with a label."""
    speaker = next(filter(None, (_look_up(_read(label), keys) for keys in _SPEAKER_KEYS)), "")
    if not speaker:
        wanted = ", ".join(".".join(keys) for keys in _SPEAKER_KEYS)
        raise InputError(f"{label.name} does not say who speaks; looked for {wanted}")
    place = path.relative_to(folder)
    parts = [_PARTS[name.lower()] for name in place.parts if name.lower() in _PARTS]
    return _row(
        path,
        speaker=speaker,
        clip_id=f"{NAME}:{place.with_suffix('').as_posix()}",
        seconds=0.0,
        part=parts[0] if parts else "",
    )


def _row(path: Path, *, speaker: str, clip_id: str, seconds: float, part: str) -> Utterance:
    """Return a row of Korean speech."""
    return Utterance(
        path=path,
        label=Label.BONAFIDE,
        source=NAME,
        speaker=f"{NAME}:{speaker}",
        system="",
        kind="",
        language="ko",
        clip_id=clip_id,
        paired_with="",
        fold=NO_FOLD,
        seconds=seconds,
        licence=LICENCE,
        part=part,
    )


def _read(label: Path) -> object:
    """Return a label's content."""
    try:
        content: object = json.loads(label.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{label.name} is not JSON: unpack it again ({error})") from error
    return content


def _name_of(label: Path) -> str:
    """Return the name of the recording that a label states, without its suffix."""
    content = _read(label)
    name = next(filter(None, (_look_up(content, keys) for keys in _FILE_KEYS)), label.stem)
    return name.replace("\\", "/").rpartition("/")[2].partition(".")[0]


def _look_up(content: object, keys: tuple[str, ...]) -> str:
    """Return the text under nested keys, of lists the first item; "" where there is none."""
    for key in keys:
        while isinstance(content, list):
            content = content[0] if content else None
        content = content.get(key) if isinstance(content, dict) else None
    return str(content).strip() if isinstance(content, str | int) else ""
