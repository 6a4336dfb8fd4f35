"""Sounds that the demo makes out of nothing, and a few ways to join sounds.

Everything is float32 at 16 kHz, full scale 1.0, and the same on every machine: a seed decides.
"""

import wave
from pathlib import Path

import numpy as np

from pipeline.vocabulary import FloatArray

SAMPLE_RATE = 16_000  # Hz; of all sounds that are made here
_PCM16_FULL_SCALE = 32_767
_MINOR_KEY_CHORDS = (  # semitones above A2: Am F C G, the commonest four chords of pop
    (0, 3, 7, 12),
    (-4, 0, 3, 8),
    (3, 7, 10, 15),
    (-2, 2, 5, 10),
)
_A2_HZ = 110.0
_BEAT_S = 0.5  # 120 beats a minute
_N_PARTIALS = 8  # of a chord's note; enough for a string-like timbre below 8 kHz


def music(seed: int, duration_s: float = 10.0, level: float = 0.25) -> FloatArray:
    """Return chords and drums, no voice: a new chord every two beats, a drum on each beat.

    Args:
        seed: chooses the order of the chords, the timbre and the hits.
        duration_s: seconds.
        level: the largest absolute sample.

    Returns:
        (n_samples,) float32.
    """
    rng = np.random.default_rng(seed)
    n_samples = round(duration_s * SAMPLE_RATE)
    chord_samples = round(2 * _BEAT_S * SAMPLE_RATE)
    partial_gains = rng.uniform(0.4, 1.0, _N_PARTIALS) / np.arange(1, _N_PARTIALS + 1) ** 1.3
    out = np.zeros(n_samples)
    for start in range(0, n_samples, chord_samples):
        chord = _MINOR_KEY_CHORDS[int(rng.integers(len(_MINOR_KEY_CHORDS)))]
        stop = min(start + chord_samples, n_samples)
        out[start:stop] += _chord(chord, partial_gains, chord_samples)[: stop - start]
    for beat, start in enumerate(range(0, n_samples, round(_BEAT_S * SAMPLE_RATE))):
        hit = _kick() if beat % 2 == 0 else _snare(rng)
        stop = min(start + hit.size, n_samples)
        out[start:stop] += hit[: stop - start]
    return scaled(out.astype(np.float32), level)


def scaled(samples: FloatArray, peak: float) -> FloatArray:
    """Return the samples with this largest absolute value; silence stays silence."""
    largest = float(np.max(np.abs(samples), initial=0.0))
    if largest == 0.0:
        return samples
    return (samples * np.float32(peak / largest)).astype(np.float32)


def mixed(voice: FloatArray, other: FloatArray, voice_over_other_db: float) -> FloatArray:
    """Return the voice with something under it, at a ratio of mean powers, peak 0.9.

    Args:
        voice: (n_samples,).
        other: any length; repeated or cut to the voice's.
        voice_over_other_db: ratio of the two mean powers in dB.
    """
    under = np.resize(other, voice.shape)
    voice_power = float(np.mean(voice.astype(np.float64) ** 2))
    under_power = float(np.mean(under.astype(np.float64) ** 2))
    gain = np.sqrt(voice_power / under_power / 10 ** (voice_over_other_db / 10))
    return scaled((voice + under * np.float32(gain)).astype(np.float32), 0.9)


def spliced(base: FloatArray, insert: FloatArray, at_s: float) -> FloatArray:
    """Return `base` with `insert` put in at a time, at the same loudness, edges faded by 10 ms."""
    cut = round(at_s * SAMPLE_RATE)
    base_rms = float(np.sqrt(np.mean(base.astype(np.float64) ** 2)))
    insert_rms = float(np.sqrt(np.mean(insert.astype(np.float64) ** 2)))
    fade = np.linspace(0.0, 1.0, SAMPLE_RATE // 100, dtype=np.float32)
    middle = (insert * np.float32(base_rms / insert_rms)).astype(np.float32)
    middle[: fade.size] *= fade
    middle[-fade.size :] *= fade[::-1]
    joined = np.concatenate([base[:cut], middle, base[cut:]])
    return scaled(joined.astype(np.float32), 0.9)


def read_wav(path: Path) -> FloatArray:
    """Return the samples of a mono 16-bit WAV that we or a checked wheel made; 16 kHz asked for.

    Raises:
        ValueError: another rate, width or number of channels.
    """
    with wave.open(str(path), "rb") as reader:
        form = (reader.getframerate(), reader.getnchannels(), reader.getsampwidth())
        if form != (SAMPLE_RATE, 1, 2):
            raise ValueError(f"{path.name}: expected 16 kHz mono 16 bit, found {form}")
        raw = reader.readframes(reader.getnframes())
    return (np.frombuffer(raw, "<i2") / np.float32(_PCM16_FULL_SCALE)).astype(np.float32)


def write_wav(path: Path, samples: FloatArray, sample_rate: int = SAMPLE_RATE) -> Path:
    """Write mono 16-bit samples and return the path."""
    pcm = np.round(np.clip(samples, -1.0, 1.0) * _PCM16_FULL_SCALE).astype("<i2")
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sample_rate)
        writer.writeframes(pcm.tobytes())
    return path


def _chord(semitones: tuple[int, ...], partial_gains: np.ndarray, n_samples: int) -> np.ndarray:
    time_s = np.arange(n_samples) / SAMPLE_RATE
    note = np.zeros(n_samples)
    for semitone in semitones:
        root_hz = _A2_HZ * 2 ** (semitone / 12)
        for number, gain in enumerate(partial_gains, start=1):
            note += gain * np.sin(2 * np.pi * root_hz * number * time_s)
    attack = np.minimum(1.0, time_s / 0.01)
    return note * attack * np.exp(-1.5 * time_s)


def _kick() -> np.ndarray:
    time_s = np.arange(round(0.25 * SAMPLE_RATE)) / SAMPLE_RATE
    sweep = 2 * np.pi * (50 * time_s + 80 * (1 - np.exp(-30 * time_s)) / 30)
    return 3.0 * np.sin(sweep) * np.exp(-14 * time_s)


def _snare(rng: np.random.Generator) -> np.ndarray:
    time_s = np.arange(round(0.18 * SAMPLE_RATE)) / SAMPLE_RATE
    return 1.5 * rng.standard_normal(time_s.size) * np.exp(-25 * time_s)
