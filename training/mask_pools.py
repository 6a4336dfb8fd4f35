"""Long rows of sound to draw mixtures from: speech of the corpus, music; each also as codec copies.

A pool is one int16 array on disk and a table of the clips in it; a codec copy of a pool is one more
array of the same length. They are made once and kept in a work folder, never in the repository.
"""

import csv
import json
import logging
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray, Label
from training.synthetic_music import compose, play, write_midi

SAMPLE_RATE = 16_000
HOP_LENGTH = 256  # one activity label each
# What a telephone, a messenger and a cheap archive do to sound: (name, encoder options, container).
CODECS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("mp3", ("-c:a", "libmp3lame", "-b:a", "32k"), "mp3"),
    ("opus", ("-c:a", "libopus", "-b:a", "12k"), "ogg"),
    (
        "telephone",
        ("-af", "highpass=f=250,lowpass=f=3400", "-ar", "8000", "-c:a", "pcm_mulaw"),
        "wav",
    ),
)
PIECE_S = 15.0
_QUIET = ("-v", "error", "-y")
_PLAIN = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pool:
    """Clips laid end to end, with one array for each way that they were coded."""

    name: str
    copies: tuple[NDArray[np.int16], ...]  # each (n_samples,), the first one as it was
    starts: NDArray[np.int64]  # (n_clips,)
    lengths: NDArray[np.int64]  # (n_clips,)

    def draw(self, rng: np.random.Generator, n_samples: int) -> FloatArray:
        """Return a stretch of a random clip, at most n_samples long, of a random copy."""
        clip = int(rng.integers(len(self.starts)))
        spare = max(0, int(self.lengths[clip]) - n_samples)
        start = int(self.starts[clip]) + int(rng.integers(spare + 1))
        end = min(start + n_samples, int(self.starts[clip] + self.lengths[clip]))
        copy = 0 if rng.random() < 0.5 else int(rng.integers(len(self.copies)))
        return self.copies[copy][start:end].astype(np.float32) / 32768.0

    def clip(self, index: int, copy: int) -> FloatArray:
        """Return one whole clip of one copy."""
        start = int(self.starts[index])
        return (
            self.copies[copy][start : start + int(self.lengths[index])].astype(np.float32) / 32768.0
        )


def speech_pool(corpus: Path, folds: frozenset[int], folder: Path, name: str) -> Pool:
    """Return the corpus's speech of some folds, both classes alike.

    The mask must not know the label, so genuine and synthetic clips are one pool.
    """
    with (corpus / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if int(row["fold"]) in folds]
    n_spoof = sum(row["label"] == Label.SPOOF for row in rows)
    logger.info("speech pool", extra={"n_clips": len(rows), "n_spoof": n_spoof})
    clips = (soundfile.read(corpus / row["path"], dtype="int16")[0] for row in rows)
    return _pool(folder / name, clips)


def composed_pool(folder: Path, name: str, n_pieces: int, seed: int) -> Pool:
    """Return pieces of `synthetic_music`, played by its own synthesiser."""

    def pieces() -> Iterator[NDArray[np.int16]]:
        rng = np.random.default_rng(seed)
        for _ in range(n_pieces):
            yield _to_int16(play(compose(rng, PIECE_S), rng, SAMPLE_RATE))

    return _pool(folder / name, pieces())


def sound_font_pool(folder: Path, name: str, n_pieces: int, seed: int, sound_font: Path) -> Pool:
    """Return pieces of `synthetic_music`, played by FluidSynth (which must be installed)."""

    def pieces() -> Iterator[NDArray[np.int16]]:
        rng = np.random.default_rng(seed)
        with tempfile.TemporaryDirectory() as scratch:
            midi, wav = Path(scratch, "piece.mid"), Path(scratch, "piece.wav")
            for _ in range(n_pieces):
                piece = compose(rng, PIECE_S)
                write_midi(piece, [int(p) for p in rng.integers(0, 120, piece.n_parts)], midi)
                arguments = ["fluidsynth", "-ni", "-g", "0.6", "-r", "32000", "-F", str(wav)]
                subprocess.run(  # noqa: S603 our own arguments
                    [*arguments, str(sound_font), str(midi)], check=True, capture_output=True
                )
                yield decode_file(wav)[: int(PIECE_S * SAMPLE_RATE)]

    return _pool(folder / name, pieces())


def recorded_pool(folder: Path, name: str, paths: Iterable[Path], max_s: float = 60.0) -> Pool:
    """Return recordings from files, at most `max_s` of each; quieter than -70 dBFS is left out."""

    def recordings() -> Iterator[NDArray[np.int16]]:
        for path in paths:
            try:
                samples = decode_file(path)[: int(max_s * SAMPLE_RATE)]
            except subprocess.CalledProcessError:
                logger.warning("%s holds no sound that ffmpeg can read; left out", path.name)
                continue
            for start in range(0, len(samples), int(PIECE_S * SAMPLE_RATE)):
                piece = samples[start : start + int(PIECE_S * SAMPLE_RATE)]
                if len(piece) > SAMPLE_RATE and np.abs(piece.astype(np.float32)).mean() > 10:
                    yield piece

    return _pool(folder / name, recordings())


def check_pools(folder: Path) -> dict[str, Pool]:
    """Return the music of a work folder that training never hears, by the pools' names.

    Raises:
        FileNotFoundError: `training.fit_mask` made no such pool there yet.
    """
    stems = sorted(path.with_suffix("") for path in folder.glob("*.json"))
    music = [stem for stem in stems if "check" in stem.name and stem.name != "speech_check"]
    if not music:
        raise FileNotFoundError(f"{folder} holds no check pools: run training.fit_mask first")
    return {stem.name: _pool(stem, ()) for stem in music}


def kept_pool(stem: Path) -> Pool:
    """Return a pool that was made before, without its telephone copy: music for another run."""
    pool = _pool(stem, ())
    return Pool(pool.name, pool.copies[:-1], pool.starts, pool.lengths)


def decode_file(path: Path) -> NDArray[np.int16]:
    """Return a trusted file's sound, mono at SAMPLE_RATE; training only, without limits."""
    done = subprocess.run(  # noqa: S603 our own arguments
        [imageio_ffmpeg.get_ffmpeg_exe(), *_QUIET, "-i", str(path), "-vn", *_PLAIN, "-"],
        check=True,
        capture_output=True,
    )
    return np.frombuffer(done.stdout, dtype=np.int16)


def _pool(stem: Path, clips: Iterable[NDArray[np.int16]]) -> Pool:
    """Return the pool kept under this stem, made first where it is not there yet."""
    table = stem.with_suffix(".json")
    plain = stem.with_suffix(".npy")
    if not table.exists():
        stem.parent.mkdir(parents=True, exist_ok=True)
        parts = list(clips)
        lengths = [len(part) for part in parts]
        np.save(plain, np.concatenate(parts))
        for codec, options, container in CODECS:
            _save_copy(plain, stem.with_name(f"{stem.name}.{codec}.npy"), options, container)
        table.write_text(json.dumps({"lengths": lengths}), encoding="utf-8")
    lengths_array = np.array(json.loads(table.read_text(encoding="utf-8"))["lengths"], np.int64)
    paths = [plain, *(stem.with_name(f"{stem.name}.{codec}.npy") for codec, _, _ in CODECS)]
    return Pool(
        name=stem.name,
        copies=tuple(np.load(path, mmap_mode="r") for path in paths),
        starts=np.cumsum(lengths_array) - lengths_array,
        lengths=lengths_array,
    )


def _save_copy(plain: Path, coded: Path, options: tuple[str, ...], container: str) -> None:
    """Encode and decode the whole row of clips at once: codecs need no restart at a clip."""
    samples = np.load(plain, mmap_mode="r")
    with tempfile.NamedTemporaryFile(suffix="." + container) as file:
        subprocess.run(  # noqa: S603 our own arguments
            [imageio_ffmpeg.get_ffmpeg_exe(), *_QUIET, *_PLAIN, "-i", "-", *options, file.name],
            input=samples.tobytes(),
            check=True,
        )
        decoded = decode_file(Path(file.name))
    out = np.zeros(len(samples), dtype=np.int16)
    out[: len(decoded)] = decoded[: len(samples)]
    np.save(coded, out)


def _to_int16(samples: FloatArray) -> NDArray[np.int16]:
    return (np.clip(samples, -1, 1) * 32767).astype(np.int16)
