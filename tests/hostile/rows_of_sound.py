"""Rows of the samples themselves: numbers, rates, channels, and sound that is no speech."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from pipeline.vocabulary import FloatArray
from tests.hostile import hostile_files as made
from tests.hostile.hostile_case import (
    NO_SPEECH,
    SPEECH_S,
    Case,
    Write,
    write_content,
    write_encoded,
)
from tests.makers import (
    SAMPLE_RATE,
    ffmpeg,
    music,
    noise,
    silence,
    square_wave,
    tone,
    wav_bytes,
    write_wav,
)


def values_that_are_no_numbers() -> Iterator[Case]:
    """NaN and infinity are never judged; what is beside them is."""
    for name, value in {"nan": np.nan, "inf": np.inf, "minus-inf": -np.inf}.items():
        whole = partial(made.not_finite_wav, value=value)
        note = frozenset({"not_finite"})
        yield Case("not-finite", name, whole, frozenset({"not_finite"}), note)
        yield Case("not-finite", f"{name}-a-little", partial(whole, share=0.02), notes=note)
    sound = made.speech(SPEECH_S)
    for name, factor in {"huge": 1e30, "beyond-full-scale": 50.0}.items():
        yield Case(
            "not-finite",
            name,
            _float_wav(sound * np.float32(factor)),
            frozenset({"", "clipped", *NO_SPEECH}),
        )
    denormal = _float_wav(sound * np.float32(1e-39))
    yield Case("not-finite", "denormal", denormal, frozenset({"silence"}))


def rates_and_depths() -> Iterator[Case]:
    """4 to 384 kHz, 8 to 64 bits: the same speech."""
    rates = (4_000, 6_000, 8_000, 11_025, 12_000, 22_050, 24_000, 32_000, 44_100, 48_000)
    for rate in (*rates, 64_000, 88_200, 96_000, 176_400, 192_000, 384_000):
        write = write_encoded("a.wav", "-ar", f"{rate}")
        # at 4 kHz hardly a voice is left: told apart from silence is enough
        outcomes = (
            frozenset({"", "music", "no_speech", "too_short"}) if rate < 8_000 else frozenset[str]()
        )
        yield Case("rate", f"{rate}", write, outcomes, heard_s=SPEECH_S)
    for codec in ("u8", "s16le", "s24le", "s32le", "f32le", "f64le", "alaw", "mulaw"):
        yield Case("depth", codec, write_encoded("a.wav", "-c:a", f"pcm_{codec}"), heard_s=SPEECH_S)
    low = frozenset({"low_bit_rate"})
    for name, options in {
        "a.amr": ("-c:a", "libopencore_amrnb", "-ar", "8000", "-b:a", "12.2k"),
        "a.opus": ("-c:a", "libopus", "-b:a", "16k"),
        "a.mp3": ("-c:a", "libmp3lame", "-b:a", "24k", "-ar", "16000"),
        "a.webm": ("-c:a", "libopus", "-b:a", "12k"),
    }.items():
        yield Case("bit-rate", name, write_encoded(name, *options), notes=low)


def channels() -> Iterator[Case]:
    """Channels are looked at apart."""
    sound = made.speech(SPEECH_S)
    none = np.zeros_like(sound)
    layouts = {
        "opposite": (sound, -sound),
        "dual-mono": (sound, sound),
        "left-only": (sound, none),
        "right-only": (none, sound),
        "beside-noise": (sound, noise(1, SPEECH_S, 0.05)),
        "beside-dc": (np.full_like(sound, 0.4), sound),
        "quiet-copy": (sound, 0.01 * sound),
        "three": (none, none, sound),
        "five-one": (none, none, sound, none, none, none),
        "seven-one": (*[none] * 7, sound),
        "sixteen": (*[none] * 15, sound),
        "thirty-two": (*[none] * 31, sound),
    }
    for name, parts in layouts.items():
        yield Case("channels", name, partial(_channels, parts=parts), heard_s=SPEECH_S)
    for name, offset in {"offset": 0.1, "large-offset": 0.4, "negative-offset": -0.3}.items():
        shifted = (0.5 * sound + offset).astype(np.float32)
        write = partial(_channels, parts=(shifted,))
        yield Case("channels", name, write, notes=frozenset({"offset_removed"}), heard_s=SPEECH_S)
    for name, part in {"offset-second": sound, "dead-second": none}.items():
        parted = (0.5 * sound).astype(np.float32)
        second = slice(SAMPLE_RATE, 2 * SAMPLE_RATE)
        parted[second] = 0.5 * part[second] + 0.45
        write = partial(_channels, parts=(parted,))
        notes = frozenset({"offset_stretch_removed"})
        yield Case("channels", name, write, notes=notes, heard_s=SPEECH_S)
    surround = partial(_channels, parts=layouts["five-one"])
    for codec, name in (
        ("ac3", "a.mka"),
        ("aac", "a.m4a"),
        ("libopus", "a.opus"),
        ("flac", "a.flac"),
    ):
        yield Case("channels", f"five-one-{codec}", _recoded(surround, name, codec))
    silent = partial(_channels, parts=(none, none))
    yield Case("channels", "all-silent", silent, frozenset({"silence"}))


def no_speech() -> Iterator[Case]:
    """Silence, DC, tones, noise and music are not judged."""
    dial = (tone(350, 5.0, 0.25) + tone(440, 5.0, 0.25)).astype(np.float32)
    sounds = {
        "silence": silence(5.0),
        "dc": np.full(5 * SAMPLE_RATE, 0.3, np.float32),
        "full-dc": np.ones(5 * SAMPLE_RATE, np.float32),
        "square": square_wave(200.0, 5.0),
        "square-low": square_wave(3.0, 5.0),
        "tone": tone(440.0, 5.0),
        "tone-50-hz": tone(50.0, 5.0),
        "tone-7-khz": tone(7_000.0, 5.0, 0.9),
        "dial": dial,
        "music": music(3, 6.0),
        "noise": noise(1, 5.0),
        "loud-noise": noise(4, 5.0, 1.0),
        "hiss": noise(2, 5.0, 0.003),
        "one-click": np.eye(1, 5 * SAMPLE_RATE, 40_000, dtype=np.float32)[0],
        "clicks": (np.arange(5 * SAMPLE_RATE) % 4_000 == 0).astype(np.float32),
        "half-a-second-of-speech": made.speech(2.0)[SAMPLE_RATE : SAMPLE_RATE * 3 // 2],
        "one-sample": silence(0.001)[:1] + np.float32(0.5),
        "two-samples": silence(0.001)[:2],
    }
    for name, sound in sounds.items():
        write = partial(write_wav_named, sound=sound)
        yield Case("no-speech", name, write, NO_SPEECH | {"clipped"})


def write_wav_named(folder: Path, sound: FloatArray) -> Path:
    """Write a sound as a WAV."""
    return write_wav(folder / "sound.wav", sound)


def _float_wav(sound: FloatArray) -> Write:
    return write_content("float.wav", wav_bytes(sound, bits=32, is_float=True))


def _channels(folder: Path, parts: tuple[FloatArray, ...]) -> Path:
    return write_wav(folder / "channels.wav", np.stack(parts, axis=1))


def _recoded(write: Write, name: str, codec: str) -> Write:
    def recode(folder: Path) -> Path:
        out = folder / name
        ffmpeg("-i", str(write(folder)), "-c:a", codec, "-ar", "48000", str(out))
        return out

    return recode
