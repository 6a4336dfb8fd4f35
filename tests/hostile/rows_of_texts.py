"""Rows of what is no recording: playlists, manifests, documents, nothing at all; and names."""

import io
import os
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from tests.hostile import hostile_files as made
from tests.hostile.hostile_case import (
    NO_SOUND,
    NOT_MEDIA,
    Case,
    Write,
    write_content,
)
from tests.makers import (
    silence,
    wav_bytes,
)


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
        yield Case("hls", name, write_content("a.mp4", text), NOT_MEDIA)
        yield Case(
            "concat",
            name,
            write_content("a.mp4", b"ffconcat version 1.0\nfile " + target),
            NOT_MEDIA,
        )
    prefixes = {"newlines": b"\n\n", "mark": b"\xef\xbb\xbf", "zeros": bytes(16), "word": b"x\n"}
    for name, prefix in prefixes.items():
        text = prefix + b"#EXTM3U\n#EXTINF:10,\nsibling.ts\n"
        yield Case("hls", f"behind-{name}", write_content("a.mp3", text), NOT_MEDIA)
    key = b'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="http://169.254.169.254/"\n#EXTINF:1,\na.ts\n'
    yield Case("hls", "key-address", write_content("a.m3u8", key), NOT_MEDIA)


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
        yield Case("manifest", name, write_content(poser, text.encode()), NOT_MEDIA)


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
        yield Case("document", name, write_content("given.wav", content), NOT_MEDIA)


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
        write = write_content(name, wav_bytes(silence(1.5)))
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
        yield Case(
            "random", f"behind-magic-{number}", write_content("a.bin", content), NO_SOUND | {""}
        )


def _bytes_name(name: bytes) -> Write:
    def write(folder: Path) -> Path:
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        path.write_bytes(wav_bytes(silence(1.5)))
        return path

    return write
