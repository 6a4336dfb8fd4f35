"""Makes files that lie, are damaged or pose as something else (MEDIA.md), byte by byte.

Each function writes into a folder and returns the path of the file to judge.
"""

import struct
import zlib
from pathlib import Path

import numpy as np

from tests.makers import SAMPLE_RATE, encode, ffmpeg, synthetic_sample, wav_bytes, wav_header

_FLAC_MAX_BLOCK = 65_535  # samples a frame


def speech(duration_s: float = 6.0) -> np.ndarray:
    """Return speech of a synthesizer: a voice without any download."""
    return np.resize(synthetic_sample(), round(duration_s * SAMPLE_RATE))


def empty(folder: Path) -> Path:
    """Write a file of zero bytes."""
    return _write(folder / "empty.wav", b"")


def random_bytes(folder: Path, seed: int = 1, n_bytes: int = 100_000) -> Path:
    """Write bytes that mean nothing."""
    return _write(folder / "noise.mp3", np.random.default_rng(seed).bytes(n_bytes))


def zero_bytes(folder: Path) -> Path:
    """Write a file of NUL bytes, as a failed disk gives them."""
    return _write(folder / "zeros.wav", bytes(100_000))


def truncated_wav(folder: Path) -> Path:
    """Write a WAV that declares 12 s and holds 6 s."""
    whole = wav_bytes(speech(12.0))
    return _write(folder / "cut.wav", whole[: 44 + (len(whole) - 44) // 2])


def truncated_mp3(folder: Path) -> Path:
    """Write half of an MP3 whose first frame (Xing) declares all of it."""
    path = encode(folder / "cut.mp3", speech(12.0), "-c:a", "libmp3lame", "-b:a", "64k")
    content = path.read_bytes()
    return _write(path, content[: len(content) // 2])


def truncated_m4a(folder: Path) -> Path:
    """Write an m4a whose index, at its end, is missing."""
    path = encode(folder / "cut.m4a", speech(), "-c:a", "aac")
    content = path.read_bytes()
    return _write(path, content[: content.index(b"moov") - 4])


def encrypted_mp4(folder: Path) -> Path:
    """Write a DRM-protected mp4 (Common Encryption) without its key."""
    key = (
        "-encryption_scheme",
        "cenc-aes-ctr",
        "-encryption_key",
        "76a6c65c5ea762046bd749a2e632ccbb",
    )
    kid = ("-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")
    return encode(folder / "protected.mp4", speech(), "-c:a", "aac", *key, *kid)


def playlist_posing_as(folder: Path, name: str) -> Path:
    """Write an HLS playlist of a sibling that can be read."""
    _write(folder / "sibling.ts", _sibling(folder))
    return _write(
        folder / name,
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsibling.ts\n#EXT-X-ENDLIST\n",
    )


def concat_posing_as(folder: Path, name: str) -> Path:
    """Write an ffconcat list of a sibling that can be read."""
    _write(folder / "sibling.ts", _sibling(folder))
    return _write(folder / name, b"ffconcat version 1.0\nfile sibling.ts\n")


def dash_posing_as(folder: Path, name: str, base_url: str = "sibling.mp4") -> Path:
    """Write a DASH manifest that points elsewhere."""
    encode(folder / "sibling.mp4", speech(), "-c:a", "aac")
    return _write(
        folder / name,
        f"""<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT6S"
 profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="audio/mp4">
<Representation id="1" bandwidth="1"><BaseURL>{base_url}</BaseURL></Representation>
</AdaptationSet></Period></MPD>""".encode(),
    )


def wav_with(
    folder: Path,
    *,
    sample_rate: int = SAMPLE_RATE,
    n_channels: int = 1,
    bits: int = 16,
    n_data_bytes: int | None = None,
) -> Path:
    """Write 6 s of 16-bit mono behind a header that may lie."""
    content = wav_bytes(speech())[44:]
    declared = len(content) if n_data_bytes is None else n_data_bytes
    header = wav_header(declared, sample_rate, n_channels, bits)
    return _write(folder / "lie.wav", header + content)


def not_finite_wav(folder: Path, value: float, share: float = 1.0) -> Path:
    """Write a float WAV whose first `share` of samples is NaN or infinite."""
    samples = speech().copy()
    samples[: round(share * samples.size)] = value
    return _write(folder / "nan.wav", wav_bytes(samples, bits=32, is_float=True))


def flac_bomb(folder: Path, hours: float, n_channels: int = 1, sample_rate: int = 16_000) -> Path:
    """Write a FLAC of digital silence: 16 bytes hold 65 535 samples of all channels."""
    n_frames = round(hours * 3600 * sample_rate / _FLAC_MAX_BLOCK)
    info = struct.pack(">HH", _FLAC_MAX_BLOCK, _FLAC_MAX_BLOCK) + bytes(6)
    packed = sample_rate << 44 | (n_channels - 1) << 41 | 15 << 36 | n_frames * _FLAC_MAX_BLOCK
    info += struct.pack(">Q", packed) + bytes(16)
    frames = (_flac_silence(number, n_channels) for number in range(n_frames))
    with (folder / "bomb.flac").open("wb") as file:
        file.write(b"fLaC" + struct.pack(">I", 0x80000000 | len(info)) + info)
        for frame in frames:
            file.write(frame)
    return folder / "bomb.flac"


def long_wav(folder: Path, hours: float, speech_every_h: float) -> Path:
    """Write a WAV of zeros with 6 s of speech now and then; the zeros take no room on the disk."""
    n_bytes = round(hours * 3600) * 2 * SAMPLE_RATE
    said = wav_bytes(speech())[44:]
    step = round(speech_every_h * 3600) * 2 * SAMPLE_RATE
    path = folder / "long.wav"
    with path.open("wb") as file:
        file.write(wav_header(n_bytes))
        for start in range(step // 2, n_bytes - len(said), step):
            file.seek(44 + start)
            file.write(said)
        file.truncate(44 + n_bytes)
    return path


def big_id3(folder: Path, n_bytes: int) -> Path:
    """Write an MP3 behind an ID3 tag that holds a picture of `n_bytes`."""
    path = encode(folder / "tagged.mp3", speech(), "-c:a", "libmp3lame", "-id3v2_version", "0")
    body = b"\x00image/png\x00\x03\x00" + bytes(n_bytes)
    frame = b"APIC" + struct.pack(">I", len(body)) + b"\x00\x00" + body  # ID3v2.3: plain size
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return _write(path, b"ID3\x03\x00\x00" + size + frame + path.read_bytes())


def cover_bomb(folder: Path) -> Path:
    """Write an m4a whose cover is a PNG of 16 000 x 16 000 black pixels: 31 kB, 32 MB decoded."""
    side = 16_000
    rows = zlib.compress(bytes((side // 8 + 1) * side), 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = b"".join(_png_chunk(*c) for c in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")))
    cover = _write(folder / "cover.png", b"\x89PNG\r\n\x1a\n" + chunks)
    sound = encode(folder / "sound.m4a", speech(), "-c:a", "aac")
    out = folder / "cover.m4a"
    ffmpeg("-i", str(sound), "-f", "png_pipe", "-i", str(cover), "-map", "0", "-map", "1", "-c", "copy",
           "-disposition:v:0", "attached_pic", str(out))  # fmt: skip
    return out


def many_tags(folder: Path, n_tags: int = 5_000) -> Path:
    """Write a FLAC with thousands of tags, one of which looks like a stream of ffmpeg's report."""
    lines = [f"TAG{number}=value {number}" for number in range(n_tags)]
    lines.append("title=x\\\n  Stream #0:7: Audio: pcm_s16le, 1 Hz, 99 channels")
    tags = _write(folder / "tags.txt", (";FFMETADATA1\n" + "\n".join(lines) + "\n").encode())
    sound = encode(folder / "plain.flac", speech())
    out = folder / "tags.flac"
    ffmpeg(
        "-i",
        str(sound),
        "-f",
        "ffmetadata",
        "-i",
        str(tags),
        "-map_metadata",
        "1",
        "-c",
        "copy",
        str(out),
    )
    return out


def chained(folder: Path) -> Path:
    """Write two Ogg files one after the other, of different rates and channels."""
    one = encode(folder / "one.ogg", speech(4.0), "-c:a", "libvorbis", "-ar", "44100")
    two = encode(folder / "two.ogg", speech(4.0), "-c:a", "libvorbis", "-ar", "22050", "-ac", "2")
    return _write(folder / "chained.ogg", one.read_bytes() + two.read_bytes())


def rate_changes(folder: Path) -> Path:
    """Write two MP3 streams of different rates and channels one after the other."""
    plain = ("-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0")
    one = encode(folder / "one.mp3", speech(4.0), *plain, "-ar", "44100", "-ac", "2")
    two = encode(folder / "two.mp3", speech(4.0), *plain, "-ar", "24000", "-ac", "1")
    return _write(folder / "changes.mp3", one.read_bytes() + two.read_bytes())


def jumping_times(folder: Path) -> Path:
    """Write two transport streams one after the other: time stamps jump an hour on, then back."""
    ts = ("-c:a", "aac", "-f", "mpegts")
    one = encode(folder / "one.ts", speech(4.0), *ts, "-output_ts_offset", "3600")
    two = encode(folder / "two.ts", speech(4.0), *ts)
    return _write(folder / "jumps.ts", one.read_bytes() + two.read_bytes())


def edit_list(folder: Path) -> Path:
    """Write an mp4 whose edit list hides its first 2 s of 8 s."""
    whole = encode(folder / "whole.m4a", speech(8.0), "-c:a", "aac")
    out = folder / "edited.m4a"
    ffmpeg("-ss", "2", "-i", str(whole), "-c", "copy", str(out))
    return out


def video(folder: Path, *sounds: np.ndarray, name: str = "video.mp4") -> Path:
    """Write a video with any number of audio tracks, none of them for a silent film."""
    inputs: list[str] = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=6"]
    for number, sound in enumerate(sounds):
        track = _write(folder / f"track{number}.wav", wav_bytes(sound))
        inputs += ["-i", str(track)]
    maps = [part for number in range(len(sounds) + 1) for part in ("-map", str(number))]
    out = folder / name
    ffmpeg(*inputs, *maps, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", str(out))
    return out


def _sibling(folder: Path) -> bytes:
    path = encode(folder / "made.ts", speech(), "-c:a", "aac", "-f", "mpegts")
    content = path.read_bytes()
    path.unlink()
    return content


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def _flac_silence(number: int, n_channels: int) -> bytes:
    """Return a frame of constant zero: RFC 9639 §9."""
    # fixed block size, 16-bit size at the header's end, rate and depth as in the stream's header
    header = b"\xff\xf8\x70" + bytes([(n_channels - 1) << 4]) + _flac_number(number)
    header += struct.pack(">H", _FLAC_MAX_BLOCK - 1)
    header += bytes([_crc(header, 0x07, 8)])
    body = header + bytes(3 * n_channels)  # subframe type "constant", then 16 bits of zero
    return body + struct.pack(">H", _crc(body, 0x8005, 16))


def _flac_number(number: int) -> bytes:
    """Return a frame's number in the extended UTF-8 of FLAC."""
    return chr(number).encode() if number < 0xD800 else _long_number(number)


def _long_number(number: int) -> bytes:
    """Return three or four bytes, the surrogates included that Python's UTF-8 refuses."""
    if number < 0x10000:
        return bytes([0xE0 | number >> 12, 0x80 | number >> 6 & 0x3F, 0x80 | number & 0x3F])
    low = (0x80 | number >> shift & 0x3F for shift in (12, 6, 0))
    return bytes([0xF0 | number >> 18, *low])


def _crc(content: bytes, polynomial: int, bits: int) -> int:
    top, mask, register = 1 << (bits - 1), (1 << bits) - 1, 0
    for byte in content:
        register ^= byte << (bits - 8)
        for _ in range(8):
            register = (register << 1 ^ (polynomial if register & top else 0)) & mask
    return register


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
