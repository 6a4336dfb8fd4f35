"""ProPack: Rob Northen's packing, method 1, that Beneath a Steel Sky's speech lies in.

After the layout that ScummVM documents (engines/sky/rnc_deco.cpp): little-endian bits, Huffman
tables for literal lengths, distances and copy lengths, rebuilt for each chunk.
"""

import struct
from dataclasses import dataclass

from pipeline.errors import MediaCorruptError

HEADER = struct.Struct(">3sBIIHHBB")  # tag, method, sizes, checksums, leeway, number of chunks


@dataclass(slots=True)
class _Bits:
    """Bits and bytes of the packed content, which alternate: lives for one file."""

    content: bytes
    at: int  # the next byte
    buffer: int = 0
    n_bits: int = 0

    def take(self, n: int) -> int:
        """Return the next `n` bits, lowest first."""
        while self.n_bits < n:
            self._fill()
        value = self.buffer & ((1 << n) - 1)
        self.buffer >>= n
        self.n_bits -= n
        return value

    def literal(self, n: int) -> bytes:
        """Return the next `n` whole bytes, past those that the bit buffer has taken already."""
        piece = self.content[self.at : self.at + n]
        self.at += n
        return piece

    def _fill(self) -> None:
        """Take one more 16-bit word into the buffer."""
        word = self.content[self.at : self.at + 2]
        if not word:
            raise MediaCorruptError("packed speech ends too early")
        self.buffer |= int.from_bytes(word, "little") << self.n_bits
        self.at += 2
        self.n_bits += 16


Table = dict[tuple[int, int], int]  # (length, code) -> symbol


def unpack(content: bytes) -> bytes:
    """Return what the packed bytes hold.

    Raises:
        MediaCorruptError: it is no ProPack file of method 1, or it ends too early.
    """
    if len(content) < HEADER.size or content[:4] != b"RNC\x01":
        raise MediaCorruptError("not packed by ProPack method 1")
    fields = HEADER.unpack_from(content)
    size, n_chunks = fields[2], fields[7]
    bits = _Bits(content, HEADER.size)
    bits.take(2)  # locked and keyed flags
    out = bytearray()
    for _ in range(n_chunks):
        literals, distances, lengths = _table(bits), _table(bits), _table(bits)
        for left in range(bits.take(16), 0, -1):
            n_literal = _symbol(bits, literals)
            out += bits.literal(n_literal) if n_literal else b""
            if left > 1:
                distance = _symbol(bits, distances) + 1
                for _ in range(_symbol(bits, lengths) + 2):
                    out.append(out[-distance])
    if len(out) != size:
        raise MediaCorruptError("packed speech is not as long as it says")
    return bytes(out)


def _table(bits: _Bits) -> Table:
    """Return a Huffman table read from the content."""
    lengths = [bits.take(4) for _ in range(bits.take(5))]
    table: Table = {}
    code = 0
    for length in range(1, 17):
        for symbol, own in enumerate(lengths):
            if own == length:
                turned = int(format(code, f"0{length}b")[::-1], 2)
                table[length, turned] = symbol
                code += 1
        code <<= 1
    return table


def _symbol(bits: _Bits, table: Table) -> int:
    """Return the next symbol; from 2 on it says how many bits of the value follow."""
    code = 0
    for length in range(1, 17):
        code |= bits.take(1) << (length - 1)
        symbol = table.get((length, code))
        if symbol is not None:
            return symbol if symbol < 2 else (1 << (symbol - 1)) | bits.take(symbol - 1)
    raise MediaCorruptError("packed speech holds a code that no table has")
