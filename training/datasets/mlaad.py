"""MLAAD: speech synthesis in dozens of languages by more than a hundred models.

Source: https://deepfake-total.com/mlaad. Licence: CC-BY-NC 4.0. Size: version 5 has 378 h by 82
models in 38 languages, some 100 GB of WAV; it grows. Citation: N. M. Müller et al., "MLAAD: The
Multi-Language Audio Anti-Spoofing Dataset", IJCNN 2024, arXiv:2401.09512.

Layout (columns of meta.csv with | between: path, original_file, language, is_original_language,
duration, training_data, model_name, architecture, transcript)::

    fake/de/tts_models_de_thorsten_vits/meta.csv
    fake/de/tts_models_de_thorsten_vits/kleine_lord_01_f000001.wav
    M-AILABS/de_DE/by_book/...      optional: the genuine side (see m_ailabs.py)

Labels: all of `fake` is speech synthesis. The system is the architecture where meta.csv has it (one
VITS is one generator whatever it was trained on), else the model's folder; the voice is the model.
A folder without meta.csv is walked. Each text is that of an M-AILABS file (`condition` names it).
"""

from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from training.datasets import m_ailabs
from training.datasets.layout import (
    Listed,
    inside,
    list_folders,
    not_found,
    read_table,
    walk_audio,
)
from training.manifests import NO_FOLD, Utterance

NAME = "mlaad"
LICENCE = "CC-BY-NC-4.0"


def load(folder: Path) -> Iterator[Utterance]:
    """Yield the synthetic utterances, then the genuine ones if M-AILABS lies beside them.

    Raises:
        SourceNotFoundError: there is no folder `fake` with languages and models in it.
        InputError: a meta.csv is malformed.
    """
    fake = folder if folder.name == "fake" and folder.is_dir() else folder / "fake"
    models = [
        model
        for language in (list_folders(fake) if fake.is_dir() else ())
        for model in list_folders(language)
    ]
    if not models:
        raise not_found(folder, "MLAAD", "fake/<language>/<model>/meta.csv and WAV files")
    for model in models:
        yield from _load_model(model)
    genuine = fake.parent / "M-AILABS"
    if genuine.is_dir():
        yield from m_ailabs.load(genuine)


def _load_model(model: Path) -> Iterator[Utterance]:
    """Yield one model's utterances."""
    meta = model / "meta.csv"
    if not meta.is_file():
        for path in walk_audio(model):
            yield _row(path, model, {})
        return
    listed = Listed(f"{model.parent.name}/{model.name}/meta.csv")
    for place, line in read_table(meta, ("path",), "|", quoted=False):
        # Written from the data set's root (./fake/de/...): only the name counts, its place is here.
        path = model / inside(Path(), line["path"], place).name
        if listed.has(path):
            yield _row(path, model, line, place)
    listed.close()


def _row(path: Path, model: Path, line: dict[str, str], place: str = "") -> Utterance:
    """Return one file's row."""
    system = line.get("architecture", "").strip() or model.name
    try:
        seconds = float(line.get("duration") or 0)
    except ValueError as error:
        raise InputError(f"{place}: the duration {line['duration']!r} is no number") from error
    return Utterance(
        path=path,
        label=Label.SPOOF,
        source=NAME,
        speaker=f"{NAME}:{model.parent.name}/{model.name}",
        system=system.lower().replace(" ", "-"),
        kind="tts",
        language=model.parent.name,
        clip_id=f"{NAME}:{model.parent.name}/{model.name}/{path.stem}",
        paired_with="",
        fold=NO_FOLD,
        seconds=seconds,
        licence=LICENCE,
        origin=line.get("model_name", "").strip(),
        condition=line.get("original_file", "").strip(),
    )
