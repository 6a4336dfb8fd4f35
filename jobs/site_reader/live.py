"""Record a live stream for a stated time: the segments of an HLS playlist, or plain bytes.

yt-dlp leaves live streams to ffmpeg, which has no way out here. From the newest segments on (as
players begin, RFC 8216 §6.3.3), in order, each once; a segment that is gone is counted as a gap.
Encrypted segments and byte ranges are not taken.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias
from urllib.parse import urljoin

from yt_dlp.networking import Request as WebRequest
from yt_dlp.networking.exceptions import HTTPError
from yt_dlp.utils import DownloadCancelled

N_NEWEST = 3  # segments behind the newest one at which a recording begins
LONGEST_SILENCE_S = 120.0  # without a new segment, then the stream has ended
MOST_POLL_S = 10.0
PLAYLIST_BYTES = 4 << 20
READ_BYTES = 1 << 16
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')

# What yt-dlp knows about a page: a dict without a fixed shape, from outside.
Page: TypeAlias = dict[str, Any]
OnBytes: TypeAlias = Callable[[int], None]  # bytes so far
Reader: TypeAlias = Any  # yt_dlp.YoutubeDL


class LiveError(Exception):
    """The stream cannot be recorded; its text says why."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a live playlist."""

    number: int
    url: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Playlist:
    """What a media playlist says now."""

    segments: tuple[Segment, ...]
    header_url: str  # of fragmented MP4, or ""
    target_s: float
    has_ended: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """What came of it."""

    seconds: float  # as the stream counts them
    n_gaps: int


def record(
    reader: Reader, chosen: Page, path: Path, seconds: float, max_bytes: int, on_bytes: OnBytes
) -> Recording:
    """Write a live stream to a file until so many seconds are there or it ends.

    Args:
        reader: yt-dlp, which knows the proxy and the cookies.
        chosen: the format that was chosen, with `url`, `protocol` and `http_headers`.
        path: where to.
        seconds: how much.
        max_bytes: more ends the recording with an error.
        on_bytes: told now and then, also while nothing comes.

    Raises:
        LiveError: it is encrypted, or of a kind that cannot be recorded, or nothing came.
        DownloadCancelled: over `max_bytes`.
    """
    with path.open("wb") as file:
        sink = _Sink(file, max_bytes, on_bytes)
        protocol = str(chosen.get("protocol") or "")
        if protocol.startswith("m3u8"):
            done = _PlaylistRecorder(reader, chosen, sink).run(seconds)
        elif protocol in ("http", "https"):
            done = _record_bytes(reader, chosen, sink, seconds)
        else:
            raise LiveError(f"a live stream by {protocol or 'an unknown protocol'}")
    if not sink.n_bytes:
        raise LiveError("the stream gave no sound")
    return done


def parse_playlist(text: str, url: str) -> Playlist:
    """Return what a media playlist (RFC 8216 §4.3.3) says.

    Raises:
        LiveError: it is none, or asks for keys or byte ranges.
    """
    if not text.lstrip("\ufeff").startswith("#EXTM3U"):
        raise LiveError("what should be a live playlist is none")
    lines = [line.strip() for line in text.splitlines()]
    tags = [line.partition(":")[::2] for line in lines if line.startswith("#EXT")]
    for tag, value in tags:
        if tag == "#EXT-X-KEY" and _attributes(value).get("METHOD") != "NONE":
            raise LiveError("the live stream is encrypted (DRM)")
        if tag == "#EXT-X-BYTERANGE":
            raise LiveError("a live stream by byte ranges")
    said = dict(reversed(tags))  # the first of each
    target_s = min(max(_number(said.get("#EXT-X-TARGETDURATION", "5")), 0.5), 60.0)
    number = int(_number(said.get("#EXT-X-MEDIA-SEQUENCE", "0")))
    header = _attributes(said.get("#EXT-X-MAP", "")).get("URI", "")
    segments: list[Segment] = []
    duration_s = 0.0
    for line in lines:
        if line.startswith("#EXTINF:"):
            duration_s = _number(line.removeprefix("#EXTINF:").split(",")[0])
        elif line and not line.startswith("#"):
            place = number + len(segments)
            segments.append(Segment(place, urljoin(url, line), duration_s or target_s))
            duration_s = 0.0
    header_url = urljoin(url, header) if header else ""
    return Playlist(tuple(segments), header_url, target_s, "#EXT-X-ENDLIST" in lines)


class _Sink:
    """Counts what is written."""

    def __init__(self, file: IO[bytes], max_bytes: int, on_bytes: OnBytes) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self.on_bytes = on_bytes
        self.n_bytes = 0

    def write(self, data: bytes) -> None:
        self.n_bytes += len(data)
        if self.n_bytes > self._max_bytes:
            raise DownloadCancelled("over the limit of bytes")
        self._file.write(data)
        self.on_bytes(self.n_bytes)


class _PlaylistRecorder:
    """Follows one live playlist."""

    def __init__(self, reader: Reader, chosen: Page, sink: _Sink) -> None:
        self._reader = reader
        self._url = str(chosen["url"])
        self._headers = dict(chosen.get("http_headers") or {})
        self._sink = sink
        self._expected: int | None = None  # number of the next segment
        self._header_url = ""
        self._seconds = 0.0
        self._n_gaps = 0

    def run(self, seconds: float) -> Recording:
        """Record so many seconds, or until the stream ends."""
        newest_at = time.monotonic()
        while self._seconds < seconds:
            playlist = parse_playlist(_text(self._reader, self._url, self._headers), self._url)
            fresh = self._fresh(playlist)
            for segment in fresh:
                self._take(segment, playlist.header_url)
                if self._seconds >= seconds:
                    break
            newest_at = time.monotonic() if fresh else newest_at
            if playlist.has_ended or time.monotonic() - newest_at > LONGEST_SILENCE_S:
                break
            self._sink.on_bytes(self._sink.n_bytes)
            if self._seconds < seconds:
                time.sleep(min(playlist.target_s / 2, MOST_POLL_S))
        return Recording(self._seconds, self._n_gaps)

    def _fresh(self, playlist: Playlist) -> list[Segment]:
        if self._expected is not None:
            return [it for it in playlist.segments if it.number >= (self._expected or 0)]
        return list(playlist.segments if playlist.has_ended else playlist.segments[-N_NEWEST:])

    def _take(self, segment: Segment, header_url: str) -> None:
        if self._expected is not None:
            self._n_gaps += segment.number - self._expected
        self._expected = segment.number + 1
        try:
            if header_url != self._header_url:
                self._copy(header_url)
                self._header_url = header_url
            self._copy(segment.url)
        except HTTPError as error:
            if error.status not in (404, 410):
                raise
            self._n_gaps += 1
        else:
            self._seconds += segment.duration_s

    def _copy(self, url: str) -> None:
        for data in _bytes(self._reader, url, self._headers):
            self._sink.write(data)


def _record_bytes(reader: Reader, chosen: Page, sink: _Sink, seconds: float) -> Recording:
    """Record a stream that is one endless answer, such as Icecast's: seconds of the clock."""
    began_at = time.monotonic()
    headers = dict(chosen.get("http_headers") or {})
    for data in _bytes(reader, str(chosen["url"]), headers):
        sink.write(data)
        if time.monotonic() - began_at >= seconds:
            break
    return Recording(time.monotonic() - began_at, 0)


def _text(reader: Reader, url: str, headers: dict[str, str]) -> str:
    with reader.urlopen(WebRequest(url, headers=headers)) as answer:
        return bytes(answer.read(PLAYLIST_BYTES)).decode("utf-8", "replace")


def _bytes(reader: Reader, url: str, headers: dict[str, str]) -> Iterator[bytes]:
    with reader.urlopen(WebRequest(url, headers=headers)) as answer:
        while data := answer.read(READ_BYTES):
            yield data


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
