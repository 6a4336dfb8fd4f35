"""Mixtures for the mask net: speech, music, noise and tones in a random room at a random level.

A mixture comes with the voice in it (as the room and the line made it sound) and with labels of
where a voice is. Both classes of speech are treated alike: the mask must not know the label.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from pipeline.vocabulary import FloatArray
from training.mask_pools import HOP_LENGTH, SAMPLE_RATE, Pool
from training.synthetic_noise import NOISES, TONES, coloured

BoolArray = NDArray[np.bool_]

PAUSE_FRAMES = 19  # 0.3 s: a shorter pause between words belongs to the speech
EDGE_FRAMES = 2  # 32 ms before and after a voice counts as voice: soft onsets, dying vowels


@dataclass(frozen=True, slots=True)
class MixtureConfig:
    """How often what is mixed with what."""

    n_samples: int  # of one mixture
    voice_share: float = 0.62  # of mixtures that hold a voice
    alone_share: float = 0.2  # of those: nothing but the voice
    music_share: float = 0.55  # of other sound: music, else noise and tones
    snr_db: tuple[float, float, float] = (
        -5.0,
        0.0,
        30.0,
    )  # voice over other: least, most often, most
    level_db: tuple[float, float] = (-60.0, -6.0)  # of the mixture's loudest second, dBFS
    silence_share: float = 0.25  # of mixtures with digital silence somewhere


@dataclass(frozen=True, slots=True)
class MixtureBatch:
    """Some mixtures."""

    recorded: FloatArray  # (n, n_samples)
    voice: FloatArray  # (n, n_samples), zero where there is none
    is_voiced: BoolArray  # (n, n_frames) of HOP_LENGTH samples


def make_batch(
    rng: np.random.Generator, speech: Pool, music: tuple[Pool, ...], config: MixtureConfig, n: int
) -> MixtureBatch:
    """Return n mixtures; the same generator state gives the same mixtures."""
    mixtures = [_mixture(rng, speech, music, config) for _ in range(n)]
    recorded, voice, is_voiced = (np.stack(arrays) for arrays in zip(*mixtures, strict=True))
    return MixtureBatch(recorded, voice, is_voiced)


def paired_anew(
    rng: np.random.Generator, batch: MixtureBatch, config: MixtureConfig
) -> MixtureBatch:
    """Return the batch's voices among one another's other sounds, at new levels."""
    voice, other = batch.voice.copy(), np.roll(batch.recorded - batch.voice, 1, axis=0)
    for index in range(len(voice)):
        if voice[index].any() and other[index].any():
            snr_db = rng.triangular(*config.snr_db)
            other[index] *= _rms(voice[index]) / _rms(other[index]) * 10 ** (-snr_db / 20)
        loudest = max(float(np.abs(voice[index] + other[index]).max()), 1e-6)
        gain = np.float32(10 ** (rng.uniform(*config.level_db) / 20) * 3 / loudest)
        voice[index] *= gain
        other[index] *= gain
    return MixtureBatch(np.clip(voice + other, -1, 1), voice, batch.is_voiced)


def speech_activity(samples: FloatArray) -> BoolArray:
    """Return where clean speech holds a voice, one label for each HOP_LENGTH samples begun.

    A frame counts where its level is within 35 dB of the clip's loud frames and above the clip's
    own noise; pauses of up to PAUSE_FRAMES are filled, edges widened by EDGE_FRAMES.
    """
    n_frames = -(-len(samples) // HOP_LENGTH)
    padded = np.zeros(n_frames * HOP_LENGTH, dtype=np.float32)
    padded[: len(samples)] = samples
    power = np.square(padded.reshape(n_frames, HOP_LENGTH)).mean(axis=1)
    level_db = 10 * np.log10(ndimage.uniform_filter1d(power, 3) + 1e-10)
    loud_db, floor_db = np.percentile(level_db, 95), np.percentile(level_db, 5)
    threshold_db = max(loud_db - 35, min(floor_db + 8, loud_db - 15), -75.0)
    is_loud = level_db > threshold_db
    closed = ndimage.binary_closing(
        np.pad(is_loud, PAUSE_FRAMES), structure=np.ones(PAUSE_FRAMES, dtype=bool)
    )[PAUSE_FRAMES:-PAUSE_FRAMES]
    opened = ndimage.binary_opening(closed, structure=np.ones(4, dtype=bool))  # no lone clicks
    return ndimage.binary_dilation(opened, iterations=EDGE_FRAMES) if opened.any() else opened


def _mixture(
    rng: np.random.Generator, speech: Pool, music: tuple[Pool, ...], config: MixtureConfig
) -> tuple[FloatArray, FloatArray, BoolArray]:
    n_samples = config.n_samples
    has_voice = rng.random() < config.voice_share
    voice = np.zeros(n_samples, dtype=np.float32)
    active = np.zeros(n_samples, dtype=bool)
    if has_voice:
        voice, active = _speech(rng, speech, n_samples)
    other = np.zeros(n_samples, dtype=np.float32)
    if not (has_voice and rng.random() < config.alone_share):
        other = _other_sound(rng, music, config)
    if active.any() and other.any():
        snr_db = rng.triangular(*config.snr_db)
        gain = _rms(voice[active]) / _rms(other) * 10 ** (-snr_db / 20)
        other = (other * gain).astype(np.float32)
    if rng.random() < 0.25:  # the line or the recorder that all went through
        response = _line(rng, n_samples)
        voice, other = _filter(voice, response), _filter(other, response)
    voice, other = _level(rng, voice, other, config)
    if rng.random() < config.silence_share:  # a cut-out, a padded end, a late start
        start, end = np.sort(rng.integers(-n_samples // 2, n_samples + n_samples // 2, 2))
        silent = slice(max(0, start), max(0, end))
        voice[silent], other[silent], active[silent] = 0.0, 0.0, False
    recorded = voice + other
    if rng.random() < 0.05:
        recorded = np.clip(recorded * rng.uniform(1, 6), -1, 1)
    if rng.random() < 0.5:
        recorded = np.round(recorded * 32768) / 32768  # 16 bits
    cells = active[: n_samples // HOP_LENGTH * HOP_LENGTH].reshape(-1, HOP_LENGTH)
    return recorded.astype(np.float32), voice, cells.mean(axis=1) > 0.5


def _speech(rng: np.random.Generator, pool: Pool, n_samples: int) -> tuple[FloatArray, BoolArray]:
    """Return speech of one or, seldom, several speakers, and where it is."""
    n_speakers = 1 if rng.random() < 0.85 else int(rng.integers(2, 6))
    voice = np.zeros(n_samples, dtype=np.float32)
    active = np.zeros(n_samples, dtype=bool)
    is_dense = rng.random() < 0.6
    for _ in range(n_speakers):
        position = -int(rng.integers(0, 2 * SAMPLE_RATE)) if is_dense else 0
        loudness = 10 ** (rng.uniform(-8, 0) / 20) if n_speakers > 1 else 1.0
        while position < n_samples:
            if not is_dense:
                position += int(rng.exponential(1.2) * SAMPLE_RATE)
            clip, clip_active = _clip(rng, pool)
            start, end = max(0, position), min(n_samples, position + len(clip))
            if end > start:
                inside = slice(start - position, end - position)
                voice[start:end] += loudness * clip[inside]
                active[start:end] |= clip_active[inside]
            position += len(clip)
    if rng.random() < 0.4:
        voice = _filter(voice, _room(rng, n_samples))
    if rng.random() < 0.4:
        voice = _filter(voice, _equaliser(rng, n_samples))
    return voice, active


def _clip(rng: np.random.Generator, pool: Pool) -> tuple[FloatArray, BoolArray]:
    """Return one clip at active level 0.1, at times faster or slower, and where it is speech."""
    index = int(rng.integers(len(pool.starts)))
    copy = 0 if rng.random() < 0.55 else int(rng.integers(len(pool.copies)))
    clip = pool.clip(index, copy)
    is_active = speech_activity(pool.clip(index, 0))
    active = np.repeat(is_active, HOP_LENGTH)[: len(clip)]
    if rng.random() < 0.3:
        rate = rng.uniform(0.88, 1.14)
        times = np.arange(0, len(clip) - 1, rate)
        clip = np.interp(times, np.arange(len(clip)), clip).astype(np.float32)
        active = active[times.astype(np.int64)]
    level = _rms(clip[active]) if active.any() else _rms(clip)
    return clip * np.float32(0.1 * 10 ** (rng.uniform(-4, 4) / 20) / level), active


def _other_sound(
    rng: np.random.Generator, music: tuple[Pool, ...], config: MixtureConfig
) -> FloatArray:
    """Return music, noise, tones, or two of them."""
    sound = _one_sound(rng, music, config)
    if rng.random() < 0.25:
        second = _one_sound(rng, music, config)
        sound = sound + second * np.float32(
            _rms(sound) / _rms(second) * 10 ** (rng.uniform(-25, 0) / 20)
        )
    if rng.random() < 0.3:
        sound = _filter(sound, _room(rng, config.n_samples))
    if rng.random() < 0.3:
        sound = _filter(sound, _equaliser(rng, config.n_samples))
    return sound


def _one_sound(
    rng: np.random.Generator, music: tuple[Pool, ...], config: MixtureConfig
) -> FloatArray:
    if rng.random() < config.music_share:
        stretch = music[int(rng.integers(len(music)))].draw(rng, config.n_samples)
        out = np.zeros(config.n_samples, dtype=np.float32)
        if len(stretch) > config.n_samples // 2:
            out[: len(stretch)] = stretch
            return out
        for start in range(0, config.n_samples, max(len(stretch), 800)):  # a short sound, repeated
            part = stretch[: config.n_samples - start]
            out[start : start + len(part)] = part
        return out
    makers = NOISES if rng.random() < 0.7 else TONES
    return makers[int(rng.integers(len(makers)))](rng, config.n_samples, SAMPLE_RATE)


def _level(
    rng: np.random.Generator, voice: FloatArray, other: FloatArray, config: MixtureConfig
) -> tuple[FloatArray, FloatArray]:
    """Return both at a random level, with the faint hiss that every analogue line has, or without."""
    total = voice + other
    n_seconds = len(total) // SAMPLE_RATE
    seconds = total[: n_seconds * SAMPLE_RATE].reshape(n_seconds, SAMPLE_RATE)
    loudest = float(np.sqrt(np.square(seconds).mean(axis=1)).max())
    gain = np.float32(10 ** (rng.uniform(*config.level_db) / 20) / max(loudest, 1e-5))
    voice, other = voice * gain, other * gain
    if rng.random() < 0.6:
        hiss = coloured(rng, len(total), SAMPLE_RATE)
        hiss_db = rng.uniform(-95, -55)
        if voice.any():  # a hiss above the speech would be noise, which is drawn elsewhere
            hiss_db = min(hiss_db, 20 * np.log10(_rms(voice)) - 15)
        other = other + hiss * np.float32(10 ** (hiss_db / 20) / _rms(hiss))
    return voice, other


def _room(rng: np.random.Generator, n_samples: int) -> NDArray[np.complex64]:
    """Return the response of a room: direct sound, then decaying noise of RT60 0.1 to 0.9 s."""
    rt60_s = rng.uniform(0.1, 0.9)
    n_tail = int(rt60_s * SAMPLE_RATE)
    t = np.arange(n_tail, dtype=np.float32) / SAMPLE_RATE
    tail = rng.standard_normal(n_tail).astype(np.float32) * np.exp(-6.9 * t / rt60_s)
    tail[: int(rng.uniform(0.001, 0.02) * SAMPLE_RATE)] = 0.0
    tail *= 10 ** (-rng.uniform(-3, 15) / 20) / max(float(np.sqrt(np.square(tail).sum())), 1e-6)
    tail[0] = 1.0
    return _spectrum(tail, n_samples)


def _equaliser(rng: np.random.Generator, n_samples: int) -> NDArray[np.complex64]:
    """Return a smooth response within about +-12 dB, with a tilt."""
    n_bins = _n_fft(n_samples) // 2 + 1
    octave = np.log2(np.maximum(np.linspace(0, SAMPLE_RATE / 2, n_bins), 40) / 1000)
    knots = np.linspace(octave[0], octave[-1], 8)
    gain_db = np.interp(octave, knots, rng.normal(0, 4, 8)) + rng.uniform(-4, 4) * octave
    return (10 ** (np.clip(gain_db, -25, 15) / 20)).astype(np.complex64)


def _line(rng: np.random.Generator, n_samples: int) -> NDArray[np.complex64]:
    """Return the response of a telephone, or of a recorder of little bandwidth."""
    hz = np.linspace(0, SAMPLE_RATE / 2, _n_fft(n_samples) // 2 + 1)
    low_hz = rng.uniform(150, 400) if rng.random() < 0.7 else 1.0
    high_hz = rng.uniform(3000, 3800) if rng.random() < 0.7 else rng.uniform(4000, 7500)
    rise = 1 / (1 + (low_hz / np.maximum(hz, 1)) ** 6)
    fall = 1 / (1 + (hz / high_hz) ** rng.uniform(20, 60))
    return (rise * fall).astype(np.complex64)


def _n_fft(n_samples: int) -> int:
    return int(fft.next_fast_len(n_samples + SAMPLE_RATE, real=True))  # a room's tail fits in


def _spectrum(response: FloatArray, n_samples: int) -> NDArray[np.complex64]:
    spectrum: NDArray[np.complex64] = fft.rfft(response, n=_n_fft(n_samples))
    return spectrum


def _filter(samples: FloatArray, response: NDArray[np.complex64]) -> FloatArray:
    if not samples.any():
        return samples
    n_samples = len(samples)
    spectrum = fft.rfft(samples, n=_n_fft(n_samples)) * response
    filtered: FloatArray = fft.irfft(spectrum, n=_n_fft(n_samples))[:n_samples].astype(np.float32)
    return filtered


def _rms(samples: FloatArray) -> float:
    return max(float(np.sqrt(np.square(samples, dtype=np.float32).mean())), 1e-6)
