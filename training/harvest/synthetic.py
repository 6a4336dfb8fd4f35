"""Synthetic: what the engines say, to clips and their rows."""

import hashlib
import itertools
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.errors import MediaCorruptError
from pipeline.vocabulary import FloatArray, Label
from training.harvest.catalogue import SyntheticSystem
from training.harvest.cutting import SAMPLE_RATE, cut
from training.harvest.engines import Voice, Workshop, speak
from training.harvest.genuine import write_clip
from training.harvest.rows import HarvestRow

TEXTS = Path(__file__).with_name("texts.toml")


def read_texts(path: Path = TEXTS) -> dict[str, tuple[str, ...]]:
    """Return sentences by language."""
    return {
        language: tuple(lines)
        for language, lines in tomllib.loads(path.read_text(encoding="utf-8")).items()
    }


def harvest_synthetic(
    system: SyntheticSystem, workshop: Workshop, folder: Path
) -> Iterator[HarvestRow]:
    """Write the clips of a system under `folder` and yield their rows.

    A voice that cannot be had raises what its engine raises; one sentence that fails is left out.

    Args:
        system: what to speak with.
        workshop: where the engines lie.
        folder: the harvest's folder, which the rows' paths are relative to.
    """
    texts = read_texts()
    for voice in system.voices:
        made = _clips_of(system, voice, workshop, texts[voice.language])
        for samples, name in itertools.islice(made, system.per_voice):
            clip_id = f"{system.system}_{hashlib.sha256(name.encode()).hexdigest()[:12]}"
            path = Path("spoof") / system.system / f"{clip_id}.flac"
            write_clip(folder / path, samples)
            yield HarvestRow(
                path=path.as_posix(),
                label=Label.SPOOF.value,
                seconds=round(len(samples) / SAMPLE_RATE, 2),
                source="harvest",
                speaker=speaker_of(system, voice),
                system=system.system,
                kind=system.kind,
                language=voice.language,
                licence=system.licence,
                origin=system.package.origin,
                clip_id=clip_id,
                paired_with="",
                fold=system.fold,
            )


def speaker_of(system: SyntheticSystem, voice: Voice) -> str:
    """Return what the manifest calls a voice."""
    return f"{system.system}:{voice.name}"


def _clips_of(
    system: SyntheticSystem, voice: Voice, workshop: Workshop, texts: tuple[str, ...]
) -> Iterator[tuple[FloatArray, str]]:
    """Yield one voice's clips and their names, the sentences in an order of its own."""
    seed = int.from_bytes(hashlib.sha256(voice.name.encode()).digest()[:4], "big")
    for number in np.random.default_rng(seed).permutation(len(texts)):
        try:
            samples = speak(system.engine, workshop, voice, texts[number])
        except MediaCorruptError:
            continue
        for piece_number, piece in enumerate(cut(samples)):
            yield piece, f"{system.system}/{voice.name}/{number}#{piece_number}"
