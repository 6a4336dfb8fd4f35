"""Cut separated blocks into segments of the length that the model's card names.

Time to samples lives here and nowhere else. Segments start every `hop_s`; the last one is aligned to
the end of the sound, so that nothing but a tail of `IGNORED_TAIL_S` goes unseen. Each segment gets its
share of voice, what the mask took away, quality flags, and a reason where there is nothing to score.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from pipeline.sound_kind import name_sound, quality_flags
from pipeline.vocabulary import (
    FloatArray,
    Quality,
    Reason,
    SegmentBatch,
    SegmentFacts,
    SeparatedBlock,
    Variant,
)

MIN_VOICED_SHARE = 0.25  # of a segment; with less, the score would be of what is not voice
IGNORED_TAIL_S = 0.1  # a last segment that adds less than this would repeat the one before
MIN_PADDED_S = 0.5  # a sound shorter than a segment is repeated up to one from this length on
MUCH_ELSE_SHARE = 0.5  # of the energy, removed by the mask
# of the energy, removed by the mask, from which the separated voice is heard too: the median clean
# clip loses 0 %, one with music or noise 10 dB under it 9 % (docs/separation.md)
HEARD_AGAIN_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class SliceConfig:
    """How to cut."""

    sample_rate: int  # of the model's card, in Hz
    segment_samples: int  # of the model's card
    hop_s: float  # seconds between starts
    voice_threshold: float  # of the separator's card
    hears_again: bool = False  # the model's card is calibrated for the separated voice too


@dataclass(slots=True)
class _Sound:
    """What has arrived of one channel and is still needed; `start` is its first sample's index."""

    track: int
    channel: int
    start: int = 0
    recorded: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    voice: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    voiced: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))  # 0 or 1 a sample

    @property
    def end(self) -> int:
        return self.start + len(self.recorded)

    def append(self, block: SeparatedBlock, threshold: float) -> None:
        n_samples = len(block.recorded.samples)
        frame_samples = round(block.frame_s * block.recorded.sample_rate)
        voiced = np.repeat(block.voice_activity >= threshold, frame_samples)[:n_samples]
        self.recorded = np.concatenate([self.recorded, block.recorded.samples])
        self.voice = np.concatenate([self.voice, block.voice])
        self.voiced = np.concatenate([self.voiced, voiced.astype(np.float32)])

    def drop_before(self, sample: int) -> None:
        n_gone = max(0, min(sample, self.end) - self.start)
        self.recorded, self.voice = self.recorded[n_gone:], self.voice[n_gone:]
        self.voiced = self.voiced[n_gone:]
        self.start += n_gone


def slice_segments(blocks: Iterable[SeparatedBlock], config: SliceConfig) -> Iterator[SegmentBatch]:
    """Yield the segments of one channel, a batch whenever a block completes some.

    Args:
        blocks: consecutive blocks of one channel, of any length.
        config: how to cut.
    """
    hop = max(1, round(config.hop_s * config.sample_rate))
    sound: _Sound | None = None
    next_start = 0
    for block in blocks:
        if sound is None:
            sound = _Sound(block.recorded.track, block.recorded.channel)
        sound.append(block, config.voice_threshold)
        n_complete = (sound.end - config.segment_samples - next_start) // hop + 1
        if n_complete > 0:
            starts = next_start + hop * np.arange(n_complete)
            yield _cut(sound, starts, config)
            next_start = int(starts[-1]) + hop
            # the segment that is aligned to the end may reach back before the next start
            sound.drop_before(next_start - config.segment_samples)
    if sound is None:
        return
    seen_to = next_start - hop + config.segment_samples if next_start else 0
    if next_start == 0 and sound.end > 0:
        yield _pad(sound, config)
    elif sound.end - seen_to > IGNORED_TAIL_S * config.sample_rate:
        yield _cut(sound, np.array([sound.end - config.segment_samples]), config)


def _cut(
    sound: _Sound, starts: np.ndarray[tuple[int], np.dtype[np.int64]], config: SliceConfig
) -> SegmentBatch:
    index = (starts - sound.start)[:, None] + np.arange(config.segment_samples)
    return _describe(
        sound,
        starts / config.sample_rate,
        (starts + config.segment_samples) / config.sample_rate,
        (sound.recorded[index], sound.voice[index], sound.voiced[index]),
        config,
    )


def _pad(sound: _Sound, config: SliceConfig) -> SegmentBatch:
    """Return the one segment of a sound that is shorter than a segment, repeated up to its length."""
    end_s = sound.end / config.sample_rate
    repeated = [
        np.resize(part, config.segment_samples)[None]
        for part in (sound.recorded, sound.voice, sound.voiced)
    ]
    batch = _describe(
        sound, np.zeros(1), np.array([end_s]), (repeated[0], repeated[1], repeated[2]), config
    )
    batch.facts.quality[:] |= int(Quality.PARTIAL)
    if end_s < MIN_PADDED_S:  # repeated so often, anything sounds like a tone
        batch.facts.reason[batch.facts.reason != Reason.SILENCE] = str(Reason.TOO_SHORT)
    return batch


def _describe(
    sound: _Sound,
    start_s: np.ndarray[tuple[int], np.dtype[np.float64]],
    end_s: np.ndarray[tuple[int], np.dtype[np.float64]],
    parts: tuple[FloatArray, FloatArray, FloatArray],
    config: SliceConfig,
) -> SegmentBatch:
    """Return segments with their facts; `parts` are recorded, voice, voiced, each (n, n_samples)."""
    recorded, voice, voiced = parts
    n_segments = len(recorded)
    voiced_share = voiced.mean(axis=1)
    energy = np.einsum("ij,ij->i", recorded, recorded)  # (n,)
    voice_energy = np.einsum("ij,ij->i", voice, voice)
    kept = voice_energy / np.maximum(energy, np.finfo(np.float32).tiny)
    removed_share = np.where(energy > 0, np.clip(1 - kept, 0, 1), 0).astype(np.float32)
    quality = quality_flags(recorded, config.sample_rate)
    quality |= np.where(removed_share > MUCH_ELSE_SHARE, int(Quality.MUCH_ELSE), 0)
    reason = np.full(n_segments, "", dtype="U24")
    for index in np.flatnonzero(voiced_share < MIN_VOICED_SHARE):
        reason[index] = str(name_sound(recorded[index], config.sample_rate))
    facts = SegmentFacts(
        start_s=np.asarray(start_s, np.float64),
        end_s=np.asarray(end_s, np.float64),
        track=np.full(n_segments, sound.track, np.int64),
        channel=np.full(n_segments, sound.channel, np.int64),
        variant=np.full(n_segments, str(Variant.RECORDED), dtype="U24"),
        voiced_share=voiced_share.astype(np.float32),
        removed_share=removed_share,
        quality=quality,
        reason=reason,
    )
    batch = SegmentBatch(facts, recorded)
    return _heard_again(batch, voice) if config.hears_again else batch


def _heard_again(batch: SegmentBatch, voice: FloatArray) -> SegmentBatch:
    """Return the batch with the separated voice of those segments that hold much else behind it."""
    facts = batch.facts
    rows = np.flatnonzero(
        (facts.reason == Reason.NONE) & (facts.removed_share >= HEARD_AGAIN_SHARE)
    )
    everything = np.concatenate([np.arange(len(facts.reason)), rows])
    variant = facts.variant[everything]
    variant[len(facts.reason) :] = str(Variant.SEPARATED)
    chosen = SegmentFacts(
        start_s=facts.start_s[everything],
        end_s=facts.end_s[everything],
        track=facts.track[everything],
        channel=facts.channel[everything],
        variant=variant,
        voiced_share=facts.voiced_share[everything],
        removed_share=facts.removed_share[everything],
        quality=facts.quality[everything],
        reason=facts.reason[everything],
    )
    return SegmentBatch(chosen, np.concatenate([batch.samples, voice[rows]]))
