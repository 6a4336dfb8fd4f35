"""Long items joined from held-out clips' segment scores: no sound, so hundreds cost a second.

Every segment is wholly genuine or wholly synthetic here, and no pause ends a window: edges and
recall are a little better than in sound (`training.spliced_items`). What is gained is numbers of
items from which a share of 1 % can be read, under codecs and degradations too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.calibrate import segment_llr
from pipeline.model_card import ModelCard
from pipeline.vocabulary import FloatArray, Reason, SegmentFacts, SegmentScores, Variant
from training.calibration import ScoredSegments
from training.feature_cache import SAMPLE_RATE
from training.localisation import ScoredItem
from training.spliced_items import GENUINE_S, ITEM_LENGTHS_S, SYNTHETIC_SHARES, SplicedItem

MODEL_ID = "joined"  # the key of the card that decides
SMALLEST_SOURCE_S = 30  # of a source's segments, from which items are joined


@dataclass(frozen=True, slots=True)
class _Clip:
    """One clip's scores, a second each."""

    voice: str
    score: FloatArray


def join_spliced(
    segments: ScoredSegments,
    fold: NDArray[np.int64],
    card: ModelCard,
    n_items: int,
    random: np.random.Generator,
) -> Iterator[ScoredItem]:
    """Yield items of 20 to 60 s of which a run of clips is one unmet system's.

    Args:
        segments: held-out segments of one condition, with the detector's CM scores.
        fold: (n_segments,) inner fold of each; clips of different folds are not joined.
        card: calibrates.
        n_items: how many.
        random: draws everything.
    """
    pools = [_pools(segments, fold == number) for number in np.unique(fold)]
    for number in range(n_items):
        genuine, spoof = pools[number % len(pools)]
        clips = _draw(
            genuine[random.choice(sorted(genuine))], random.uniform(*ITEM_LENGTHS_S), random
        )
        n_spoof = max(1, round(random.uniform(*SYNTHETIC_SHARES) * len(clips)))
        first = int(random.integers(0, len(clips) - n_spoof + 1))
        system = str(random.choice(sorted(spoof)))
        chosen = [spoof[system][i] for i in random.choice(len(spoof[system]), n_spoof)]
        start = sum(len(clip.score) for clip in clips[:first])
        end = start + sum(len(clip.score) for clip in chosen)
        parts = [*clips[:first], *chosen, *clips[first + n_spoof :]]
        yield _item(np.concatenate([clip.score for clip in parts]), ((start, end),), card)


def join_genuine(
    segments: ScoredSegments,
    fold: NDArray[np.int64],
    card: ModelCard,
    n_items: int,
    random: np.random.Generator,
) -> Iterator[ScoredItem]:
    """Yield genuine items of 60 s; sources take turns; arguments as in `join_spliced`."""
    pools = [
        clips
        for number in np.unique(fold)
        for _, clips in sorted(_pools(segments, fold == number)[0].items())
    ]
    for number in range(n_items):
        clips = _draw(pools[number % len(pools)], GENUINE_S, random)
        score = np.concatenate([clip.score for clip in clips])[: round(GENUINE_S)]
        yield _item(score, (), card)


def _pools(
    segments: ScoredSegments, wanted: NDArray[np.bool_]
) -> tuple[dict[str, list[_Clip]], dict[str, list[_Clip]]]:
    """Return genuine clips by source (demo pages left out) and synthetic ones by system."""
    genuine: dict[str, list[_Clip]] = {}
    spoof: dict[str, list[_Clip]] = {}
    for utterance in np.unique(segments.utterance[wanted]):
        rows = np.flatnonzero(wanted & (segments.utterance == utterance))
        pool = genuine if segments.is_bonafide[rows[0]] else spoof
        clip = _Clip(str(segments.voice[rows[0]]), segments.score[rows].astype(np.float32))
        pool.setdefault(str(segments.group[rows[0]]), []).append(clip)
    long_enough = {
        name: clips
        for name, clips in genuine.items()
        if sum(len(clip.score) for clip in clips) >= SMALLEST_SOURCE_S and "demo" not in name
    }
    return long_enough, spoof


def _draw(clips: list[_Clip], duration_s: float, random: np.random.Generator) -> list[_Clip]:
    """Return clips that together last at least this long, voices kept together."""
    voices = random.permutation(sorted({clip.voice for clip in clips}))
    order = {voice: place for place, voice in enumerate(voices)}
    shuffled = sorted(random.permutation(len(clips)), key=lambda i: order[clips[i].voice])
    chosen: list[_Clip] = []
    while sum(len(clip.score) for clip in chosen) < duration_s:
        chosen.append(clips[shuffled[len(chosen) % len(shuffled)]])
    return chosen


def _item(
    score: FloatArray, synthetic_s: tuple[tuple[float, float], ...], card: ModelCard
) -> ScoredItem:
    n = len(score)
    start_s = np.arange(n, dtype=np.float64)
    facts = SegmentFacts(
        start_s=start_s,
        end_s=start_s + 1.0,
        track=np.zeros(n, np.int64),
        channel=np.zeros(n, np.int64),
        variant=np.full(n, str(Variant.RECORDED), "U24"),
        voiced_share=np.ones(n, np.float32),
        removed_share=np.zeros(n, np.float32),
        quality=np.zeros(n, np.int64),
        reason=np.full(n, str(Reason.NONE), "U24"),
    )
    llr = segment_llr(score, card.calibration["recorded"])
    scores = SegmentScores(facts, score, llr, np.zeros((n, 1), np.float32), None, MODEL_ID)
    silent = np.broadcast_to(
        np.float32(0), (n * SAMPLE_RATE,)
    )  # no memory: only its length is read
    return ScoredItem(SplicedItem(silent, synthetic_s, "", ""), scores)
