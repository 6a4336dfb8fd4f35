"""Made: copies of a corpus' open genuine speech on disk, drawn evenly over its sources.

A copy has the fold of its genuine half; of the closed fold no copies are made. A run goes on where
it stopped: what lies there is kept. The manifest is written anew after each engine, in one step.
"""

import csv
import hashlib
import io
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from pipeline.errors import InputError
from pipeline.vocabulary import FloatArray, Label
from training.manifests import Utterance
from training.splits import CLOSED_FOLD
from training.synthesis.engines import (
    MARGIN_SAMPLES,
    SAMPLE_RATE,
    Engine,
    make_copy,
    seed_of,
)

_log = logging.getLogger(__name__)

COLUMNS = (
    *("path", "label", "seconds", "source", "speaker", "system", "kind"),
    *("language", "licence", "origin", "clip_id", "paired_with", "fold"),
)
MANIFEST = "manifest.csv"
JOIN_EVERY = 50  # copies, after which the manifest is written anew
SHORTEST_SAMPLES = MARGIN_SAMPLES
QUIETEST_PEAK = 1e-3


@dataclass(frozen=True, slots=True)
class MadeRun:
    """Where copies go, how many an engine makes, and the seed of everything that is drawn."""

    folder: Path
    checkpoints: Path
    limit: int | None = None
    seed: int = 0


def draw_evenly(
    utterances: Sequence[Utterance], engine: str, limit: int | None, seed: int
) -> tuple[Utterance, ...]:
    """Return open genuine utterances, each source in turn, in an order that is the engine's own."""
    by_source: dict[str, list[Utterance]] = defaultdict(list)
    for row in utterances:
        if row.label is Label.BONAFIDE and row.fold != CLOSED_FOLD:
            by_source[row.source].append(row)
    random = np.random.default_rng(seed_of(engine, "draw", seed))
    queues = [
        [rows[i] for i in random.permutation(len(rows))] for _, rows in sorted(by_source.items())
    ]
    drawn: list[Utterance] = []
    for turn in range(max((len(queue) for queue in queues), default=0)):
        drawn.extend(queue[turn] for queue in queues if turn < len(queue))
    return tuple(drawn[:limit])


def make_with(
    engine: Engine, utterances: Sequence[Utterance], run: MadeRun, advance: Callable[[], None]
) -> int:
    """Write the engine's copies that are not there yet and its list; return how many there are.

    Args:
        engine: what makes them.
        utterances: the corpus.
        run: where to, how many, which seed.
        advance: called once for each utterance.

    Raises:
        NotInstalledError: the engine lacks a package or a checkpoint.
    """
    copy = engine.load(run.checkpoints)
    folder = run.folder / engine.name
    folder.mkdir(parents=True, exist_ok=True)
    rows = read_rows(folder / MANIFEST)
    n_new = 0
    for utterance in draw_evenly(utterances, engine.name, run.limit, run.seed):
        path = f"{engine.name}/{name_of(utterance.clip_id)}.flac"
        seed = seed_of(engine.name, utterance.clip_id, run.seed)
        if not (run.folder / path).exists():
            try:
                samples = _read_genuine(utterance)
                made = make_copy(samples, copy, np.random.default_rng(seed))
            except InputError as error:
                _log.warning("left out", extra={"utterance": utterance.clip_id, "why": str(error)})
                advance()
                continue
            write_flac(run.folder / path, made)
            n_new += 1
        if path not in rows:  # a run that was stopped may have left a copy without a row
            n_samples = soundfile.info(run.folder / path).frames
            rows[path] = row_of(engine, utterance, path, n_samples, seed)
        advance()
        if n_new == JOIN_EVERY:
            write_rows(folder / MANIFEST, rows.values())
            join_manifests(run.folder)
            n_new = 0
    write_rows(folder / MANIFEST, rows.values())
    join_manifests(run.folder)
    return len(rows)


def join_manifests(folder: Path) -> int:
    """Write the manifest of all engines' folders in one step; return how many rows it has."""
    rows = [
        row
        for path in sorted(folder.glob(f"*/{MANIFEST}"))
        for row in read_rows(path).values()
        if (folder / row["path"]).exists()
    ]
    write_rows(folder / MANIFEST, rows)
    return len(rows)


def row_of(
    engine: Engine, utterance: Utterance, path: str, n_samples: int, seed: int
) -> dict[str, str]:
    """Return a copy's row of the manifest; `origin` names engine and seed."""
    return {
        "path": path,
        "label": Label.SPOOF.value,
        "seconds": f"{n_samples / SAMPLE_RATE:.2f}",
        "source": "made",
        "speaker": f"{engine.system}:copy",
        "system": engine.system,
        "kind": engine.kind,
        "language": utterance.language,
        "licence": "made by us",
        "origin": f"engine={engine.name} seed={seed}",
        "clip_id": f"{engine.name}_{utterance.clip_id}",
        "paired_with": utterance.clip_id,
        "fold": str(utterance.fold),
    }


def name_of(clip_id: str) -> str:
    """Return a file name for an utterance: its id, or the start of it and a digest."""
    plain = "".join(char if char.isalnum() or char in "-_" else "_" for char in clip_id)
    if plain == clip_id and len(plain) <= 120:
        return plain
    return f"{plain[:100]}_{hashlib.sha256(clip_id.encode()).hexdigest()[:12]}"


def write_flac(path: Path, samples: FloatArray) -> None:
    """Write 16-bit FLAC in one step."""
    partial = path.with_suffix(".part")
    soundfile.write(partial, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    partial.replace(path)


def write_rows(path: Path, rows: Iterable[dict[str, str]]) -> None:
    """Write a manifest in one step."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    partial = path.with_suffix(".part")
    partial.write_text(text.getvalue(), encoding="utf-8")
    partial.replace(path)


def read_rows(path: Path) -> dict[str, dict[str, str]]:
    """Return a list's rows by path; none where there is no list."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["path"]: row for row in csv.DictReader(file)}


def _read_genuine(utterance: Utterance) -> FloatArray:
    """Return the utterance's samples.

    Raises:
        InputError: it is too short or too quiet to be copied, or not at 16 kHz.
    """
    samples, rate = soundfile.read(utterance.path, dtype="float32")
    if rate != SAMPLE_RATE or samples.ndim != 1:
        raise InputError(f"{utterance.clip_id} is not mono at 16 kHz: convert it first")
    if len(samples) < SHORTEST_SAMPLES or np.abs(samples).max() < QUIETEST_PEAK:
        raise InputError(f"{utterance.clip_id} is too short or too quiet to be copied")
    return np.asarray(samples, dtype=np.float32)
