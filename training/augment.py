"""Degradations for training and validation: one chain for both classes.

room -> noise or music -> equaliser -> clipping -> narrow band -> codec, each by chance. The one
thing that differs by class, on purpose, is how often a lossy codec is used: in the corpus genuine
speech was often compressed before and synthetic speech hardly ever, and a detector that learns
"was compressed" has learned nothing (SCIENCE.md §8).

Codecs are run by the ffmpeg of the `imageio-ffmpeg` wheel, many utterances joined into one file.
"""

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import scipy.signal

from pipeline.vocabulary import FloatArray

SAMPLE_RATE = 16_000
GAP_SAMPLES = 3200  # 0.2 s between joined utterances: no codec's memory reaches across it


@dataclass(frozen=True, slots=True)
class Codec:
    """One way through ffmpeg."""

    name: str
    suffix: str  # of the file between encoder and decoder
    options: tuple[str, ...]  # ffmpeg's output options


def _mp3(rate_hz: int, kbps: int) -> Codec:
    return Codec(
        f"mp3-{rate_hz // 1000}k-{kbps}",
        ".mp3",
        ("-ar", str(rate_hz), "-c:a", "libmp3lame", "-b:a", f"{kbps}k"),
    )


def _aac(rate_hz: int, kbps: int) -> Codec:
    options = ("-ar", str(rate_hz), "-c:a", "aac", "-b:a", f"{kbps}k")
    return Codec(f"aac-{rate_hz // 1000}k-{kbps}", ".m4a", options)


def _opus(kbps: int) -> Codec:
    return Codec(f"opus-{kbps}", ".ogg", ("-ar", "48000", "-c:a", "libopus", "-b:a", f"{kbps}k"))


def _vorbis(rate_hz: int, quality: int) -> Codec:
    return Codec(
        f"vorbis-{rate_hz // 1000}k-q{quality}",
        ".ogg",
        ("-ar", str(rate_hz), "-c:a", "libvorbis", "-q:a", str(quality)),
    )


# What recordings on the web went through: history that is hardly heard.
WEB_CODECS: tuple[Codec, ...] = (
    _mp3(16_000, 48), _mp3(16_000, 64), _mp3(22_050, 64), _mp3(44_100, 64), _mp3(44_100, 96),
    _mp3(44_100, 128), _mp3(24_000, 96), _aac(16_000, 48), _aac(44_100, 64), _aac(44_100, 96),
    _aac(48_000, 128), _opus(32), _opus(48), _opus(64), _vorbis(16_000, 3), _vorbis(44_100, 3),
    _vorbis(22_050, 5), Codec("mp2-64", ".mp2", ("-ar", "16000", "-c:a", "mp2", "-b:a", "64k")),
)  # fmt: skip
# What is plainly heard: low rates and telephones.
HARD_CODECS: tuple[Codec, ...] = (
    _mp3(16_000, 24), _mp3(16_000, 32), _aac(16_000, 24), _aac(16_000, 32), _opus(12), _opus(16),
    _opus(24), _vorbis(16_000, 0),
    Codec("g722", ".wav", ("-ar", "16000", "-c:a", "g722")),
    Codec("g711-mu", ".wav", ("-ar", "8000", "-c:a", "pcm_mulaw")),
    Codec("g711-a", ".wav", ("-ar", "8000", "-c:a", "pcm_alaw")),
    Codec("g726-32", ".wav", ("-ar", "8000", "-c:a", "g726", "-b:a", "32k")),
    Codec("amr-nb", ".amr", ("-ar", "8000", "-c:a", "libopencore_amrnb", "-b:a", "12.2k")),
    Codec("wma-32", ".wma", ("-ar", "16000", "-c:a", "wmav2", "-b:a", "32k")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChainOdds:
    """How often each step of the chain is taken."""

    room: float = 0.2
    noise: float = 0.3
    music: float = 0.1
    equaliser: float = 0.3
    clipping: float = 0.04
    narrow_band: float = 0.12  # resampled to 8 to 12 kHz and back, or the telephone band


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
    return np.asarray(out, dtype=np.float32)


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


def code_together(utterances: Sequence[FloatArray], codec: Codec) -> list[FloatArray]:
    """Return the utterances after encoding and decoding, each as long as before.

    Raises:
        subprocess.CalledProcessError: ffmpeg refused.
    """
    gap = np.zeros(GAP_SAMPLES, dtype=np.float32)
    joined = np.concatenate([part for samples in utterances for part in (gap, samples)] + [gap])
    peak = max(float(np.abs(joined).max()), 1e-6)
    pcm = np.round(joined / peak * 0.7 * 32767).astype("<i2")
    coded = _through_ffmpeg(pcm, codec).astype(np.float32) / 32768.0 * (peak / 0.7)
    shift = _delay_samples(joined, coded)
    coded = np.pad(coded, (max(0, -shift), 0))[max(0, shift) :]
    coded = np.pad(coded, (0, max(0, len(joined) - len(coded))))
    out, at = [], 0
    for samples in utterances:
        at += GAP_SAMPLES
        out.append(coded[at : at + len(samples)])
        at += len(samples)
    return out


def _through_ffmpeg(pcm: np.ndarray, codec: Codec) -> np.ndarray:
    """Return 16-bit samples after encoder and decoder."""
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    raw = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1")
    quiet = ("-hide_banner", "-loglevel", "error", "-threads", "1")
    with tempfile.TemporaryDirectory() as folder:
        coded = Path(folder) / f"coded{codec.suffix}"
        encode = [ffmpeg, *quiet, *raw, "-i", "-", *codec.options, "-y", str(coded)]
        # Own samples and own argument lists: nothing from outside reaches these two calls.
        subprocess.run(encode, input=pcm.tobytes(), check=True, capture_output=True)  # noqa: S603
        decode = [ffmpeg, *quiet, "-i", str(coded), *raw, "-"]
        done = subprocess.run(decode, check=True, capture_output=True)  # noqa: S603
    return np.frombuffer(done.stdout, dtype="<i2")


def _delay_samples(before: FloatArray, after: FloatArray) -> int:
    """Return how many samples the codec came late, by the peak of the cross-correlation."""
    n_samples = min(len(before), len(after), 20 * SAMPLE_RATE)
    correlation = scipy.signal.correlate(after[:n_samples], before[:n_samples], method="fft")
    window = 4000  # no codec here is later than a quarter of a second
    centre = n_samples - 1
    near = correlation[centre - window : centre + window + 1]
    return int(np.argmax(np.abs(near))) - window
