"""Real recordings of every container, and the ways in which their bytes come to harm (MEDIA.md).

A form is made once a session; a damage is a function from its bytes to other bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.hostile.hostile_files import speech
from tests.makers import encode

FORM_S = 4.0  # seconds of speech in each form
_SEED = 20261121


@dataclass(frozen=True, slots=True)
class Form:
    """A container and codec, and what it can know of its own length."""

    name: str  # of the file; its ending chooses the container
    options: tuple[str, ...]  # of ffmpeg
    declares_s: bool = True  # a header or an index holds the length
    is_stream: bool = False  # can be joined in its middle
    index_last: bool = False  # nothing can be read without the file's last bytes


FORMS = {
    form.name: form
    for form in (
        Form("pcm.wav", ("-c:a", "pcm_s16le")),
        Form("float.wav", ("-c:a", "pcm_f32le")),
        Form("mulaw.wav", ("-c:a", "pcm_mulaw", "-ar", "8000")),
        Form("adpcm.wav", ("-c:a", "adpcm_ima_wav")),
        Form("pcm.w64", ("-c:a", "pcm_s16le")),
        Form("pcm.aiff", ("-c:a", "pcm_s16be")),
        Form("pcm.au", ("-c:a", "pcm_s16be")),
        Form("pcm.caf", ("-c:a", "pcm_s16le")),
        Form("lossless.flac", ("-c:a", "flac")),
        Form("lossless.wv", ("-c:a", "wavpack")),
        Form("xing.mp3", ("-c:a", "libmp3lame", "-b:a", "64k"), is_stream=True),
        Form(
            "bare.mp3",
            ("-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0"),
            False,
            is_stream=True,
        ),
        Form("adts.aac", ("-c:a", "aac"), False, is_stream=True),
        Form("phone.amr", ("-c:a", "libopencore_amrnb", "-ar", "8000", "-b:a", "12.2k"), False),
        Form("vorbis.ogg", ("-c:a", "libvorbis"), False),
        Form("voice.opus", ("-c:a", "libopus", "-b:a", "24k"), False),
        Form("index-last.m4a", ("-c:a", "aac"), index_last=True),
        Form("index-first.m4a", ("-c:a", "aac", "-movflags", "+faststart")),
        Form("fragments.mp4", ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"), False),
        Form("pcm.mov", ("-c:a", "pcm_s16le"), index_last=True),
        Form("opus.mkv", ("-c:a", "libopus")),
        Form("broadcast.ts", ("-c:a", "mp2", "-ar", "48000"), False, is_stream=True),
        Form("flash.flv", ("-c:a", "libmp3lame", "-ar", "44100")),
        Form("film.avi", ("-c:a", "libmp3lame")),
        Form("windows.wma", ("-c:a", "wmav2")),
        Form("surround.ac3", ("-c:a", "ac3"), False, is_stream=True),
    )
}


def make_form(form: Form, folder: Path) -> bytes:
    """Return a whole file of this form: 4 s of speech of a synthesizer."""
    return encode(folder / form.name, speech(FORM_S), *form.options).read_bytes()


def stub(content: bytes) -> bytes:
    """Keep the first 16 bytes: a name of a format, and nothing else."""
    return content[:16]


def half(content: bytes) -> bytes:
    """Keep half, as a broken download does."""
    return content[: len(content) // 2]


def without_last_bytes(content: bytes) -> bytes:
    """Lose the last 100 bytes."""
    return content[:-100]


def without_first_half(content: bytes) -> bytes:
    """Lose the header and half of the sound."""
    return content[len(content) // 2 :]


def hole(content: bytes) -> bytes:
    """Lose the middle third: the bytes around it move together."""
    third = len(content) // 3
    return content[:third] + content[2 * third :]


def zeroed_middle(content: bytes) -> bytes:
    """Have zeros for the middle third, as a failing disk gives them."""
    third = len(content) // 3
    return content[:third] + bytes(third) + content[2 * third :]


def noise_in_the_middle(content: bytes) -> bytes:
    """Have random bytes for the middle third."""
    third = len(content) // 3
    return content[:third] + _random(third) + content[2 * third :]


def flipped_bits(content: bytes) -> bytes:
    """Flip a bit of every 500th byte behind the first 512."""
    damaged = bytearray(content)
    for position in range(512, len(damaged), 500):
        damaged[position] ^= 1 << position % 8
    return bytes(damaged)


def junk_before(content: bytes) -> bytes:
    """Have 777 random bytes before the header."""
    return _random(777) + content


def junk_after(content: bytes) -> bytes:
    """Have 20 kB of random bytes behind the end."""
    return content + _random(20_000)


def twice(content: bytes) -> bytes:
    """Hold the same file two times."""
    return content + content


def _random(n_bytes: int) -> bytes:
    return np.random.default_rng(_SEED).bytes(n_bytes)


Damage = Callable[[bytes], bytes]
DAMAGES: dict[str, Damage] = {
    damage.__name__: damage
    for damage in (
        stub,
        half,
        without_last_bytes,
        without_first_half,
        hole,
        zeroed_middle,
        noise_in_the_middle,
        flipped_bits,
        junk_before,
        junk_after,
        twice,
    )
}
