"""Levels of a spectrogram -> a grey PNG (ISO/IEC 15948), dark where it is loud: prints on white."""

import struct
import zlib

import numpy as np

from pipeline.traces import LevelArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
N_GREYS = 32  # 2 dB each of 70: the eye tells no more apart in print, and the file is half as big
_DARKEST = 24  # of 255: the loudest cell; pure black bleeds on paper
_LIFT = 0.7  # power of the level: speech 40 dB below the loudest cell still shows on office paper
_LOUDNESS = np.arange(N_GREYS) / (N_GREYS - 1)
_GREYS = np.round(255 - _LOUDNESS**_LIFT * (255 - _DARKEST)).astype(np.uint8)


def to_png(levels: LevelArray) -> bytes:
    """Return the picture with the highest band at the top.

    Args:
        levels: (n_bands, n_columns), lowest band first, 255 = loudest.
    """
    grey = _GREYS[levels[::-1] // (256 // N_GREYS)]
    high, wide = grey.shape
    # each row is told as the difference from the row above it (filter 2): bands are alike
    above = np.vstack([np.zeros((1, wide), np.uint8), grey[:-1]])
    rows = np.hstack([np.full((high, 1), 2, np.uint8), grey - above])
    head = struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, content) for name, content in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
