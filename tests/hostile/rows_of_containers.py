"""Rows of containers: cut short, misnamed, with headers that lie or change on the way."""

import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.hostile import hostile_files as made
from tests.hostile.hostile_case import (
    NO_SOUND,
    SPEECH_S,
    Case,
    Write,
    write_content,
    write_encoded,
)
from tests.makers import (
    SAMPLE_RATE,
    encode,
    wav_bytes,
)


def cut_short() -> Iterator[Case]:
    """Half a file: heard as far as it goes, and said to be incomplete."""
    told = frozenset({"incomplete"})
    yield Case("cut", "wav", made.truncated_wav, notes=told, heard_s=6.0)
    yield Case("cut", "mp3", made.truncated_mp3, notes=told, heard_s=6.0)
    yield Case("cut", "m4a-without-index", made.truncated_m4a, NO_SOUND)
    for name in ("a.w64", "a.caf", "a.aiff", "a.au", "a.flac", "a.avi"):
        write = partial(_half_of, name=name)
        yield Case("cut", name, write, notes=told)
    yield Case("cut", "rf64", _half_of_rf64, notes=told)
    film = partial(made.video, name="sound-ends.mp4")
    yield Case(
        "cut",
        "sound-ends-first",
        lambda folder: film(folder, made.speech(SPEECH_S)),
        notes=frozenset({"audio_shorter_than_video"}),
        heard_s=SPEECH_S,
    )


def wrong_extensions() -> Iterator[Case]:
    """The content is believed; where the name is of another known form, that is noted."""
    forms = {
        "flac": "mp3",
        "wav": "mp3",
        "mp3": "wav",
        "m4a": "mp3",
        "ogg": "m4a",
        "mkv": "mp4",
        "aac": "wav",
        "aiff": "flac",
        "amr": "ogg",
        "wma": "mp3",
        "caf": "mp4",
        "flv": "webm",
    }
    for truth, claimed in forms.items():
        notes = frozenset({"extension_mismatch"})
        yield Case(
            "extension", f"{truth}-as-{claimed}", _renamed(truth, f"x.{claimed}"), notes=notes
        )
    for name in ("x.dat", "x.jpg", "x.exe", "x", "x.WAV.MP3.", "x.wav.gz.part"):
        yield Case("extension", f"wav-as-{name}", _renamed("wav", name))


def headers_that_lie() -> Iterator[Case]:
    """WAV headers out of bounds, and chunks that mislead."""
    lies: dict[str, tuple[dict[str, int], frozenset[str]]] = {
        "rate-0": ({"sample_rate": 0}, NO_SOUND),
        "rate-1": ({"sample_rate": 1}, NO_SOUND),
        "rate-3999": ({"sample_rate": 3_999}, frozenset({"sample_rate_out_of_bounds"})),
        "rate-400000": ({"sample_rate": 400_000}, frozenset({"sample_rate_out_of_bounds"})),
        "rate-max": ({"sample_rate": 2**31 - 1}, frozenset({"sample_rate_out_of_bounds"})),
        "rate-negative": ({"sample_rate": 2**32 - 1}, NO_SOUND),
        "channels-0": ({"n_channels": 0}, frozenset({"channels_out_of_bounds"})),
        "channels-33": ({"n_channels": 33}, frozenset({"channels_out_of_bounds"})),
        "channels-255": ({"n_channels": 255}, frozenset({"channels_out_of_bounds"})),
        "channels-65535": ({"n_channels": 65_535}, NO_SOUND),
        "bits-0": ({"bits": 0}, NO_SOUND),
    }
    for name, (lie, outcomes) in lies.items():
        yield Case("header", name, _lie(lie), outcomes)
    for size in (0, 0x7FFFFFFF, 0xFFFFFFF0, 0xFFFFFFFF):
        yield Case("header", f"size-{size:x}", _lie({"n_data_bytes": size}), heard_s=6.0)
    sound = wav_bytes(made.speech(SPEECH_S))
    body, fmt = sound[36:], sound[12:36]
    riff = b"RIFF" + struct.pack("<I", len(sound) + 500) + b"WAVE"
    chunks = {
        "data-before-fmt": (riff + body + fmt, frozenset[str]()),
        "no-fmt": (riff + body, NO_SOUND),
        "two-fmt": (riff + fmt + fmt + body, frozenset[str]()),
        "odd-chunk": (riff + b"junk\x03\0\0\0abc\0" + fmt + body, frozenset[str]()),
        "empty-chunks": (riff + b"junk\0\0\0\0" * 500 + fmt + body, frozenset[str]()),
        "endless-chunk": (riff + b"LIST\xff\xff\xff\xff" + fmt + body, NO_SOUND),
        "wrong-riff-size": (b"RIFF\0\0\0\0WAVE" + fmt + body, frozenset[str]()),
        "unknown-codec": (riff + fmt[:8] + b"\xfe\xca" + fmt[10:] + body, NO_SOUND),
        "no-data": (riff + fmt + b"data\0\0\0\0", NO_SOUND),
    }
    for name, (content, outcomes) in chunks.items():
        yield Case("header", name, write_content("lie.wav", content), outcomes)


def changes_on_the_way() -> Iterator[Case]:
    """Rates, layouts and time stamps that change: heard, or missed openly."""
    for write in (made.chained, made.rate_changes, made.jumping_times, made.edit_list):
        yield Case("change", write.__name__, write)
    joined = {
        "three-links": ("libvorbis", "a.ogg", ((), (), ())),
        "opus-links": ("libopus", "a.opus", ((), ("-ac", "2"))),
        "flac-links": ("flac", "a.oga", ((), ("-ar", "8000"))),
        "mp3-mono-stereo": ("libmp3lame", "a.mp3", (("-ac", "1"), ("-ac", "2"))),
        "adts-rates": ("aac", "a.aac", (("-ar", "44100"), ("-ar", "22050"))),
        "ts-layouts": ("mp2", "a.ts", (("-ac", "1"), ("-ac", "2"))),
    }
    for name, (codec, file_name, parts) in joined.items():
        yield Case("change", name, partial(_joined, codec=codec, name=file_name, parts=parts))
    for offset_s in ("-5", "100000"):
        options = ("-c:a", "aac", "-output_ts_offset", offset_s)
        for name in ("a.mkv", "a.ts", "a.mp4"):
            # the edit list of an mp4 hides what lies before zero, from players too
            is_hidden = offset_s == "-5" and name == "a.mp4"
            outcomes = NO_SOUND if is_hidden else frozenset[str]()
            yield Case(
                "change", f"offset{offset_s}-{name}", write_encoded(name, *options), outcomes
            )


def _half_of(folder: Path, name: str) -> Path:
    path = encode(folder / name, made.speech(6.0), "-ar", "16000")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def _half_of_rf64(folder: Path) -> Path:
    path = encode(folder / "a.wav", made.speech(6.0), "-rf64", "always")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def _renamed(truth: str, name: str) -> Write:
    def write(folder: Path) -> Path:
        rate = ("-ar", "8000") if truth == "amr" else ("-ar", "44100")
        sound = encode(folder / f"true.{truth}", made.speech(SPEECH_S), *rate)
        return sound.rename(folder / name)

    return write


def _lie(lie: dict[str, int]) -> Write:
    return lambda folder: made.wav_with(
        folder,
        sample_rate=lie.get("sample_rate", SAMPLE_RATE),
        n_channels=lie.get("n_channels", 1),
        bits=lie.get("bits", 16),
        n_data_bytes=lie.get("n_data_bytes"),
    )


def _joined(folder: Path, codec: str, name: str, parts: tuple[tuple[str, ...], ...]) -> Path:
    """Write the parts one after the other: speech of 3 s each, coded with the options of each."""
    content = b""
    for options in parts:
        path = encode(folder / name, made.speech(3.0), "-c:a", codec, *options)
        content += path.read_bytes()
    (folder / name).write_bytes(content)
    return folder / name
