"""Rows of what is in a container beside the sound: tracks, pictures, tags, and bombs."""

import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pipeline.vocabulary import FloatArray
from tests.hostile import hostile_files as made
from tests.hostile.hostile_case import (
    NO_SOUND,
    SPEECH_S,
    Case,
    Write,
    write_encoded,
)
from tests.makers import (
    encode,
    ffmpeg,
    music,
    silence,
)


def odd_streams() -> Iterator[Case]:
    """No sound, several tracks, pictures, subtitles, tracks that nobody can decode."""
    sound = made.speech(SPEECH_S)
    no_audio = frozenset({"no_audio"})
    for name in ("a.mp4", "a.mkv", "a.mov", "a.avi", "a.ts"):
        yield Case("streams", f"no-sound-{name}", partial(made.video, name=name), no_audio)
    tracks = {
        "second-of-two": (music(5, SPEECH_S), sound),
        "first-of-two": (sound, silence(SPEECH_S)),
        "short-second": (sound, silence(0.1)),
        "five": (silence(2.0), silence(2.0), silence(2.0), silence(2.0), sound),
    }
    for name, sounds in tracks.items():
        yield Case(
            "streams", name, partial(_film, sounds=sounds, name="film.mkv"), heard_s=SPEECH_S
        )
    yield Case("streams", "subtitles", _with_subtitles)
    yield Case("streams", "attachment", _with_attachment)
    unreadable = frozenset({"track_out_of_bounds"})
    yield Case("streams", "unreadable-second", _unreadable_second_track, notes=unreadable)


def heavy_metadata() -> Iterator[Case]:
    """Pictures, tags and chapters without end do not hide the sound."""
    yield Case("metadata", "picture-20-mb", partial(made.big_id3, n_bytes=20_000_000), heard_s=6.0)
    yield Case("metadata", "cover-bomb", made.cover_bomb)
    yield Case("metadata", "tags-like-streams", partial(made.many_tags, n_tags=3_000), heard_s=6.0)
    yield Case("metadata", "chapters", partial(_chapters, n_chapters=2_000))
    yield Case("metadata", "id3-size-lie", _id3_size_lie, NO_SOUND | {""})
    yield Case(
        "metadata",
        "ape-tag",
        _with_end(b"APETAGEX" + struct.pack("<IIII", 2000, 0xFFFFFFFF, 9, 0) + bytes(8)),
    )
    yield Case("metadata", "id3v1", _with_end(b"TAG" + b"\xff" * 125))
    for name, title in {
        "markup": "<script>alert(1)</script>",
        "lines": "x\n  Stream #0:7: Audio: pcm_s16le, 1 Hz, 99 channels",
        "escape": "\x1b]0;owned\x07",
        "emoji": "🎙️\u202e\ufffe",
        "long": "x" * 60_000,
    }.items():
        yield Case(
            "metadata", f"title-{name}", write_encoded("a.flac", "-metadata", f"title={title}")
        )


def bombs() -> Iterator[Case]:
    """Little on the disk, much in memory: streamed."""
    silent = frozenset({"silence"})
    for n_channels in (1, 8):
        write = partial(made.flac_bomb, hours=0.1, n_channels=n_channels)
        yield Case("bomb", f"flac-{n_channels}", write, silent)


def _film(folder: Path, sounds: tuple[FloatArray, ...], name: str) -> Path:
    return made.video(folder, *sounds, name=name)


def _with_subtitles(folder: Path) -> Path:
    (folder / "words.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\n<b>hello</b>\n")
    sound = encode(folder / "sound.flac", made.speech(SPEECH_S))
    out = folder / "film.mkv"
    ffmpeg("-i", str(sound), "-i", str(folder / "words.srt"), "-map", "0", "-map", "1", str(out))
    return out


def _with_attachment(folder: Path) -> Path:
    (folder / "font.ttf").write_bytes(bytes(1 << 16))
    sound = encode(folder / "sound.flac", made.speech(SPEECH_S))
    out = folder / "film.mkv"
    attach = ("-attach", str(folder / "font.ttf"), "-metadata:s:t", "mimetype=font/ttf")
    ffmpeg("-i", str(sound), *attach, str(out))
    return out


def _unreadable_second_track(folder: Path) -> Path:
    """Write an mp4 whose second track of sound says that it has 255 channels."""
    one = encode(folder / "one.wav", made.speech(SPEECH_S))
    out = folder / "two.mov"
    ffmpeg("-i", str(one), "-i", str(one), "-map", "0", "-map", "1", "-c:a", "pcm_s16le", str(out))
    content = bytearray(out.read_bytes())
    place = content.rindex(b"sowt")  # SoundDescription: 20 bytes on, the number of channels
    content[place + 20 : place + 22] = struct.pack(">H", 255)
    out.write_bytes(content)
    return out


def _chapters(folder: Path, n_chapters: int) -> Path:
    lines = [";FFMETADATA1"]
    for number in range(n_chapters):
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={number}", f"END={number + 1}", "title=x"]
    (folder / "chapters.txt").write_text("\n".join(lines))
    sound = encode(folder / "sound.flac", made.speech(SPEECH_S))
    out = folder / "chapters.mka"
    ffmpeg("-i", str(sound), "-f", "ffmetadata", "-i", str(folder / "chapters.txt"),
           "-map", "0", "-map_chapters", "1", "-c", "copy", str(out))  # fmt: skip
    return out


def _id3_size_lie(folder: Path) -> Path:
    """Write an MP3 behind an ID3 tag that says that it takes 256 MB."""
    path = encode(folder / "lie.mp3", made.speech(SPEECH_S), "-id3v2_version", "0")
    path.write_bytes(b"ID3\x03\x00\x00\x7f\x7f\x7f\x7f" + path.read_bytes())
    return path


def _with_end(tail: bytes) -> Write:
    def write(folder: Path) -> Path:
        path = encode(folder / "tail.mp3", made.speech(SPEECH_S), "-c:a", "libmp3lame")
        path.write_bytes(path.read_bytes() + tail)
        return path

    return write
