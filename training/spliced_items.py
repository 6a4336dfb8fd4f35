"""Spliced items: long sounds of held-out clips with what is synthetic in them.

Items of 20 to 60 s are joined from genuine clips of one source; in a spliced item a run of clips in
the middle is replaced by synthetic speech of one system, either matched copies of the source's own
clips (same voices and rooms) or another voice. Genuine items are joined in the same way, so that a
join alone tells nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.vocabulary import FloatArray, Label
from training.feature_cache import SAMPLE_RATE, read_speech
from training.manifests import Utterance
from training.splits import system_name
from training.synthesis.splice import join

GENUINE_S = 60.0
CLIP_RMS = 0.05  # of the first clip; the others follow, so that no step in level tells the splice
PAUSE_S = 0.2  # mean, between clips, of the clips' own room noise
SYNTHETIC_SHARES = (0.15, 0.5)  # of an item's clips
ITEM_LENGTHS_S = (20.0, 60.0)

Seconds = tuple[float, float]


@dataclass(frozen=True, slots=True)
class SplicedItem:
    """A sound with what is synthetic in it."""

    samples: FloatArray  # (n_samples,) at 16 kHz
    synthetic_s: tuple[Seconds, ...]  # start and end of each synthetic stretch; () = genuine
    source: str  # where the genuine part is from
    system: str  # of the synthetic part, "" for none
    is_matched: bool = False  # the synthetic part copies the words that it replaces

    @property
    def duration_s(self) -> float:
        """Return the length in seconds."""
        return len(self.samples) / SAMPLE_RATE


def make_spliced(
    utterances: Sequence[Utterance], n_items: int, random: np.random.Generator
) -> Iterator[SplicedItem]:
    """Yield spliced items of 20 to 60 s, half of them from matched copies where there are any.

    Args:
        utterances: what a fold holds out; codec clips are left out.
        n_items: how many.
        random: draws sources, systems, lengths and places.
    """
    genuine = _by_source(utterances)
    systems = _by_system(utterances)
    copies = {row.paired_with: row for row in utterances if _is_spoof(row) and row.paired_with}
    pairable = {
        source: rows
        for source, rows in genuine.items()
        if sum(row.clip_id in copies for row in rows) >= 2
    }
    for number in range(n_items):
        is_matched = bool(pairable) and number % 2 == 0
        pool = pairable if is_matched else genuine
        source = str(random.choice(sorted(pool)))
        rows = _draw_clips(pool[source], random.uniform(*ITEM_LENGTHS_S), random)
        n_spoof = max(1, round(random.uniform(*SYNTHETIC_SHARES) * len(rows)))
        first = int(random.integers(0, len(rows) - n_spoof + 1))
        if is_matched:
            wanted = [row for row in pool[source] if row.clip_id in copies]
            chosen = random.choice(len(wanted), size=min(n_spoof, len(wanted)), replace=False)
            spoof = [copies[wanted[i].clip_id] for i in chosen]
        else:
            system = str(random.choice(sorted(systems)))
            drawn = random.choice(len(systems[system]), size=n_spoof)
            spoof = [systems[system][i] for i in drawn]
        parts = [*rows[:first], *spoof, *rows[first + n_spoof :]]
        sound, edges_s = join_clips(parts, random)
        span = (edges_s[first][0], edges_s[first + len(spoof) - 1][1])
        yield SplicedItem(sound, (span,), source, system_name(spoof[0]), is_matched)


def make_genuine(
    utterances: Sequence[Utterance], n_items: int, random: np.random.Generator
) -> Iterator[SplicedItem]:
    """Yield genuine items of 60 s, joined as the spliced ones are; sources take turns."""
    sources = {source: rows for source, rows in _by_source(utterances).items() if len(rows) >= 2}
    for number in range(n_items):
        source = sorted(sources)[number % len(sources)]
        rows = _draw_clips(sources[source], GENUINE_S, random)
        sound, _ = join_clips(rows, random)
        yield SplicedItem(sound[: round(GENUINE_S * SAMPLE_RATE)], (), source, "")


def join_clips(
    rows: Sequence[Utterance], random: np.random.Generator
) -> tuple[FloatArray, list[Seconds]]:
    """Return the clips after one another at one level, with short pauses, and where each lies."""
    clips = [read_speech(row.path) for row in rows]
    level = np.float32(CLIP_RMS / max(float(np.sqrt(np.mean(clips[0] ** 2))), 1e-6))
    sound, spans = join([clips[0] * level, *clips[1:]], PAUSE_S, random)
    return sound, [(span.start_s, span.end_s) for span in spans]


def _is_spoof(row: Utterance) -> bool:
    return row.label is Label.SPOOF and not row.is_codec


def _by_source(utterances: Sequence[Utterance]) -> dict[str, list[Utterance]]:
    """Return genuine clips by what an item is joined from: a source, or one demo page."""
    groups: dict[str, list[Utterance]] = {}
    for row in utterances:
        if row.label is Label.BONAFIDE and row.source != "demo":
            groups.setdefault(row.source, []).append(row)
    return groups


def _by_system(utterances: Sequence[Utterance]) -> dict[str, list[Utterance]]:
    groups: dict[str, list[Utterance]] = {}
    for row in utterances:
        if _is_spoof(row):
            groups.setdefault(system_name(row), []).append(row)
    return groups


def _draw_clips(
    rows: Sequence[Utterance], duration_s: float, random: np.random.Generator
) -> list[Utterance]:
    """Return clips that together last about as long as wanted, speakers kept together."""
    speakers = [row.speaker for row in rows]
    order = {name: i for i, name in enumerate(random.permutation(sorted(set(speakers))))}
    shuffled = random.permutation(len(rows))
    in_order = sorted(shuffled, key=lambda i: order[speakers[i]])
    chosen: list[Utterance] = []
    length_s, at = 0.0, 0
    while length_s < duration_s:
        row = rows[in_order[at % len(in_order)]]
        chosen.append(row)
        length_s += len(read_speech(row.path)) / SAMPLE_RATE
        at += 1
    return chosen
