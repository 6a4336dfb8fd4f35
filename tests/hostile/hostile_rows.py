"""The rows of MEDIA.md as generated cases: one function a row, each with its variants.

A case writes one file and says what must come of it: the error code, or the verdict's reason, or
that it is heard. Files are small; each is made when its test runs.
"""

import io
import os
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from pipeline.vocabulary import FloatArray
from tests.hostile import hostile_files as made
from tests.makers import (
    SAMPLE_RATE,
    encode,
    ffmpeg,
    music,
    noise,
    silence,
    square_wave,
    tone,
    wav_bytes,
    write_wav,
)

SPEECH_S = 4.0
NOT_MEDIA = frozenset({"media_is_playlist", "media_is_text", "media_is_archive", "media_corrupt"})
NO_SOUND = frozenset({"media_corrupt", "sample_rate_out_of_bounds", "channels_out_of_bounds"})
NO_SPEECH = frozenset({"silence", "tone", "noise", "music", "no_speech", "too_short"})

Write = Callable[[Path], Path]


@dataclass(frozen=True, slots=True)
class Case:
    """A file to make, and what must come of it."""

    row: str  # of the table, in a word
    name: str
    write: Write
    outcomes: frozenset[str] = frozenset()  # error codes or reasons; empty: the speech is heard
    notes: frozenset[str] = frozenset()  # that must be there
    heard_s: float | None = None  # decoded seconds of the longest track

    @property
    def id(self) -> str:
        """Return the case's name in the tests."""
        return f"{self.row}-{self.name}"


def cases() -> list[Case]:
    """Return the cases of all rows."""
    rows = (
        playlists,
        manifests,
        documents_and_archives,
        odd_names,
        nothing_in_it,
        cut_short,
        wrong_extensions,
        headers_that_lie,
        values_that_are_no_numbers,
        rates_and_depths,
        channels,
        changes_on_the_way,
        odd_streams,
        no_speech,
        heavy_metadata,
        bombs,
    )
    return [case for row in rows for case in row()]


def playlists() -> Iterator[Case]:
    """HLS and ffconcat texts under other names: never followed."""
    names = ("list.m3u8", "song.mp3", "clip.mp4", "voice.wav", "sound.aac", "film.ts")
    for name in names:
        yield Case("hls", name, partial(made.playlist_posing_as, name=name), NOT_MEDIA)
        yield Case("concat", name, partial(made.concat_posing_as, name=name), NOT_MEDIA)
    targets = {
        "absolute": b"/etc/passwd",
        "file-uri": b"file:///etc/passwd",
        "metadata-service": b"http://169.254.169.254/latest/meta-data/",
        "loopback": b"http://[::]:80/a.ts",
        "crypto": b"crypto:///etc/passwd",
        "subfile": b"subfile,,start,0,end,9,,:/etc/passwd",
    }
    for name, target in targets.items():
        text = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n" + target + b"\n#EXT-X-ENDLIST\n"
        yield Case("hls", name, _content("a.mp4", text), NOT_MEDIA)
        yield Case(
            "concat", name, _content("a.mp4", b"ffconcat version 1.0\nfile " + target), NOT_MEDIA
        )
    prefixes = {"newlines": b"\n\n", "mark": b"\xef\xbb\xbf", "zeros": bytes(16), "word": b"x\n"}
    for name, prefix in prefixes.items():
        text = prefix + b"#EXTM3U\n#EXTINF:10,\nsibling.ts\n"
        yield Case("hls", f"behind-{name}", _content("a.mp3", text), NOT_MEDIA)
    key = b'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="http://169.254.169.254/"\n#EXTINF:1,\na.ts\n'
    yield Case("hls", "key-address", _content("a.m3u8", key), NOT_MEDIA)


def manifests() -> Iterator[Case]:
    """Texts that point elsewhere: DASH, IMF, SMIL, XSPF, PLS, ASX, SDP and the like."""
    for name in ("clip.mp4", "manifest.mpd", "sound.m4a"):
        yield Case("dash", name, partial(made.dash_posing_as, name=name), NOT_MEDIA)
    inside = "http://169.254.169.254/a.mp4"
    write = partial(made.dash_posing_as, name="clip.mp4", base_url=inside)
    yield Case("dash", "metadata-service", write, NOT_MEDIA)
    texts = {
        "a.xml": f'<CompositionPlaylist xmlns="http://www.smpte-ra.org/ns/"><Id>{inside}</Id>',
        "a.smil": f'<smil><body><audio src="{inside}"/></body></smil>',
        "a.xspf": f"<playlist><trackList><track><location>{inside}</location>",
        "a.pls": f"[playlist]\nFile1={inside}\nNumberOfEntries=1\n",
        "a.asx": f'<asx version="3.0"><entry><ref href="{inside}"/></entry></asx>',
        "a.sdp": "v=0\r\no=- 0 0 IN IP4 169.254.169.254\r\nm=audio 5004 RTP/AVP 0\r\n",
        "a.ram": inside + "\n",
        "a.cue": 'FILE "/etc/passwd" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
        "a.avs": 'DirectShowSource("/etc/passwd")\n',
        "a.vpy": "import os\nos.system('touch made')\n",
        "a.ffmeta": ";FFMETADATA1\ntitle=x\n",
        "a.srt": "1\n00:00:00,000 --> 00:00:02,000\nhello\n",
    }
    for name, text in texts.items():
        poser = Path(name).with_suffix(".mp3").name
        yield Case("manifest", name, _content(poser, text.encode()), NOT_MEDIA)


def documents_and_archives() -> Iterator[Case]:
    """What people hand in by mistake: told apart, never opened."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("../../escaped.wav", wav_bytes(silence(1.0)))
    starts = {
        "zip": zipped.getvalue(),
        "gzip": b"\x1f\x8b\x08" + bytes(100),
        "rar": b"Rar!\x1a\x07\x01\x00" + bytes(100),
        "7z": b"7z\xbc\xaf\x27\x1c" + bytes(100),
        "pdf": b"%PDF-1.7\n" + bytes(100),
        "html": b"<!DOCTYPE html><title>404</title>",
        "html-indented": b"\n\n   <html><body>Sign in</body></html>",
        "json": b'{"error": "not found"}',
        "png": b"\x89PNG\r\n\x1a\n" + bytes(200),
        "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(200),
        "gif": b"GIF89a" + bytes(200),
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "elf": b"\x7fELF\x02\x01\x01" + bytes(200),
        "script": b"#!/bin/sh\ntouch made\n",
        "sqlite": b"SQLite format 3\x00" + bytes(200),
        "tar": b"a.wav".ljust(100, b"\0") + b"0000644\0" + bytes(404),
        "midi": b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60" + bytes(30),
    }
    for name, content in starts.items():
        yield Case("document", name, _content("given.wav", content), NOT_MEDIA)


def odd_names() -> Iterator[Case]:
    """Names that are options, protocols, patterns, formulas, markup or too long."""
    names = (
        "-y.wav",
        "--out=elsewhere.wav",
        "img%03d.wav",
        "concat:x.wav|y.wav",
        "subfile,,start,0,end,9,,:x.wav",
        "file:x.wav",
        "pipe:0.wav",
        "two\nlines.wav",
        "tab\tand\rreturn.wav",
        "\x1b[31mred.wav",
        "voice 🎙️ memo.wav",
        "\u202egnp.wav",
        "e\u0301 decomposed.wav",
        "\u00e9 composed.wav",
        "=cmd()|'calc'!A1.wav",
        "<script>alert(1)<\u2215script>.wav",
        "{{7*7}}${7*7}.wav",
        "'; DROP TABLE item; --.wav",
        "CON.wav",
        "no extension",
        " leading and trailing .wav ",
        "é" * 125 + ".wav",
        "𐀀𓀀ꙮ\ue000\ufffe.wav",
        "a..wav",
        "%2e%2e%2fetc%2fpasswd.wav",
        "#fragment?query.wav",
    )
    for number, name in enumerate(names):
        write = _content(name, wav_bytes(silence(1.5)))
        yield Case("name", f"{number}", write, frozenset({"silence"}), heard_s=1.5)
    yield Case("name", "not-text", _bytes_name(b"caf\xe9\xff.wav"), frozenset({"silence"}))


def nothing_in_it() -> Iterator[Case]:
    """Zero bytes, stubs, random bytes, encrypted files."""
    yield Case("empty", "empty", made.empty, frozenset({"media_empty"}))
    yield Case("empty", "zeros", made.zero_bytes, NO_SOUND)
    yield Case("empty", "encrypted", made.encrypted_mp4, NO_SOUND)
    for n_bytes in (1, 3, 100, 5_000, 70_000):
        write = partial(made.random_bytes, seed=n_bytes, n_bytes=n_bytes)
        yield Case("random", f"{n_bytes}", write, NO_SOUND)
    magics: tuple[bytes, ...] = (
        b"RIFF",
        b"OggS",
        b"fLaC",
        b"ID3\x03",
        b"\xff\xfb",
        b"\x1aE\xdf\xa3",
        b"FLV\x01",
    )
    magics += (b"\0\0\0\x20ftypisom", b"FORM\0\0\0\0AIFF", b"#!AMR\n", b"caff\0\x01", b".snd")
    for number, magic in enumerate(magics):
        content = magic + np.random.default_rng(number).bytes(4_000)
        yield Case("random", f"behind-magic-{number}", _content("a.bin", content), NO_SOUND | {""})


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
        yield Case("header", name, _content("lie.wav", content), outcomes)


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
        write = _encoded("a.wav", "-ar", f"{rate}")
        # at 4 kHz hardly a voice is left: told apart from silence is enough
        outcomes = (
            frozenset({"", "music", "no_speech", "too_short"}) if rate < 8_000 else frozenset[str]()
        )
        yield Case("rate", f"{rate}", write, outcomes, heard_s=SPEECH_S)
    for codec in ("u8", "s16le", "s24le", "s32le", "f32le", "f64le", "alaw", "mulaw"):
        yield Case("depth", codec, _encoded("a.wav", "-c:a", f"pcm_{codec}"), heard_s=SPEECH_S)
    low = frozenset({"low_bit_rate"})
    for name, options in {
        "a.amr": ("-c:a", "libopencore_amrnb", "-ar", "8000", "-b:a", "12.2k"),
        "a.opus": ("-c:a", "libopus", "-b:a", "16k"),
        "a.mp3": ("-c:a", "libmp3lame", "-b:a", "24k", "-ar", "16000"),
        "a.webm": ("-c:a", "libopus", "-b:a", "12k"),
    }.items():
        yield Case("bit-rate", name, _encoded(name, *options), notes=low)


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
            yield Case("change", f"offset{offset_s}-{name}", _encoded(name, *options), outcomes)


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
        yield Case("metadata", f"title-{name}", _encoded("a.flac", "-metadata", f"title={title}"))


def bombs() -> Iterator[Case]:
    """Little on the disk, much in memory: streamed."""
    silent = frozenset({"silence"})
    for n_channels in (1, 8):
        write = partial(made.flac_bomb, hours=0.1, n_channels=n_channels)
        yield Case("bomb", f"flac-{n_channels}", write, silent)


def write_wav_named(folder: Path, sound: FloatArray) -> Path:
    """Write a sound as a WAV."""
    return write_wav(folder / "sound.wav", sound)


def _content(name: str, content: bytes) -> Write:
    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return write


def _bytes_name(name: bytes) -> Write:
    def write(folder: Path) -> Path:
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        path.write_bytes(wav_bytes(silence(1.5)))
        return path

    return write


def _lie(lie: dict[str, int]) -> Write:
    return lambda folder: made.wav_with(
        folder,
        sample_rate=lie.get("sample_rate", SAMPLE_RATE),
        n_channels=lie.get("n_channels", 1),
        bits=lie.get("bits", 16),
        n_data_bytes=lie.get("n_data_bytes"),
    )


def _encoded(name: str, *options: str) -> Write:
    return lambda folder: encode(folder / name, made.speech(SPEECH_S), *options)


def _renamed(truth: str, name: str) -> Write:
    def write(folder: Path) -> Path:
        rate = ("-ar", "8000") if truth == "amr" else ("-ar", "44100")
        sound = encode(folder / f"true.{truth}", made.speech(SPEECH_S), *rate)
        return sound.rename(folder / name)

    return write


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


def _float_wav(sound: FloatArray) -> Write:
    return _content("float.wav", wav_bytes(sound, bits=32, is_float=True))


def _channels(folder: Path, parts: tuple[FloatArray, ...]) -> Path:
    return write_wav(folder / "channels.wav", np.stack(parts, axis=1))


def _recoded(write: Write, name: str, codec: str) -> Write:
    def recode(folder: Path) -> Path:
        out = folder / name
        ffmpeg("-i", str(write(folder)), "-c:a", codec, "-ar", "48000", str(out))
        return out

    return recode


def _joined(folder: Path, codec: str, name: str, parts: tuple[tuple[str, ...], ...]) -> Path:
    """Write the parts one after the other: speech of 3 s each, coded with the options of each."""
    content = b""
    for options in parts:
        path = encode(folder / name, made.speech(3.0), "-c:a", codec, *options)
        content += path.read_bytes()
    (folder / name).write_bytes(content)
    return folder / name


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
