"""Read how long a file says that its sound is, where ffmpeg only tells how much is there.

WAV, Wave64, CAF and AVI declare a length at their start. ffmpeg works with what the file really
holds, so that a file that was cut short would look whole.
"""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

HEADER_BYTES = 1 << 16  # chunks before the sound: cue points, broadcast notes
RIFF_UNKNOWN_SIZE = 0x7FFF_0000  # what a recorder writes that never came back to fill in the size
UNKNOWN_SIZE = 1 << 62  # the same in 64 bits
W64_CHUNK_BYTES = 24  # a GUID and a size, which counts itself
_W64_NAME_BYTES = 16


def declared_s(path: Path, container: str) -> float | None:
    """Return the seconds that the header declares; None where it does not say, or nothing sensible."""
    if container not in _READERS:
        return None
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    try:
        return _READERS[container](start)
    except (struct.error, ZeroDivisionError):  # it ends in the middle of a number, or lies
        return None


def _riff_s(start: bytes) -> float | None:
    position, bytes_a_second = 12, 0
    while position + 16 <= len(start):
        kind = start[position : position + 4]
        (size,) = struct.unpack_from("<I", start, position + 4)
        if kind == b"fmt ":
            (bytes_a_second,) = struct.unpack_from("<I", start, position + 16)
        if kind == b"data":
            is_known = bytes_a_second > 0 and 0 < size < RIFF_UNKNOWN_SIZE
            return size / bytes_a_second if is_known else None
        position += 8 + size + size % 2
    return None


def _w64_s(start: bytes) -> float | None:
    position, bytes_a_second = 40, 0  # behind the file's own GUID, its size and `wave`
    while position + W64_CHUNK_BYTES <= len(start):
        kind = start[position : position + 4]
        (size,) = struct.unpack_from("<Q", start, position + _W64_NAME_BYTES)
        if kind == b"fmt ":
            (bytes_a_second,) = struct.unpack_from("<I", start, position + W64_CHUNK_BYTES + 8)
        if kind == b"data":
            is_known = bytes_a_second > 0 and W64_CHUNK_BYTES < size < UNKNOWN_SIZE
            return (size - W64_CHUNK_BYTES) / bytes_a_second if is_known else None
        position += max(W64_CHUNK_BYTES, size + -size % 8)
    return None


def _caf_s(start: bytes) -> float | None:
    seconds_a_byte = 0.0
    for kind, size, body in _caf_chunks(start):
        if kind == b"desc":
            rate_hz, bytes_a_packet, frames_a_packet = struct.unpack_from(">d8xII", start, body)
            if bytes_a_packet == 0 or not 0 < rate_hz < 1e9:  # packets of many sizes: an index says
                return None
            seconds_a_byte = frames_a_packet / (bytes_a_packet * rate_hz)
        if kind == b"data":
            is_known = seconds_a_byte > 0 and 4 < size < UNKNOWN_SIZE
            return (size - 4) * seconds_a_byte if is_known else None
    return None


def _caf_chunks(start: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, the size and the place of each chunk."""
    position = 8
    while position + 12 <= len(start):
        (size,) = struct.unpack_from(">q", start, position + 4)
        yield start[position : position + 4], size, position + 12
        position += 12 + max(0, size)


def _avi_s(start: bytes) -> float | None:
    """Return the length of the first stream of sound: AVISTREAMHEADER's dwLength x dwScale / dwRate."""
    place = start.find(b"auds")
    if place < 8 or start[place - 8 : place - 4] != b"strh":
        return None
    scale, rate, _, length = struct.unpack_from("<IIII", start, place + 20)
    is_known = scale > 0 and rate > 0 and 0 < length < RIFF_UNKNOWN_SIZE
    return length * scale / rate if is_known else None


_READERS: dict[str, Callable[[bytes], float | None]] = {
    "wav": _riff_s,
    "w64": _w64_s,
    "caf": _caf_s,
    "avi": _avi_s,
}
