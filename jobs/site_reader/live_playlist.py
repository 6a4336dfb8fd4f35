"""Read a live media playlist (RFC 8216): its segments, in order, with their keys and headers.

AES-128 whose key the playlist names is taken (§4.3.2.4); DRM (other methods, keys in other forms) and
byte ranges are not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

AES_BYTES = 16  # a key, a vector and a block
_VECTOR = re.compile(r"0[xX][0-9a-fA-F]{1,32}")
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')


class LiveError(Exception):
    """The stream cannot be recorded; its text says why."""


@dataclass(frozen=True, slots=True)
class Key:
    """With what a part is encrypted: AES-128, CBC, PKCS #7."""

    url: str
    iv: bytes  # 16


@dataclass(frozen=True, slots=True)
class Part:
    """What a segment stands behind: the header of fragmented MP4."""

    url: str
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a live playlist."""

    number: int
    url: str
    duration_s: float
    key: Key | None = None
    header: Part | None = None


@dataclass(frozen=True, slots=True)
class Playlist:
    """What a media playlist says now."""

    segments: tuple[Segment, ...]
    target_s: float
    has_ended: bool


def parse_playlist(text: str, url: str) -> Playlist:
    """Return what a media playlist (RFC 8216 §4.3.3) says.

    Raises:
        LiveError: it is none, or asks for DRM or byte ranges.
    """
    if not text.lstrip("\ufeff").startswith("#EXTM3U"):
        raise LiveError("what should be a live playlist is none")
    lines = [line.strip() for line in text.splitlines()]
    tags = [line.partition(":")[::2] for line in lines if line.startswith("#EXT")]
    said = dict(reversed(tags))  # the first of each
    if "#EXT-X-BYTERANGE" in said:
        raise LiveError("a live stream by byte ranges")
    target_s = min(max(_number(said.get("#EXT-X-TARGETDURATION", "5")), 0.5), 60.0)
    first = int(_number(said.get("#EXT-X-MEDIA-SEQUENCE", "0")))
    segments = tuple(_segments(lines, url, first, target_s))
    return Playlist(segments, target_s, "#EXT-X-ENDLIST" in lines)


def _segments(lines: list[str], url: str, first: int, target_s: float) -> Iterator[Segment]:
    """Yield the segments; keys and headers hold for those that follow them."""
    duration_s, number = 0.0, first
    said_key: dict[str, str] = {}
    header: Part | None = None
    for line in lines:
        if line.startswith("#EXTINF:"):
            duration_s = _number(line.removeprefix("#EXTINF:").split(",")[0])
        elif line.startswith("#EXT-X-KEY:"):
            said_key = _attributes(line.partition(":")[2])
        elif line.startswith("#EXT-X-MAP:"):
            place = urljoin(url, _attributes(line.partition(":")[2]).get("URI", ""))
            header = Part(place, _key(said_key, url, None))
        elif line and not line.startswith("#"):
            key = _key(said_key, url, number)
            yield Segment(number, urljoin(url, line), duration_s or target_s, key, header)
            duration_s, number = 0.0, number + 1


def _key(said: dict[str, str], url: str, number: int | None) -> Key | None:
    """Return the key of the segment of a number, or, without one, of a header.

    Raises:
        LiveError: it is DRM, or not said as RFC 8216 asks.
    """
    method = said.get("METHOD", "NONE")
    if method == "NONE":
        return None
    if method != "AES-128" or said.get("KEYFORMAT", "identity") != "identity":
        raise LiveError("the live stream is encrypted (DRM)")
    iv = said.get("IV", "")
    if not iv and number is not None:
        iv = f"0x{number:x}"  # the segment's number is its vector
    if not _VECTOR.fullmatch(iv) or not said.get("URI"):
        raise LiveError("the live playlist names a key without its parts")
    return Key(urljoin(url, said["URI"]), int(iv, 16).to_bytes(AES_BYTES))


def _attributes(text: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise LiveError("the live playlist counts in no numbers") from error
    if not 0 <= value < 1e15:
        raise LiveError("the live playlist counts in no numbers")
    return value
