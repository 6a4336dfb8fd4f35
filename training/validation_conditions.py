"""The conditions that a detector is validated under, each one named in plain words.

Three mix what the world does to sound (clean, web, degraded: the copies of training/feature_cache.py);
the others do one stated thing to every utterance of both classes.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from pipeline.vocabulary import FloatArray, Label
from training.augment import add_at_snr, add_room, make_music, make_noise
from training.feature_cache import (
    CLEAN,
    CopyPlan,
    degraded_copy,
    make_waveforms,
    read_speech,
    web_copy,
)
from training.lossy_codecs import Codec, code_together
from training.manifests import Utterance
from training.splits import group_name

_log = logging.getLogger(__name__)

SEED = 20_261_121
NOISE_SNR_DB = 10.0
MUSIC_SNR_DB = 5.0
# The single degradations are measured on a part, spread over all sources and systems: thirteen
# conditions on all utterances would not fit into 15 minutes on two cores.
SUBSET = 200


class Step(Enum):
    """What is done to the sound before a codec."""

    NONE = "none"
    NOISE = "noise"
    MUSIC = "music"
    ROOM = "room"


@dataclass(frozen=True, slots=True)
class Condition:
    """One way to treat every utterance."""

    name: str  # as tables and cards name it
    words: str  # for readers
    plan: CopyPlan | None = None  # a copy as training knows them; the fields below are unused
    step: Step = Step.NONE
    codec: Codec | None = None
    most_utterances: int = SUBSET  # of both classes together

    def make(self, utterances: Sequence[Utterance]) -> list[FloatArray]:
        """Return the utterances' samples under this condition, 16 kHz.

        Raises:
            subprocess.CalledProcessError: this ffmpeg does not know the codec.
        """
        if self.plan is not None:
            return make_waveforms(utterances, self.plan)
        random = np.random.default_rng(SEED)
        waveforms = [read_speech(row.path) for row in utterances]
        treated = [_STEPS[self.step](samples, random) for samples in waveforms]
        return treated if self.codec is None else code_together(treated, self.codec)


def _noisy(samples: FloatArray, random: np.random.Generator) -> FloatArray:
    noise = make_noise(len(samples), [], random)
    return add_at_snr(samples, noise, NOISE_SNR_DB).astype(np.float32)


def _with_music(samples: FloatArray, random: np.random.Generator) -> FloatArray:
    music = make_music(len(samples), random)
    return add_at_snr(samples, music, MUSIC_SNR_DB).astype(np.float32)


def _in_a_room(samples: FloatArray, random: np.random.Generator) -> FloatArray:
    return add_room(samples.astype(np.float64), random).astype(np.float32)


_STEPS: dict[Step, Callable[[FloatArray, np.random.Generator], FloatArray]] = {
    Step.NONE: lambda samples, _: samples,
    Step.NOISE: _noisy,
    Step.MUSIC: _with_music,
    Step.ROOM: _in_a_room,
}

ALL = 1_000_000  # more than any corpus' test part

MIXED: tuple[Condition, ...] = (
    Condition("clean", "as it is", CLEAN, most_utterances=ALL),
    Condition(
        "web", "through one codec of the web (MP3, AAC, Opus, Vorbis)", web_copy(2),
        most_utterances=ALL,
    ),
    Condition(
        "degraded", "room, noise, music, narrow bands and low-rate codecs, by chance",
        degraded_copy(3), most_utterances=ALL,
    ),
)  # fmt: skip

SINGLE: tuple[Condition, ...] = (
    Condition(
        "telephone", "G.711 (µ-law) at 8 kHz",
        codec=Codec("g711-mu", ".wav", ("-ar", "8000", "-c:a", "pcm_mulaw")),
    ),
    Condition(
        "mobile", "AMR narrow band, 12.2 kbit/s",
        codec=Codec(
            "amr-nb", ".amr", ("-ar", "8000", "-c:a", "libopencore_amrnb", "-b:a", "12.2k")
        ),
    ),
    Condition(
        "g722", "G.722 at 16 kHz, 64 kbit/s",
        codec=Codec("g722", ".wav", ("-ar", "16000", "-c:a", "g722")),
    ),
    Condition(
        "mp3", "MP3 at 44.1 kHz, 64 kbit/s",
        codec=Codec("mp3-64", ".mp3", ("-ar", "44100", "-c:a", "libmp3lame", "-b:a", "64k")),
    ),
    Condition(
        "opus", "Opus, 24 kbit/s",
        codec=Codec("opus-24", ".ogg", ("-ar", "48000", "-c:a", "libopus", "-b:a", "24k")),
    ),
    Condition("noise", f"noise or hum at {NOISE_SNR_DB:g} dB", step=Step.NOISE),
    Condition("music", f"synthesised music at {MUSIC_SNR_DB:g} dB", step=Step.MUSIC),
    Condition("room", "a made-up room, RT60 0.15 to 0.9 s", step=Step.ROOM),
)  # fmt: skip


def spread(utterances: Sequence[Utterance], most: int) -> list[int]:
    """Return the places of at most `most` utterances, half of each class if there are as many.

    Sources and systems take turns, so that a small one is not lost; the same ones every time.
    """
    if len(utterances) <= most:
        return list(range(len(utterances)))
    chosen: list[int] = []
    for label in Label:
        by_group: dict[str, list[int]] = {}
        for place, row in enumerate(utterances):
            if row.label is label:
                by_group.setdefault(group_name(row), []).append(place)
        random = np.random.default_rng(SEED)
        queues = [list(random.permutation(places)) for _, places in sorted(by_group.items())]
        turns: list[int] = []
        while queues and len(turns) < most // 2:
            turns += [int(queue.pop()) for queue in queues]
            queues = [queue for queue in queues if queue]
        chosen += turns[: most // 2]
    return sorted(chosen)
