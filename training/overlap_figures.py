"""What the net for overlapped speech gets right: clips of one voice and of two, condition by condition.

Clips are 3.6 s long, their voices go on without a pause, two voices are at most 6 dB apart; half of
the voices are synthetic. A clip counts as flagged where most of its seconds are.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.model_card import Figure
from pipeline.overlapped_speech import OverlapDetector
from pipeline.vocabulary import FloatArray, Label
from training.augment import add_at_snr, add_room
from training.lossy_codecs import Codec, code_together
from training.mask_pools import SAMPLE_RATE, Pool
from training.overlap_mixtures import N_SAMPLES, Voices, draw_music, draw_noise

TELEPHONE = ("-af", "highpass=f=300,lowpass=f=3400", "-ar", "8000", "-c:a", "pcm_mulaw")
CODECS = {
    "telephone": Codec("telephone", ".wav", TELEPHONE),
    "amr 12.2k": Codec(
        "amr", ".amr", ("-ar", "8000", "-c:a", "libopencore_amrnb", "-b:a", "12.2k")
    ),
    "opus 16k": Codec("opus", ".ogg", ("-ar", "48000", "-c:a", "libopus", "-b:a", "16k")),
    "mp3 32k": Codec("mp3", ".mp3", ("-ar", "16000", "-c:a", "libmp3lame", "-b:a", "32k")),
}
CONDITIONS = ("clean", *CODECS, "noise 8-20 dB", "music 8-20 dB", "room")
N_ONE, N_TWO = 120, 150  # clips of each part and condition
STARTS = (0, SAMPLE_RATE, 2 * SAMPLE_RATE, N_SAMPLES - SAMPLE_RATE)  # as `slicing` cuts them
TWO = ((Label.BONAFIDE, Label.BONAFIDE), (Label.SPOOF, Label.SPOOF), (Label.BONAFIDE, Label.SPOOF))
FALSE_ALARMS = 0.05
SEED = 7

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the net says of the seconds of some clips."""

    name: str  # `one voice`, `in turn`, `two voices`
    overlap: FloatArray  # (n_clips, n_seconds)
    holds_spoof: NDArray[np.bool_]  # (n_clips,)

    @property
    def clip(self) -> FloatArray:
        """Return one number a clip."""
        return np.asarray(self.overlap.mean(axis=1), np.float32)

    def figure(self, test: str, metric: str, value: float) -> Figure:
        """Return a figure that these clips gave."""
        n_spoof = int(self.holds_spoof.sum())
        return Figure(
            test=f"{test}, {self.name}",
            metric=metric,
            value=round(value, 4),
            n_bonafide=len(self.holds_spoof) - n_spoof,
            n_spoof=n_spoof,
        )


def measure(
    detector: OverlapDetector, parts: Mapping[str, Voices], music: Sequence[Pool]
) -> tuple[Figure, ...]:
    """Return the figures of a model file on voices that its training never heard."""
    figures: list[Figure] = []
    for part, voices in parts.items():
        rng = np.random.default_rng(SEED)
        for condition in CONDITIONS:
            heard = hear(detector, voices, music, condition, rng)
            test = f"held-out {part}, {condition}"
            one, _, two = heard
            figures.append(two.figure(test, "auc", auc(one.clip, two.clip)))
            limit = np.quantile(one.clip, 1 - FALSE_ALARMS)
            missed = float(np.mean(two.clip <= limit))
            figures.append(two.figure(test, "missed where 5 % of one voice are flagged", missed))
            for kind in heard:
                is_flagged = kind.overlap >= detector.card.flagged_from
                seconds, clips = is_flagged.mean(), (is_flagged.mean(axis=1) > 0.5).mean()
                figures.append(kind.figure(test, "seconds flagged", float(seconds)))
                figures.append(kind.figure(test, "clips flagged", float(clips)))
            logger.info("%s: %s", test, [one.value for one in figures[-8:]])
    return tuple(figures)


def hear(
    detector: OverlapDetector,
    voices: Voices,
    music: Sequence[Pool],
    condition: str,
    rng: np.random.Generator,
) -> tuple[Heard, Heard, Heard]:
    """Return clips of one voice, of two in turn, and of two at once, under one condition."""
    sounds: list[FloatArray] = []
    holds_spoof: list[bool] = []
    for index in range(2 * N_ONE + N_TWO):
        labels: Sequence[Label | None] = (None, None)
        if index < N_ONE:
            labels = ((Label.BONAFIDE, Label.SPOOF)[index % 2],)
        elif index >= 2 * N_ONE:
            labels = TWO[index % len(TWO)]
        tracks, chosen = [], None
        for label in labels:
            chosen = voices.draw(rng, label, chosen)
            tracks.append(voices.track(rng, chosen, is_dense=True))
            holds_spoof.append(chosen[0] is Label.SPOOF)
        if len(tracks) == 2:
            holds_spoof[-2:] = [any(holds_spoof[-2:])]
            if index < 2 * N_ONE:
                change = int(rng.integers(N_SAMPLES // 4, 3 * N_SAMPLES // 4))
                tracks[0][change:], tracks[1][:change] = 0.0, 0.0
            else:
                tracks[1] *= np.float32(10 ** (rng.uniform(-6, 6) / 20))
        sounds.append(_under(condition, rng, tracks, music))
    if condition in CODECS:
        sounds = code_together(sounds, CODECS[condition])
    seconds = np.stack([[sound[at : at + SAMPLE_RATE] for at in STARTS] for sound in sounds])
    overlap = detector.overlap(seconds.reshape(-1, SAMPLE_RATE)).reshape(len(sounds), -1)
    spoof = np.array(holds_spoof)
    edges = {
        "one voice": (0, N_ONE),
        "in turn": (N_ONE, 2 * N_ONE),
        "two voices": (2 * N_ONE, None),
    }
    one, turn, two = (
        Heard(name, overlap[first:last], spoof[first:last]) for name, (first, last) in edges.items()
    )
    return one, turn, two


def auc(one: FloatArray, two: FloatArray) -> float:
    """Return how often a clip of two voices has more than one of one voice; ties count half."""
    ordered = np.sort(one)
    below = np.searchsorted(ordered, two, "left") + np.searchsorted(ordered, two, "right")
    return float(np.mean(below / 2 / len(ordered)))


def _under(
    condition: str, rng: np.random.Generator, tracks: list[FloatArray], music: Sequence[Pool]
) -> FloatArray:
    if condition == "room":
        tracks = [add_room(track, rng).astype(np.float32) for track in tracks]
    mixed = np.asarray(np.sum(tracks, axis=0, dtype=np.float64))
    if condition.startswith("noise"):
        mixed = add_at_snr(mixed, draw_noise(rng), rng.uniform(8, 20))
    if condition.startswith("music"):
        mixed = add_at_snr(mixed, draw_music(rng, music), rng.uniform(8, 20))
    return np.asarray(mixed, np.float32)
