"""Degradations for training and validation: one chain for both classes.

room -> noise or music -> equaliser -> clipping -> narrow band -> RawBoost -> resampling ->
loudness -> codec, each by chance. The one
thing that differs by class, on purpose, is how often a lossy codec is used: in the corpus genuine
speech was often compressed before and synthetic speech hardly ever, and a detector that learns
"was compressed" has learned nothing (SCIENCE.md §8).

The codecs are in training/lossy_codecs.py. Steps that came later (RawBoost, resampling, loudness)
are off unless a plan asks for them and draw from a stream of their own: copies that were made
without them stay the same to the bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.signal
import soxr

from pipeline.vocabulary import FloatArray
from training.raw_boost import raw_boost

SAMPLE_RATE = 16_000
RESAMPLING_RATES = (11_025, 22_050, 24_000, 32_000, 44_100, 48_000)  # Hz, what recordings had
RESAMPLERS = ("QQ", "LQ", "MQ", "HQ", "VHQ")  # soxr's qualities, from cubic to transparent
LOUDNESS_DBFS = (-40.0, -12.0)  # of the voiced frames: a far microphone to a radio voice
VOICED_SHARE = 0.5  # the louder half of the frames of 20 ms
FULL_SCALE = 0.999


@dataclass(frozen=True, slots=True)
class ChainOdds:
    """How often each step of the chain is taken."""

    room: float = 0.2
    noise: float = 0.3
    music: float = 0.1
    equaliser: float = 0.3
    clipping: float = 0.04
    narrow_band: float = 0.12  # resampled to 8 to 12 kHz and back, or the telephone band
    raw_boost: float = 0.0  # Tak et al. 2022
    resampling: float = 0.0  # to another rate and back, by a good or a bad filter
    loudness: float = 0.0  # another level, with the rounding of 16 bits at that level


def degrade(
    samples: FloatArray,
    odds: ChainOdds,
    babble: Sequence[FloatArray],
    random: np.random.Generator,
) -> FloatArray:
    """Return the utterance after the chain up to the codec.

    Args:
        samples: (n_samples,), full scale is 1.0.
        odds: how often each step is taken.
        babble: voices to make babble of, both classes alike.
        random: source of all choices.
    """
    out = samples.astype(np.float64)
    if random.random() < odds.room:
        out = add_room(out, random)
    if random.random() < odds.noise:
        out = add_at_snr(out, make_noise(len(out), babble, random), random.uniform(8, 30))
    if random.random() < odds.music:
        out = add_at_snr(out, make_music(len(out), random), random.uniform(5, 25))
    if random.random() < odds.equaliser:
        out = equalise(out, random)
    if random.random() < odds.clipping:
        out = np.clip(out, *np.quantile(out, [0.01, 0.99]))
    if random.random() < odds.narrow_band:
        out = narrow(out, random)
    if max(odds.raw_boost, odds.resampling, odds.loudness) > 0:
        out = _degrade_further(out, odds, random.spawn(1)[0])  # draws nothing from `random` itself
    return np.asarray(out, dtype=np.float32)


def _degrade_further(
    samples: np.ndarray, odds: ChainOdds, random: np.random.Generator
) -> np.ndarray:
    """Return the sound after the steps that came later."""
    wants = random.random(3)
    out = samples
    if wants[0] < odds.raw_boost:
        out = raw_boost(out, random)
    if wants[1] < odds.resampling:
        out = resample(out, random)
    if wants[2] < odds.loudness:
        out = set_loudness(out, random.uniform(*LOUDNESS_DBFS))
    return out


def add_room(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return the sound in a made-up room: direct sound, a few reflections, a decaying tail."""
    decay_s = random.uniform(0.15, 0.9)  # RT60
    n_tail = int(decay_s * SAMPLE_RATE)
    seconds = np.arange(n_tail) / SAMPLE_RATE
    tail = random.standard_normal(n_tail) * 10 ** (-3 * seconds / decay_s)
    tail[: int(random.uniform(0.002, 0.02) * SAMPLE_RATE)] = 0.0
    damping = random.uniform(0.0, 0.7)  # walls swallow high frequencies
    tail = scipy.signal.lfilter([1 - damping], [1, -damping], tail)
    direct_to_tail = 10 ** (random.uniform(-3, 12) / 20)
    response = tail / np.sqrt(np.sum(tail**2) + 1e-12)
    response[0] = direct_to_tail
    for _ in range(random.integers(2, 7)):
        at = random.integers(10, min(n_tail, 640))
        response[at] += random.uniform(-0.4, 0.4) * direct_to_tail
    wet = scipy.signal.fftconvolve(samples, response)[: len(samples)]
    return np.asarray(wet / (np.max(np.abs(wet)) + 1e-9) * np.max(np.abs(samples)))


def make_noise(
    n_samples: int, babble: Sequence[FloatArray], random: np.random.Generator
) -> np.ndarray:
    """Return coloured noise, hum with noise, or babble, of any level."""
    kind = random.integers(0, 4)
    if kind == 3 and babble:
        chosen = random.integers(0, len(babble), size=random.integers(4, 8))
        voices = [np.resize(babble[i], n_samples) for i in chosen]
        return np.asarray(np.sum([voice / (np.std(voice) + 1e-9) for voice in voices], axis=0))
    spectrum = np.fft.rfft(random.standard_normal(n_samples))
    slope = random.uniform(0.0, 2.0)  # white to brown, in powers of 1/f
    frequency = np.maximum(np.arange(len(spectrum)), 1 + len(spectrum) // 400)
    noise = np.fft.irfft(spectrum * frequency ** (-slope / 2), n=n_samples)
    if kind == 2:
        seconds = np.arange(n_samples) / SAMPLE_RATE
        mains_hz = random.choice([50.0, 60.0])
        hum = sum(np.sin(2 * np.pi * mains_hz * k * seconds) / k for k in (1, 2, 3, 5, 7))
        noise = noise / np.std(noise) + random.uniform(0.3, 2.0) * np.asarray(hum)
    return np.asarray(noise)


def make_music(n_samples: int, random: np.random.Generator) -> np.ndarray:
    """Return chords of decaying harmonic notes over a beat, of any level."""
    music = np.zeros(n_samples + SAMPLE_RATE)
    beat = int(random.uniform(0.2, 0.6) * SAMPLE_RATE)
    root_hz = random.uniform(80, 220)
    for start in range(0, n_samples, beat):
        for step in random.choice([0, 3, 4, 5, 7, 9, 12, 16, 19], size=3, replace=False):
            length = int(random.uniform(0.5, 2.0) * beat) + 1
            seconds = np.arange(min(length, len(music) - start)) / SAMPLE_RATE
            note_hz = root_hz * 2 ** (step / 12)
            partials = [
                np.sin(2 * np.pi * note_hz * k * seconds) / k ** random.uniform(0.8, 2.0)
                for k in range(1, 7)
            ]
            note = np.sum(partials, axis=0) * np.exp(-seconds * random.uniform(1, 8))
            music[start : start + len(note)] += note
        if random.random() < 0.7:
            hit = random.standard_normal(1200) * np.exp(-np.arange(1200) / 200)
            music[start : start + 1200] += hit[: len(music[start : start + 1200])]
    return music[:n_samples]


def add_at_snr(samples: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Return the sum with the wanted ratio of powers."""
    power = np.mean(samples**2) + 1e-12
    noise_power = np.mean(noise**2) + 1e-12
    return np.asarray(samples + noise * np.sqrt(power / noise_power / 10 ** (snr_db / 10)))


def equalise(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return the sound through a smooth random microphone, up to about 6 dB up or down."""
    spectrum = np.fft.rfft(samples)
    position = np.linspace(0, 1, len(spectrum))
    gain_db = random.uniform(-4, 4) * (position - 0.5)
    for k in range(1, 5):
        gain_db = gain_db + random.normal(0, 2.5 / k) * np.cos(
            np.pi * k * position + random.uniform(0, 6.28)
        )
    return np.asarray(np.fft.irfft(spectrum * 10 ** (gain_db / 20), n=len(samples)))


def narrow(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return the sound resampled to 8, 10, 11 or 12 kHz and back, at times the telephone band."""
    rate_hz = int(random.choice([8000, 8000, 10_000, 11_025, 12_000]))
    common = np.gcd(rate_hz, SAMPLE_RATE)
    up, down = rate_hz // common, SAMPLE_RATE // common
    low = scipy.signal.resample_poly(samples, up, down)
    back = scipy.signal.resample_poly(low, down, up)[: len(samples)]
    back = np.pad(back, (0, len(samples) - len(back)))
    if rate_hz == 8000 and random.random() < 0.5:
        telephone = scipy.signal.butter(4, [300, 3400], "bandpass", fs=SAMPLE_RATE, output="sos")
        back = scipy.signal.sosfilt(telephone, back)
    return np.asarray(back)


def resample(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return the sound resampled to a usual rate and back, each way by a resampler of its own."""
    rate_hz = int(random.choice(RESAMPLING_RATES))
    there, back = (str(name) for name in random.choice(RESAMPLERS, size=2))
    moved = soxr.resample(samples, SAMPLE_RATE, rate_hz, quality=there)
    out = soxr.resample(moved, rate_hz, SAMPLE_RATE, quality=back)[: len(samples)]
    return np.pad(out, (0, len(samples) - len(out)))


def set_loudness(samples: np.ndarray, level_dbfs: float) -> np.ndarray:
    """Return the sound with its voiced frames at a level, rounded to 16 bits there.

    A peak that would pass full scale limits the gain: clipping is a step of its own.
    """
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)  # (n_frames, 20 ms)
    power = np.sort(np.mean(frames**2, axis=1))[int(len(frames) * (1 - VOICED_SHARE)) :]
    peak = float(np.max(np.abs(samples), initial=0.0))
    if not len(power) or peak == 0.0:
        return samples
    gain = 10 ** (level_dbfs / 20) / np.sqrt(power.mean() + 1e-12)
    gain = min(gain, FULL_SCALE / peak)
    return np.asarray(np.round(samples * gain * 32768) / 32768)
