"""Makes sounds that are neither voice nor music: noises, machines, impulses, tones, signals.

Each function returns float32 (n_samples,), peak about 1. What they must teach the mask net is that
energy, modulation, harmonics and gliding pitch alone are no voice.
"""

from collections.abc import Callable

import numpy as np
from scipy import fft
from scipy.signal import fftconvolve

from pipeline.vocabulary import FloatArray

Maker = Callable[[np.random.Generator, int, int], FloatArray]


def coloured(rng: np.random.Generator, n_samples: int, sample_rate: int) -> FloatArray:
    """Return noise between brown and blue, sometimes of one band, sometimes with bumps."""
    spectrum = fft.rfft(rng.standard_normal(n_samples).astype(np.float32))
    hz = np.maximum(np.linspace(0, sample_rate / 2, len(spectrum), dtype=np.float32), 20.0)
    shape = hz ** np.float32(rng.choice([0.0, -0.5, -1.0, 0.5, rng.uniform(-1.5, 0.5)]))
    if rng.random() < 0.4:
        centre_hz, width = np.exp(rng.uniform(np.log(80), np.log(7000))), rng.uniform(0.05, 1.5)
        shape *= np.exp(-0.5 * (np.log(hz / centre_hz) / width) ** 2)
    for _ in range(int(rng.integers(0, 4))):
        centre_hz = np.exp(rng.uniform(np.log(100), np.log(6000)))
        bump = np.exp(-0.5 * (np.log(hz / centre_hz) / rng.uniform(0.02, 0.2)) ** 2)
        shape *= 1 + rng.uniform(0, 10) * bump
    return _peak_one(fft.irfft(spectrum * shape, n=n_samples))


def modulated(rng: np.random.Generator, n_samples: int, sample_rate: int) -> FloatArray:
    """Return noise whose level swings: at a steady rate, in bursts, or like wind."""
    noise = coloured(rng, n_samples, sample_rate)
    t = np.arange(n_samples, dtype=np.float32) / sample_rate
    kind = rng.integers(3)
    if kind == 0:
        rate_hz = np.exp(rng.uniform(np.log(0.3), np.log(30)))
        swing = 0.5 + 0.5 * np.sin(2 * np.pi * rate_hz * t + rng.uniform(0, 6))
        return _peak_one(noise * swing ** rng.uniform(0.5, 4))
    knots = rng.random(max(4, int(n_samples / sample_rate * rng.uniform(0.5, 8))))
    level = np.interp(np.linspace(0, len(knots) - 1, n_samples), np.arange(len(knots)), knots)
    if kind == 1:
        level = (level > rng.uniform(0.4, 0.8)).astype(np.float32)
        level = fftconvolve(level, np.hanning(int(0.02 * sample_rate)), mode="same")
    return _peak_one(noise * level.astype(np.float32) ** 2)


def engine(rng: np.random.Generator, n_samples: int, sample_rate: int) -> FloatArray:
    """Return a machine: many harmonics of a slowly wandering low pitch, with noise. Hum too."""
    pitch_hz = float(rng.choice([50.0, 60.0, np.exp(rng.uniform(np.log(15), np.log(400)))]))
    wander = 0.0 if pitch_hz in (50.0, 60.0) else rng.uniform(0, 0.3)
    knots = np.cumsum(rng.standard_normal(max(4, n_samples // sample_rate * 2))) * 0.3
    bend = np.interp(np.linspace(0, len(knots) - 1, n_samples), np.arange(len(knots)), knots)
    phase = 2 * np.pi * np.cumsum(pitch_hz * np.exp(wander * bend)) / sample_rate
    turn = np.exp(1j * phase).astype(np.complex64)
    wave, turning = np.zeros(n_samples, dtype=np.float32), turn.copy()
    tilt = rng.uniform(0.3, 2.0)
    for n in range(1, min(30, int(0.45 * sample_rate / pitch_hz))):
        wave += np.float32(rng.uniform(0, 1) / n**tilt) * turning.imag
        turning *= turn
    noise = coloured(rng, n_samples, sample_rate) * rng.uniform(0, 1)
    return _peak_one(_peak_one(wave) + noise)


def impulses(rng: np.random.Generator, n_samples: int, sample_rate: int) -> FloatArray:
    """Return clicks, keys, steps, knocks, rain or applause: many short sounds of one kind."""
    train = np.zeros(n_samples, dtype=np.float32)
    n_hits = max(1, int(np.exp(rng.uniform(np.log(0.5), np.log(800))) * n_samples / sample_rate))
    train[rng.integers(0, n_samples, n_hits)] = rng.uniform(0.1, 1, n_hits) * rng.choice([-1, 1])
    ring = np.arange(int(0.15 * sample_rate), dtype=np.float32) / sample_rate
    hit = np.exp(-ring / np.exp(rng.uniform(np.log(0.0005), np.log(0.05))))
    if rng.random() < 0.5:
        hit = hit * np.sin(2 * np.pi * np.exp(rng.uniform(np.log(60), np.log(5000))) * ring)
    else:
        hit = hit * rng.standard_normal(len(ring))
    return _peak_one(fftconvolve(train, hit)[:n_samples])


def tones(rng: np.random.Generator, n_samples: int, sample_rate: int) -> FloatArray:
    """Return one to three steady tones of one wave form, sometimes keyed on and off: telephony."""
    t = np.arange(n_samples, dtype=np.float32) / sample_rate
    pairs = [(350, 440), (440, 480), (480, 620), (425, 425), (697, 1209), (941, 1477), (1000, 1000)]
    if rng.random() < 0.4:
        pitches: list[float] = [float(hz) for hz in pairs[rng.integers(len(pairs))]]
    else:
        pitches = list(np.exp(rng.uniform(np.log(40), np.log(7500), int(rng.integers(1, 4)))))
    wave = np.zeros(n_samples, dtype=np.float32)
    form = rng.choice(["sine", "sine", "square", "saw", "triangle"])
    for hz in pitches:
        phase = (hz * t + rng.random()) % 1.0
        wave += {
            "sine": np.sin(2 * np.pi * phase),
            "square": np.sign(phase - rng.uniform(0.2, 0.8)),
            "saw": 2 * phase - 1,
            "triangle": 4 * np.abs(phase - 0.5) - 1,
        }[str(form)].astype(np.float32)
    if rng.random() < 0.5:
        on_s, off_s = np.exp(rng.uniform(np.log(0.04), np.log(2.0), 2))
        wave *= ((t + rng.random()) % (on_s + off_s)) < on_s
    if rng.random() < 0.2:
        wave *= 1 + rng.uniform(0, 1) * np.sin(2 * np.pi * rng.uniform(0.5, 20) * t)
    return _peak_one(wave)


def gliding(rng: np.random.Generator, n_samples: int, sample_rate: int) -> FloatArray:
    """Return sirens, sweeps, chirps, birds and cries: pitch that moves, without formants."""
    t = np.arange(n_samples, dtype=np.float32) / sample_rate
    low, high = np.sort(rng.uniform(np.log(150), np.log(7000), 2))
    rate_hz = np.exp(rng.uniform(np.log(0.1), np.log(12)))
    course = rng.integers(3)
    if course == 0:
        position = 0.5 + 0.5 * np.sin(2 * np.pi * rate_hz * t)
    elif course == 1:
        position = (rate_hz * t) % 1.0
    else:
        knots = rng.random(max(4, int(n_samples / sample_rate * rng.uniform(1, 12))))
        position = np.interp(np.linspace(0, len(knots) - 1, n_samples), range(len(knots)), knots)
    phase = 2 * np.pi * np.cumsum(np.exp(low + (high - low) * position)) / sample_rate
    wave = np.sin(phase)
    for n in range(2, int(rng.integers(2, 6))):
        wave = wave + rng.uniform(0, 0.5) * np.sin(n * phase) * (np.exp(high) * n < sample_rate / 2)
    if rng.random() < 0.6:
        call_s = rng.uniform(0.05, 0.6)
        share = rng.uniform(0.2, 0.9)
        place = (t % call_s) / call_s / share
        wave = wave * np.where(place < 1, np.sin(np.pi * np.minimum(place, 1)), 0.0)
    return _peak_one(wave)


NOISES: tuple[Maker, ...] = (coloured, coloured, modulated, modulated, engine, impulses)
TONES: tuple[Maker, ...] = (tones, tones, gliding)


def _peak_one(samples: np.ndarray) -> FloatArray:
    scaled: FloatArray = (samples / max(float(np.abs(samples).max()), 1e-6)).astype(np.float32)
    return scaled
