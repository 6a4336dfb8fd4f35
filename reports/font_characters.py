"""Which characters a font has, from its `cmap` table alone (OpenType 1.9, formats 4 and 12).

fontTools reads the names of all glyphs first: of a font for Chinese that is 30 MB that stay.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from fontTools.ttLib.sfnt import SFNTReader  # type: ignore[import-untyped] # ships no types

# platform and encoding of the tables that hold Unicode, the widest first
_UNICODE = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0))
_NO_GLYPH = 0


def code_points(path: Path) -> frozenset[int]:
    """Return the code points that a font file has a glyph for.

    Raises:
        ValueError: its table is of a form that is not read here.
    """
    with path.open("rb") as file:
        table: bytes = SFNTReader(file)["cmap"]
    n_tables = struct.unpack_from(">H", table, 2)[0]
    places = {}
    for number in range(n_tables):
        platform, encoding, offset = struct.unpack_from(">HHL", table, 4 + 8 * number)
        places[platform, encoding] = offset
    offset = next((places[kind] for kind in _UNICODE if kind in places), None)
    form = None if offset is None else struct.unpack_from(">H", table, offset)[0]
    if offset is not None and form == 12:
        return frozenset(_in_groups(table, offset))
    if offset is not None and form == 4:
        return frozenset(_in_segments(table, offset))
    raise ValueError(f"{path.name} has no table of characters of format 4 or 12")


def _in_groups(table: bytes, offset: int) -> Iterator[int]:
    """Yield the code points of format 12: groups of first, last, glyph of the first."""
    n_groups = struct.unpack_from(">L", table, offset + 12)[0]
    for first, last, glyph in struct.iter_unpack(
        ">LLL", table[offset + 16 : offset + 16 + 12 * n_groups]
    ):
        yield from range(first if glyph != _NO_GLYPH else first + 1, last + 1)


def _in_segments(table: bytes, offset: int) -> Iterator[int]:
    """Yield the code points of format 4: segments, some of which name a glyph for each point."""
    length, n_twice = struct.unpack_from(">H2xH", table, offset + 2)
    words = struct.unpack(f">{length // 2}H", table[offset : offset + length // 2 * 2])
    n = n_twice // 2
    ends, starts = words[7 : 7 + n], words[8 + n : 8 + 2 * n]
    deltas, places = words[8 + 2 * n : 8 + 3 * n], words[8 + 3 * n : 8 + 4 * n]
    for index in range(n):
        for point in range(starts[index], ends[index] + 1):
            glyph = point
            if places[index]:  # in bytes, from where it stands itself
                glyph = words[8 + 3 * n + index + places[index] // 2 + point - starts[index]]
            is_there = glyph != _NO_GLYPH or not places[index]
            if is_there and (glyph + deltas[index]) & 0xFFFF != _NO_GLYPH and point != 0xFFFF:
                yield point
