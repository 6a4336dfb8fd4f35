"""Partial: longer items, genuine, synthetic and partly synthetic, with a table of their spans.

All kinds are made alike: utterances of one speaker (or of one system and voice) joined by the same
joints and pauses. In a partly synthetic item some utterances are replaced by their copies, or have
a piece replaced; so neither joints nor lengths tell the kinds apart.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import soundfile

from pipeline.errors import InputError
from pipeline.vocabulary import FloatArray, Label
from training.manifests import Utterance
from training.splits import CLOSED_FOLD
from training.synthesis.engines import SAMPLE_RATE
from training.synthesis.made import MANIFEST, write_flac, write_rows
from training.synthesis.splice import Span, draw_spans, join, splice

SPANS = "spans.csv"
_WHOLE_SHARE = 0.5  # of replaced utterances, the others have a piece replaced


class Kind(StrEnum):
    """What an item is."""

    GENUINE = "genuine"
    SPOOF = "spoof"  # all of it
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class PartialRun:
    """How many items of each kind, how long, and where."""

    folder: Path
    n_items: int = 100  # of each kind
    shortest_s: float = 8.0
    longest_s: float = 30.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Item:
    """One item before it is written."""

    samples: FloatArray
    spans: tuple[tuple[Span, str], ...]  # synthetic ones, with their system
    fold: int
    speaker: str


def make_items(
    corpus: Sequence[Utterance],
    made: Sequence[Utterance],
    run: PartialRun,
    advance: Callable[[], None],
) -> int:
    """Write items, `manifest.csv` and `spans.csv` (path, start_s, end_s, system); return the count.

    Args:
        corpus: genuine utterances, and synthetic ones that may be joined.
        made: copies that name their halves.
        run: how many and where.
        advance: called once for each item.

    Raises:
        InputError: no speaker has two open utterances with copies.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(run.seed)
    copies: dict[str, list[Utterance]] = defaultdict(list)
    for row in made:
        copies[row.paired_with].append(row)
    speakers = _by_voice(row for row in corpus if row.label is Label.BONAFIDE)
    paired = {
        speaker: [row for row in rows if copies.get(row.clip_id)]
        for speaker, rows in speakers.items()
    }
    paired = {speaker: rows for speaker, rows in paired.items() if len(rows) > 1}
    voices = _by_voice(row for row in (*corpus, *made) if row.label is Label.SPOOF)
    if not paired:
        raise InputError("no speaker has two open utterances with copies: synthesize some first")
    rows: list[dict[str, str]] = []
    spans: list[tuple[str, float, float, str]] = []
    for number in range(run.n_items):
        for kind in Kind:
            pool = voices if kind is Kind.SPOOF else paired
            names = sorted(pool)
            name = names[int(random.integers(len(names)))]
            item = _make_item(kind, pool[name], copies, run, random)
            path = f"{kind}_{number:05d}.flac"
            write_flac(run.folder / path, item.samples)
            rows.append(_row_of(kind, item, path, run.seed))
            spans.extend((path, span.start_s, span.end_s, system) for span, system in item.spans)
            advance()
    write_rows(run.folder / MANIFEST, rows)
    _write_spans(run.folder / SPANS, spans)
    return len(rows)


def read_spans(path: Path) -> dict[str, tuple[Span, ...]]:
    """Return the synthetic spans by item, as `make_items` wrote them."""
    found: dict[str, list[Span]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["path"]].append(Span(float(row["start_s"]), float(row["end_s"])))
    return {name: tuple(spans) for name, spans in found.items()}


def _by_voice(utterances: Iterable[Utterance]) -> dict[str, list[Utterance]]:
    """Return open utterances by fold, system and voice."""
    out: dict[str, list[Utterance]] = defaultdict(list)
    for row in utterances:
        if row.fold != CLOSED_FOLD:
            out[f"{row.fold}:{row.system}:{row.speaker}"].append(row)
    return out


def _make_item(
    kind: Kind,
    pool: Sequence[Utterance],
    copies: Mapping[str, Sequence[Utterance]],
    run: PartialRun,
    random: np.random.Generator,
) -> _Item:
    """Return an item of utterances of one voice, drawn until it is long enough."""
    wanted_s = random.uniform(run.shortest_s, run.longest_s)
    pause_s = random.uniform(0.0, 0.5)
    parts: list[FloatArray] = []
    truths: list[tuple[tuple[Span, str], ...]] = []
    order = random.permutation(len(pool))
    while sum(map(len, parts)) < wanted_s * SAMPLE_RATE and len(parts) < 4 * len(pool):
        row = pool[int(order[len(parts) % len(order)])]
        samples = _read(row.path)
        truth: tuple[tuple[Span, str], ...] = ()
        if kind is Kind.SPOOF:
            truth = ((Span(0.0, len(samples) / SAMPLE_RATE), row.system),)
        elif kind is Kind.PARTIAL and (not any(truths) or random.random() < 0.3):
            choice = copies[row.clip_id]
            samples, truth = _replaced(samples, choice[int(random.integers(len(choice)))], random)
        parts.append(samples)
        truths.append(truth)
    joined, places = join(parts, pause_s, random)
    spans = tuple(
        (Span(place.start_s + span.start_s, min(place.start_s + span.end_s, place.end_s)), system)
        for place, truth in zip(places, truths, strict=True)
        for span, system in truth
    )
    return _Item(joined, spans, pool[0].fold, pool[0].speaker)


def _replaced(
    genuine: FloatArray, copy: Utterance, random: np.random.Generator
) -> tuple[FloatArray, tuple[tuple[Span, str], ...]]:
    """Return the utterance replaced by its copy, whole or in a piece, and where."""
    samples = _read(copy.path)[: len(genuine)]
    whole = Span(0.0, len(genuine) / SAMPLE_RATE)
    if len(samples) < len(genuine):
        raise InputError(f"{copy.clip_id} is shorter than its genuine half: make it again")
    if random.random() < _WHOLE_SHARE or len(genuine) < SAMPLE_RATE:
        return samples, ((whole, copy.system),)
    wanted = draw_spans(len(genuine), random.uniform(0.3, 0.7), int(random.integers(1, 3)), random)
    mixed, placed = splice(genuine, samples, wanted, random)
    return mixed, tuple((span, copy.system) for span in placed)


def _row_of(kind: Kind, item: _Item, path: str, seed: int) -> dict[str, str]:
    """Return an item's row of the manifest."""
    systems = sorted({system for _, system in item.spans})
    label = Label.BONAFIDE if kind is Kind.GENUINE else Label.SPOOF
    return {
        "path": path,
        "label": label.value,
        "seconds": f"{len(item.samples) / SAMPLE_RATE:.2f}",
        "source": "joined",
        "speaker": item.speaker,
        "system": "+".join(systems),
        "kind": "" if kind is Kind.GENUINE else kind.value,
        "language": "",
        "licence": "made by us",
        "origin": f"engine=partial seed={seed}",
        "clip_id": Path(path).stem,
        "paired_with": "",
        "fold": str(item.fold),
    }


def _write_spans(path: Path, spans: Sequence[tuple[str, float, float, str]]) -> None:
    """Write the truth in one step."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("path", "start_s", "end_s", "system"))
    writer.writerows((name, f"{a:.4f}", f"{b:.4f}", system) for name, a, b, system in spans)
    partial = path.with_suffix(".part")
    partial.write_text(text.getvalue(), encoding="utf-8")
    partial.replace(path)


def _read(path: Path) -> FloatArray:
    """Return an utterance's samples."""
    return np.asarray(soundfile.read(path, dtype="float32")[0])
