"""Measures a separator file: what it calls voice, and what it leaves of a voice among other sound.

All of it goes through `pipeline.separate`, as in production. Speech is of the check folds only;
`voiced` is the share of 1-s segments with at least half of their frames over the card's threshold,
of speech only of segments that hold a voice for most of their time.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from pipeline.model_card import Figure
from pipeline.separate import Separator, separate
from pipeline.vocabulary import FloatArray, WaveformBlock
from training.mask_pools import CODECS, SAMPLE_RATE, Pool
from training.mixtures import speech_activity
from training.synthetic_noise import coloured, engine, gliding, impulses, modulated, tones

ITEM_S = 10.0  # length of an item that figures are measured on
LEVEL = 0.05  # -26 dBFS: active level of ordinary speech
QUIET_LEVEL = 10 ** (-50 / 20)
VOICE_SHARE = 0.8  # of a second: such a second ought to be found


def measure(
    separator: Separator, speech: Pool, music: Mapping[str, Pool], seed: int = 7, n_items: int = 40
) -> tuple[Figure, ...]:
    """Return the figures of a separator; counts are of segments or items that hold a voice or not.

    Args:
        separator: the file to be measured.
        speech: clips that training never heard, both classes.
        music: pools that training never heard, by name.
        seed: of the choice of clips and pieces.
        n_items: items of ITEM_S for each figure.
    """
    rng = np.random.default_rng(seed)
    n_samples = int(ITEM_S * SAMPLE_RATE)
    items = [joined_speech(rng, speech, n_samples) for _ in range(n_items)]
    figures = [
        _found_voice(f"speech, {name}", items, copy, level, separator)
        for name, copy, level in (
            ("-26 dBFS", 0, LEVEL),
            ("-50 dBFS", 0, QUIET_LEVEL),
            *((codec, index + 1, LEVEL) for index, (codec, _, _) in enumerate(CODECS)),
        )
    ]
    for name, pool in music.items():
        pieces = [_piece(rng, pool, n_samples) for _ in range(n_items)]
        figures.append(_false_voice(f"music alone, {name}", pieces, separator))
    for maker in (coloured, modulated, engine, impulses, tones, gliding):
        sounds = [0.1 * maker(rng, n_samples, SAMPLE_RATE) for _ in range(n_items)]
        name = "tones" if maker in (tones, gliding) else "noise"
        figures.append(_false_voice(f"{name} alone, {maker.__name__}", sounds, separator))
    clean = [si_sdr_db(voice_of(item[0] * LEVEL, separator)[0], item[0]) for item in items]
    figures.append(_figure("clean speech kept", "si_sdr_db", clean))
    for name, pool in music.items():
        figures.append(
            _gain(rng, items, [_piece(rng, pool, n_samples) for _ in items], name, separator)
        )
    noises = [modulated(rng, n_samples, SAMPLE_RATE) for _ in items]
    figures.append(_gain(rng, items, noises, "noise", separator))
    return tuple(figures)


def joined_speech(rng: np.random.Generator, pool: Pool, n_samples: int) -> list[FloatArray]:
    """Return clips end to end, each at active level 1, in every copy of the pool."""
    copies: list[list[FloatArray]] = [[] for _ in pool.copies]
    total = 0
    while total < n_samples:
        index = int(rng.integers(len(pool.starts)))
        active = np.repeat(speech_activity(pool.clip(index, 0)), 256)
        for copy, parts in enumerate(copies):
            clip = pool.clip(index, copy)
            loud = clip[active[: len(clip)]] if active.any() else clip
            parts.append(clip / max(float(np.sqrt(np.square(loud).mean())), 1e-4))
        total += len(copies[0][-1])
    return [np.concatenate(parts)[:n_samples] for parts in copies]


def voice_of(samples: FloatArray, separator: Separator) -> tuple[FloatArray, FloatArray]:
    """Return the voice (n_samples,) and the voice activity (n_frames,) of a whole recording."""
    block = WaveformBlock(samples.astype(np.float32), SAMPLE_RATE, 0.0, 0, 0)
    blocks = list(separate([block], separator))
    return (
        np.concatenate([block.voice for block in blocks]),
        np.concatenate([block.voice_activity for block in blocks]),
    )


def voiced_segments(activity: FloatArray, separator: Separator) -> FloatArray:
    """Return the voiced share of each whole second."""
    per_second = separator.card.sample_rate / separator.card.hop_length
    edges = np.round(np.arange(0, len(activity) / per_second + 1e-6) * per_second).astype(int)
    is_voiced = activity >= separator.card.voice_threshold
    shares = [is_voiced[a:b].mean() for a, b in pairwise(edges)]
    return np.array(shares, dtype=np.float32)


def si_sdr_db(estimate: FloatArray, reference: FloatArray) -> float:
    """Return the scale-invariant signal-to-distortion ratio (Le Roux et al. 2019, equation 3)."""
    scale = float(estimate @ reference) / float(reference @ reference)
    target = scale * reference
    error = float(np.square(estimate - target).sum())
    return 10 * float(np.log10(float(np.square(target).sum()) / max(error, 1e-20)))


def _found_voice(
    test: str, items: Sequence[list[FloatArray]], copy: int, level: float, separator: Separator
) -> Figure:
    found: list[FloatArray] = []
    for item in items:
        shares = voiced_segments(voice_of(item[copy] * level, separator)[1], separator)
        labels = speech_activity(item[0]).astype(np.float32)
        found.append(shares[voiced_segments(labels, separator)[: len(shares)] >= VOICE_SHARE])
    voiced = np.concatenate(found) >= 0.5
    return _figure(test, "voiced", voiced.tolist(), digits=4)


def _false_voice(test: str, sounds: Sequence[FloatArray], separator: Separator) -> Figure:
    shares = [voiced_segments(voice_of(sound, separator)[1], separator) for sound in sounds]
    voiced = np.concatenate(shares) >= 0.5
    return _figure(test, "voiced", voiced.tolist(), n_voices=0, digits=4)


def _gain(
    rng: np.random.Generator,
    items: Sequence[list[FloatArray]],
    others: Sequence[FloatArray],
    name: str,
    separator: Separator,
) -> Figure:
    """Return how many dB nearer the voice is than the mixture at 0 dB was."""
    gains = []
    for item, other in zip(items, others, strict=True):
        voice = item[0] * LEVEL
        level = np.sqrt(np.square(voice).mean() / max(float(np.square(other).mean()), 1e-12))
        mixture = voice + other * np.float32(level)
        before, after = si_sdr_db(mixture, voice), si_sdr_db(voice_of(mixture, separator)[0], voice)
        gains.append(after - before)
    return _figure(f"speech at 0 dB in {name}", "si_sdr_gain_db", gains)


def _figure(
    test: str,
    metric: str,
    values: Sequence[float],
    n_voices: int | None = None,
    digits: int = 2,
) -> Figure:
    """Return the mean; `n_bonafide` counts what holds a voice, of either class."""
    return Figure(
        test=test,
        metric=metric,
        value=round(float(np.mean(values)), digits),
        n_bonafide=len(values) if n_voices is None else n_voices,
        n_spoof=0,
    )


def _piece(rng: np.random.Generator, pool: Pool, n_samples: int) -> FloatArray:
    """Return a stretch of music at the level of ordinary speech."""
    piece = np.resize(pool.draw(rng, n_samples), n_samples)  # a short one is repeated
    return piece * np.float32(LEVEL / max(float(np.sqrt(np.square(piece).mean())), 1e-5))
