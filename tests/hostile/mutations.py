"""Real files of every container, hurt at random: a seed decides the file, its name and the harm.

Shared by the property tests and by `python -m bench.mutations`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

MOST_HARM = 4  # changes one after the other
HEADER_BYTES = 600  # where a change of a number does the most
EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)
ENDINGS = (".wav", ".mp3", ".mp4", ".ogg", ".flac", ".mkv", ".aac", ".bin", "")

Change = Callable[[bytearray, np.random.Generator, bytes], bytearray]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file that was hurt."""

    name: str
    content: bytes
    history: str  # the form and what was done to it


def mutant(seed: int, forms: Mapping[str, bytes]) -> Mutant:
    """Return the file of this seed.

    Args:
        seed: any number.
        forms: whole files by name.
    """
    rng = np.random.default_rng(seed)
    names = sorted(forms)
    form = names[rng.integers(len(names))]
    other = forms[names[rng.integers(len(names))]]
    content = bytearray(forms[form])
    history = [form]
    for _ in range(rng.integers(1, MOST_HARM + 1)):
        change = CHANGES[rng.integers(len(CHANGES))]
        content = change(content, rng, other) or bytearray(b"\0")
        history.append(change.__name__.strip("_"))
    name = f"mutant{ENDINGS[rng.integers(len(ENDINGS))]}" if rng.random() < 0.3 else form
    return Mutant(name, bytes(content), " ".join(history))


def _flip_bits(content: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    for place in rng.integers(len(content), size=rng.integers(1, 200)):
        content[place] ^= 1 << int(rng.integers(8))
    return content


def _set_number(content: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    """Write an extreme number of 4 bytes, of either byte order, into the header."""
    place = int(rng.integers(min(HEADER_BYTES, len(content))))
    value = EXTREMES[rng.integers(len(EXTREMES))]
    order: Literal["big", "little"] = "big" if rng.random() < 0.5 else "little"
    content[place : place + 4] = value.to_bytes(4, order)
    return content


def _flip_header(content: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    for place in rng.integers(min(HEADER_BYTES, len(content)), size=rng.integers(1, 12)):
        content[place] = int(rng.integers(256))
    return content


def _cut(content: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    return content[: int(rng.integers(1, len(content) + 1))]


def _behead(content: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    return content[int(rng.integers(len(content))) :]


def _delete(content: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    first, last = _range(content, rng)
    del content[first:last]
    return content


def _zero(content: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    first, last = _range(content, rng)
    content[first:last] = bytes(last - first)
    return content


def _overwrite(content: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    first, last = _range(content, rng)
    content[first:last] = rng.bytes(last - first)
    return content


def _repeat(content: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    first, last = _range(content, rng)
    content[last:last] = content[first:last] * int(rng.integers(1, 8))
    return content


def _insert(content: bytearray, rng: np.random.Generator, _: bytes) -> bytearray:
    place = int(rng.integers(len(content)))
    content[place:place] = rng.bytes(int(rng.integers(1, 5_000)))
    return content


def _splice(content: bytearray, rng: np.random.Generator, other: bytes) -> bytearray:
    """Go on with another file from some place on."""
    return (
        content[: int(rng.integers(1, len(content) + 1))] + other[int(rng.integers(len(other))) :]
    )


def _range(content: bytearray, rng: np.random.Generator) -> tuple[int, int]:
    first = int(rng.integers(len(content)))
    return first, min(len(content), first + int(rng.integers(1, max(2, len(content) // 4))))


CHANGES: tuple[Change, ...] = (
    _flip_bits,
    _set_number,
    _set_number,
    _flip_header,
    _cut,
    _behead,
    _delete,
    _zero,
    _overwrite,
    _repeat,
    _insert,
    _splice,
)
