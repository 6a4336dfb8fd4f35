"""Mixtures of voices with labels of where several speak at once, for the net that hears it.

One voice alone, two after one another, two or three at once; then rooms, noise, music, narrow bands.
Genuine and synthetic voices alike: the net must not know the label.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.vocabulary import FloatArray, Label
from training.augment import add_at_snr, add_room, equalise, make_noise, narrow
from training.manifests import Utterance
from training.mask_pools import SAMPLE_RATE, Pool
from training.synthetic_noise import NOISES, TONES

BoolArray = NDArray[np.bool_]
Voice = tuple[Label, str]  # the class, and who speaks

N_SAMPLES = 57_600  # 3.6 s, as the corpus' longest clips
HOP_LENGTH = 320  # 20 ms, one label each
LEVEL = 0.05  # RMS of a voice where it speaks
LEAST_S, LEAST_ACTIVE = 0.8, 0.2  # of a clip that is used
MASKED_DB = 15.0  # a voice so far under another does not count as heard beside it


@dataclass(frozen=True, slots=True)
class Voices:
    """Clips by who speaks, at one level."""

    clips: Mapping[Voice, Sequence[FloatArray]]
    by_label: Mapping[Label, Sequence[Voice]]

    def draw(
        self, rng: np.random.Generator, label: Label | None = None, other: Voice | None = None
    ) -> Voice:
        """Return somebody of one class or of either, not the one who is named."""
        while True:
            chosen = label or (Label.BONAFIDE if rng.random() < 0.5 else Label.SPOOF)
            known = self.by_label[chosen] or self.by_label[Label.BONAFIDE]
            # who has more clips is drawn more often, but not in proportion
            weights = np.sqrt([min(len(self.clips[voice]), 16) for voice in known])
            voice = known[rng.choice(len(known), p=weights / weights.sum())]
            if other is None or voice[1] != other[1]:
                return voice

    def track(self, rng: np.random.Generator, voice: Voice, *, is_dense: bool) -> FloatArray:
        """Return N_SAMPLES of one voice going on, its clips joined, with pauses or without."""
        out = np.zeros(N_SAMPLES, np.float32)
        at = 0 if is_dense else int(rng.integers(-SAMPLE_RATE, SAMPLE_RATE // 2))
        clips = self.clips[voice]
        while at < N_SAMPLES:
            clip = clips[int(rng.integers(len(clips)))]
            if is_dense:
                active = np.flatnonzero(activity(clip))
                clip = clip[active[0] * HOP_LENGTH : (active[-1] + 1) * HOP_LENGTH]
            if at < 0 and at + len(clip) <= 0:
                at = 0
            first, last = max(0, at), min(N_SAMPLES, at + len(clip))
            out[first:last] += clip[first - at : last - at]
            at += len(clip) + (0 if is_dense else int(rng.exponential(0.3) * SAMPLE_RATE))
        return out


def read_voices(rows: Iterable[tuple[Utterance, str]]) -> Voices:
    """Return the clips of some rows, each with who speaks in it."""
    clips: dict[Voice, list[FloatArray]] = {}
    for row, speaker in rows:
        samples, _ = soundfile.read(row.path, dtype="float32")
        if len(samples) < LEAST_S * SAMPLE_RATE:
            continue
        samples = samples - samples.mean()
        active = activity(samples)
        if active.mean() < LEAST_ACTIVE:
            continue
        spoken = samples[np.repeat(active, HOP_LENGTH)[: len(samples)]]
        rms = float(np.sqrt(np.mean(spoken**2)))
        clips.setdefault((row.label, speaker), []).append((samples / rms * LEVEL).astype("f4"))
    by_label = {label: tuple(voice for voice in clips if voice[0] is label) for label in Label}
    return Voices(MappingProxyType(clips), MappingProxyType(by_label))


def activity(samples: FloatArray) -> BoolArray:
    """Return where clean speech is, one label for each HOP_LENGTH samples begun."""
    level_db = 10 * np.log10(_power(samples, 3) + 1e-12)
    loud_db, floor_db = np.percentile(level_db, 95), np.percentile(level_db, 5)
    is_loud = level_db > max(loud_db - 25, min(floor_db + 8, loud_db - 15))
    closed = ndimage.binary_closing(np.pad(is_loud, 8), structure=np.ones(8, bool))[8:-8]
    opened: BoolArray = ndimage.binary_opening(closed, structure=np.ones(3, bool))
    return opened


def make_mixture(
    rng: np.random.Generator, voices: Voices, music: Sequence[Pool]
) -> tuple[FloatArray, BoolArray]:
    """Return a mixture, (N_SAMPLES,), and its labels, (2, n_hops): several voices, any voice."""
    tracks = _tracks(rng, voices)
    labels = _labels(tracks)
    if rng.random() < 0.3:
        tracks = [add_room(track, rng) if track.any() else track for track in tracks]
    elif rng.random() < 0.3:
        tracks = [equalise(track, rng) for track in tracks]
    mixed = np.asarray(np.sum(tracks, axis=0, dtype=np.float64))
    if rng.random() < 0.3:
        mixed = add_at_snr(mixed, draw_noise(rng), rng.uniform(4, 30))
    if rng.random() < 0.25:
        mixed = add_at_snr(mixed, draw_music(rng, music), rng.uniform(2, 25))
    if rng.random() < 0.3:
        mixed = equalise(mixed, rng)
    if rng.random() < 0.05:
        mixed = np.clip(mixed, *np.quantile(mixed, [0.01, 0.99]))
    if rng.random() < 0.2:
        mixed = narrow(mixed, rng)
    return mixed.astype(np.float32), labels


def draw_noise(rng: np.random.Generator) -> NDArray[np.float64] | FloatArray:
    """Return noise, hum, machines, clicks or tones, (N_SAMPLES,)."""
    kind = rng.random()
    if kind < 0.45:
        return make_noise(N_SAMPLES, (), rng)
    makers = NOISES if kind < 0.85 else TONES
    return makers[int(rng.integers(len(makers)))](rng, N_SAMPLES, SAMPLE_RATE)


def draw_music(rng: np.random.Generator, music: Sequence[Pool]) -> FloatArray:
    """Return music without voices, (N_SAMPLES,), repeated where it is shorter."""
    return np.resize(music[int(rng.integers(len(music)))].draw(rng, N_SAMPLES), N_SAMPLES)


def _tracks(rng: np.random.Generator, voices: Voices) -> list[FloatArray]:
    """Return one voice's sound, or several voices', each (N_SAMPLES,)."""
    kind = rng.random()
    first = voices.draw(rng)
    track = voices.track(rng, first, is_dense=rng.random() < 0.3)
    if kind < 0.15:  # one after another
        edges = [0, *np.sort(rng.integers(N_SAMPLES // 6, 5 * N_SAMPLES // 6, rng.integers(1, 3)))]
        second = voices.draw(rng, other=first)
        answer = voices.track(rng, second, is_dense=False)
        answer = answer * np.float32(10 ** (rng.uniform(-8, 8) / 20))
        share = sum(
            _faded(np.ones(N_SAMPLES, np.float32), begin, end)
            for begin, end in zip(edges[::2], [*edges[1::2], N_SAMPLES], strict=False)
        )
        return [track * share, answer * (1 - share)]
    tracks = [track]
    if kind < 0.58:
        for _ in range(1 if rng.random() < 0.9 else 2):
            other = voices.draw(rng, other=first)
            sound = voices.track(rng, other, is_dense=rng.random() < 0.5)
            sound = sound * np.float32(10 ** (rng.triangular(-10, 0, 10) / 20))
            if rng.random() < 0.5:
                n_heard = int(rng.uniform(0.4, 3.6) * SAMPLE_RATE)
                begin = int(rng.integers(-n_heard // 2, N_SAMPLES - n_heard // 2))
                sound = _faded(sound, max(0, begin), min(N_SAMPLES, begin + n_heard))
            tracks.append(sound)
    return tracks


def _labels(tracks: Sequence[FloatArray]) -> BoolArray:
    n_hops = -(-N_SAMPLES // HOP_LENGTH)
    active = np.stack(
        [activity(track) if track.any() else np.zeros(n_hops, bool) for track in tracks]
    )
    level_db = np.stack([10 * np.log10(_power(track, 15) + 1e-12) for track in tracks])
    level_db[~active] = -200.0
    several = np.zeros(n_hops, bool)
    if len(tracks) > 1:
        ordered = np.sort(level_db, axis=0)
        several = (active.sum(axis=0) > 1) & (ordered[-1] - ordered[-2] < MASKED_DB)
    return np.stack([several, active.any(axis=0)])


def _faded(sound: FloatArray, begin: int, end: int) -> FloatArray:
    """Return the sound from `begin` to `end` and silence around it, with soft edges."""
    inside = np.zeros(len(sound), np.float32)
    inside[begin:end] = 1.0
    edge = np.ones(HOP_LENGTH, np.float32) / HOP_LENGTH
    return sound * np.convolve(inside, edge, "same").astype(np.float32)


def _power(samples: FloatArray, n_smoothed: int) -> FloatArray:
    """Return the power of each hop begun, averaged over some of them."""
    n_hops = -(-len(samples) // HOP_LENGTH)
    padded = np.zeros(n_hops * HOP_LENGTH, np.float32)
    padded[: len(samples)] = samples
    power = np.square(padded.reshape(n_hops, HOP_LENGTH)).mean(axis=1)
    smoothed: FloatArray = ndimage.uniform_filter1d(power, n_smoothed)
    return smoothed
