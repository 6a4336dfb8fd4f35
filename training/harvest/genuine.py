"""Genuine: human recordings of a package to clips and their rows."""

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile

from pipeline.errors import MediaCorruptError
from pipeline.vocabulary import FloatArray, Label
from training.harvest.archives import Recording, list_files, list_queen, list_sky
from training.harvest.catalogue import GenuineSource
from training.harvest.cutting import LAW, SAMPLE_RATE, CuttingLaw, cut, join
from training.harvest.rows import HarvestRow

SEED = 20_261_121
JOINED_LAW = CuttingLaw(least_voice_s=0.15)  # single letters and cries, joined afterwards


def harvest_genuine(source: GenuineSource, unpacked: Path, folder: Path) -> Iterator[HarvestRow]:
    """Write the clips of a source under `folder` and yield their rows.

    Args:
        source: what to take.
        unpacked: the package's content.
        folder: the harvest's folder, which the rows' paths are relative to.
    """
    made = itertools.islice(_unlike(_pieces(source, unpacked)), source.per_source)
    for speaker, language, samples, name in made:
        clip_id = f"{source.source}_{hashlib.sha256(name.encode()).hexdigest()[:12]}"
        path = Path("bonafide") / source.source / f"{clip_id}.flac"
        write_clip(folder / path, samples)
        yield HarvestRow(
            path=path.as_posix(),
            label=Label.BONAFIDE.value,
            seconds=round(len(samples) / SAMPLE_RATE, 2),
            source=source.source,
            speaker=speaker,
            system="",
            kind="",
            language=language,
            licence=source.licence,
            origin=source.package.origin,
            clip_id=clip_id,
            paired_with="",
            fold=source.fold,
        )


def write_clip(path: Path, samples: FloatArray) -> None:
    """Write 16-bit FLAC at 16 kHz; what is louder than full scale is turned down, not clipped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    peak = float(np.max(np.abs(samples), initial=0.0))
    scaled = samples * (0.999 / peak) if peak > 0.999 else samples
    soundfile.write(path, scaled, SAMPLE_RATE, subtype="PCM_16")


def list_recordings(source: GenuineSource, unpacked: Path) -> Iterator[Recording]:
    """Yield the recordings of a source, undecoded."""
    if source.archive == "files":
        yield from list_files(unpacked, source.files, source.raw_rate)
        return
    if source.archive == "queen":
        found = list_queen(next(unpacked.rglob("queen.1c")))
    else:
        found = list_sky(next(unpacked.rglob("sky.dsk")).parent)
    yield from (recording for recording in found if source.files.fullmatch(recording.name))


def _pieces(source: GenuineSource, unpacked: Path) -> Iterator[tuple[str, str, FloatArray, str]]:
    """Yield speaker, language, samples and name of each clip, speakers in turn.

    Recordings are taken in an order drawn by lot, decoded only until a speaker has its share.
    """
    random = np.random.default_rng(SEED)
    by_speaker: dict[str, list[Recording]] = defaultdict(list)
    languages: dict[str, str] = {}
    for recording in list_recordings(source, unpacked):
        match = source.files.fullmatch(recording.name)
        groups = {name: value or "" for name, value in match.groupdict().items()} if match else {}
        speaker = source.speaker.format(**groups)
        languages[speaker] = source.language or groups.get("language", "")
        by_speaker[speaker].append(recording)
    clips = {
        speaker: _clips_of(source, [recordings[k] for k in random.permutation(len(recordings))])
        for speaker, recordings in by_speaker.items()
    }
    for _ in range(source.per_speaker):
        for speaker, made in clips.items():
            clip = next(made, None)
            if clip is not None:
                yield speaker, languages[speaker], *clip


def _unlike(
    clips: Iterable[tuple[str, str, FloatArray, str]],
) -> Iterator[tuple[str, str, FloatArray, str]]:
    """Yield the clips but for those whose samples came before: packages hold copies."""
    seen: set[bytes] = set()
    for clip in clips:
        digest = hashlib.sha256(clip[2].tobytes()).digest()
        if digest not in seen:
            seen.add(digest)
            yield clip


def _clips_of(
    source: GenuineSource, recordings: list[Recording]
) -> Iterator[tuple[FloatArray, str]]:
    """Yield one speaker's clips and their names."""
    waiting: list[FloatArray] = []
    for recording in recordings:
        try:
            samples = recording.samples()
        except MediaCorruptError:
            continue
        law = JOINED_LAW if source.joined_s else LAW
        for number, piece in enumerate(cut(samples, law)):
            name = f"{source.package.origin}/{recording.name}#{number}"
            if not source.joined_s:
                yield piece, name
                continue
            waiting.append(piece)
            if sum(map(len, waiting)) >= source.joined_s * SAMPLE_RATE:
                yield join(waiting, source.joined_s), name
                waiting.clear()
