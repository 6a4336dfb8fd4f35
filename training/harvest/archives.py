"""Archives: what lies inside packages, as named recordings of 16-kHz samples.

Three shapes: plain sound files in a folder, and the resource files of two adventure games, whose
layouts are those that ScummVM reads (engines/queen/resource.cpp, engines/sky/disk.cpp).
Nothing here runs what a package holds.
"""

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from pipeline.errors import MediaCorruptError
from pipeline.vocabulary import FloatArray
from training.harvest.cutting import SAMPLE_RATE
from training.harvest.propack import unpack

GSM_RATE = 8_000  # Hz
QUEEN_ENTRY = struct.Struct(">12sBII")  # name, bundle, offset, size
QUEEN_COUNT_AT = 13  # after tag, version, demo, floppy and compression bytes
SKY_HEADER_BYTES = 22  # eleven 16-bit words; the seventh is the file's size
SKY_SPEECH_ID = 50_000  # files from this number on are speech
SKY_RATE = 11_025  # Hz, 8 bits; Drascula's files (`*.ALS`) have the same
DRASCULA_EDGES = slice(32, -64)  # bytes of a voice file that are sound (engines/drascula/sound.cpp)


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording in an archive, not yet decoded."""

    name: str  # path or entry inside the package
    content: bytes
    suffix: str
    raw_rate: int = 8_000  # Hz, for 16-bit samples without a header

    def samples(self) -> FloatArray:
        """Return the recording, float32 (n_samples,) at 16 kHz, channels averaged.

        Raises:
            MediaCorruptError: the bytes are no sound of that suffix.
        """
        samples, rate = _decoded(self)
        mono = samples.mean(axis=1) if samples.ndim > 1 else samples
        if rate != SAMPLE_RATE:
            mono = soxr.resample(mono, rate, SAMPLE_RATE)
        return np.asarray(mono, dtype=np.float32)


def list_files(folder: Path, pattern: re.Pattern[str], raw_rate: int) -> Iterator[Recording]:
    """Yield the files whose path inside the folder matches as a whole, in order of path.

    Args:
        folder: the unpacked package.
        pattern: of paths relative to it, with `/`.
        raw_rate: sample rate in Hz of files without a header.
    """
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if pattern.fullmatch(name) and path.is_file() and not path.is_symlink():
            yield Recording(name, path.read_bytes(), path.suffix.lower(), raw_rate)


def list_queen(path: Path) -> Iterator[Recording]:
    """Yield the speech of Flight of the Amazon Queen's `queen.1c`: MP3 in files named `*.SB`."""
    content = path.read_bytes()
    if content[:4] != b"QTBL":
        raise MediaCorruptError(f"{path.name} has no table of files")
    (n_entries,) = struct.unpack_from(">H", content, QUEEN_COUNT_AT)
    at = QUEEN_COUNT_AT + 2
    for entry in range(n_entries):
        raw, _, offset, size = QUEEN_ENTRY.unpack_from(content, at + entry * QUEEN_ENTRY.size)
        name = raw.rstrip(b"\0").decode("ascii", "replace")
        if name.endswith(".SB"):
            yield Recording(name, content[offset : offset + size], ".mp3")


def list_sky(folder: Path) -> Iterator[Recording]:
    """Yield the speech of Beneath a Steel Sky's `sky.dsk`, by its index `sky.dnr` or `sky.cpt`."""
    disk = (folder / "sky.dsk").read_bytes()
    index = (folder / "sky.dnr").read_bytes()
    (n_entries,) = struct.unpack_from("<I", index)
    for entry in range(n_entries):
        at = 4 + 8 * entry
        (number,) = struct.unpack_from("<H", index, at)
        if number < SKY_SPEECH_ID:
            continue
        offset = struct.unpack_from("<I", index, at + 2)[0] & 0xFFFFFF
        size = int.from_bytes(index[at + 5 : at + 8], "little") & 0x3FFFFF
        start = (offset & 0x7FFFFF) << 4 if offset >> 23 else offset & 0x7FFFFF
        yield Recording(str(number), disk[start + SKY_HEADER_BYTES : start + size], ".u8")


def _decoded(recording: Recording) -> tuple[FloatArray, int]:
    """Return samples, (n,) or (n, n_channels), and their rate in Hz."""
    content, suffix = recording.content, recording.suffix
    if suffix in (".u8", ".als"):
        content = content[DRASCULA_EDGES] if suffix == ".als" else content
        content = unpack(content) if content[:3] == b"RNC" else content
        centred = np.frombuffer(content, np.uint8).astype(np.float32) - 128
        return np.asarray(centred / 128, dtype=np.float32), SKY_RATE
    if suffix == ".raw":
        whole = np.frombuffer(content[: len(content) // 2 * 2], "<i2").astype(np.float32)
        return np.asarray(whole / 32768, dtype=np.float32), recording.raw_rate
    headerless = {"format": "RAW", "subtype": "GSM610", "samplerate": GSM_RATE, "channels": 1}
    try:
        samples, rate = soundfile.read(
            io.BytesIO(content), dtype="float32", **(headerless if suffix == ".gsm" else {})
        )
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise MediaCorruptError(f"{recording.name} cannot be read as sound: {error}") from error
    return np.asarray(samples, dtype=np.float32), int(rate)
