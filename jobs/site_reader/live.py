"""Record a live stream for a stated time: the segments of an HLS playlist, or plain bytes.

yt-dlp leaves live streams to ffmpeg, which has no way out here. From the newest segments on (as
players begin, RFC 8216 §6.3.3), in order, each once; a segment that is gone is counted as a gap.
Segments under AES-128 are decrypted with the key that the playlist names openly, as every player does.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from yt_dlp.networking import Request as WebRequest
from yt_dlp.networking.exceptions import HTTPError
from yt_dlp.utils import DownloadCancelled

from jobs.site_reader.live_playlist import (
    AES_BYTES,
    Key,
    LiveError,
    Part,
    Playlist,
    Segment,
    parse_playlist,
)

N_NEWEST = 3  # segments behind the newest one at which a recording begins
LONGEST_SILENCE_S = 120.0  # without a new segment, then the stream has ended
MOST_POLL_S = 10.0
PLAYLIST_BYTES = 4 << 20
READ_BYTES = 1 << 16
N_KEYS = 4  # kept of a stream that changes them

# What yt-dlp knows about a page: a dict without a fixed shape, from outside.
Page: TypeAlias = dict[str, Any]
OnBytes: TypeAlias = Callable[[int], None]  # bytes so far
Reader: TypeAlias = Any  # yt_dlp.YoutubeDL


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
        self._header: Part | None = None
        self._keys: dict[str, bytes] = {}  # by URL: the last few
        self._seconds = 0.0
        self._n_gaps = 0

    def run(self, seconds: float) -> Recording:
        """Record so many seconds, or until the stream ends."""
        newest_at = time.monotonic()
        while self._seconds < seconds:
            playlist = parse_playlist(_text(self._reader, self._url, self._headers), self._url)
            fresh = self._fresh(playlist)
            for segment in fresh:
                self._take(segment)
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

    def _take(self, segment: Segment) -> None:
        if self._expected is not None:
            self._n_gaps += segment.number - self._expected
        self._expected = segment.number + 1
        try:
            if segment.header is not None and segment.header != self._header:
                self._copy(segment.header.url, segment.header.key)
                self._header = segment.header
            self._copy(segment.url, segment.key)
        except HTTPError as error:
            if error.status not in (404, 410):
                raise
            self._n_gaps += 1
        else:
            self._seconds += segment.duration_s

    def _copy(self, url: str, key: Key | None) -> None:
        secret = None if key is None else self._secret(key)  # before a byte is asked for
        data = _bytes(self._reader, url, self._headers)
        if key is not None and secret is not None:
            data = _decrypted(data, secret, key.iv)
        for part in data:
            self._sink.write(part)

    def _secret(self, key: Key) -> bytes:
        """Return a key's bytes; each is asked for once while it is used."""
        if key.url not in self._keys:
            data = b"".join(_bytes(self._reader, key.url, self._headers, most=AES_BYTES + 1))
            if len(data) != AES_BYTES:
                raise LiveError(
                    "the key of the live stream is none: it asks for a login, or is DRM"
                )
            while len(self._keys) >= N_KEYS:
                del self._keys[next(iter(self._keys))]
            self._keys[key.url] = data
        return self._keys[key.url]


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


def _bytes(
    reader: Reader, url: str, headers: dict[str, str], most: int | None = None
) -> Iterator[bytes]:
    with reader.urlopen(WebRequest(url, headers=headers)) as answer:
        if most is not None:
            yield answer.read(most)
            return
        while data := answer.read(READ_BYTES):
            yield data


def _decrypted(parts: Iterator[bytes], secret: bytes, iv: bytes) -> Iterator[bytes]:
    """Yield the parts as they were before AES-128 in CBC mode.

    Raises:
        LiveError: they were encrypted with another key, or are cut short.
    """
    opener = Cipher(algorithms.AES(secret), modes.CBC(iv)).decryptor()
    stripper = padding.PKCS7(8 * AES_BYTES).unpadder()
    try:
        for part in parts:
            yield stripper.update(opener.update(part))
        yield stripper.update(opener.finalize()) + stripper.finalize()
    except ValueError as error:
        raise LiveError("a segment of the live stream does not fit its key") from error
