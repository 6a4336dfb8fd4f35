"""A small web site on this machine: a playlist (an RSS feed) and the media that it names.

It serves what it was given and nothing else, on 127.0.0.1, and understands byte ranges.
"""

import contextlib
import mimetypes
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

HOST = "127.0.0.1"
PLAYLIST_NAME = "playlist.xml"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry of the playlist."""

    name: str  # the file's name on the site
    title: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Site:
    """A running site."""

    port: int

    @property
    def address(self) -> str:
        """The `host:port` that VERITY_FETCH_ALLOW has to name."""
        return f"{HOST}:{self.port}"

    @property
    def playlist_url(self) -> str:
        """Where the feed is."""
        return f"http://{self.address}/{PLAYLIST_NAME}"


@contextlib.contextmanager
def serve_site(title: str, entries: tuple[FeedEntry, ...]) -> Iterator[Site]:
    """Serve a playlist of these entries on a free port until the block ends."""
    server = _SiteServer((HOST, 0), _SiteHandler)
    site = Site(server.server_port)
    server.files = {f"/media/{entry.name}": entry.content for entry in entries}
    server.files[f"/{PLAYLIST_NAME}"] = _feed(title, site, entries)
    thread = threading.Thread(target=server.serve_forever, name="demo-site", daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _SiteServer(ThreadingHTTPServer):
    daemon_threads = True
    files: Mapping[str, bytes] = {}

    def handle_error(self, request: object, client_address: object) -> None:
        """Let go of visitors who hang up early (yt-dlp does); our own faults are shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _SiteHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _SiteServer

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's)
        """Say nothing: the demo's terminal shows the job."""

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        content = self.server.files.get(path)
        if content is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        first, last = _asked_range(self.headers.get("Range", ""), len(content))
        part = content[first : last + 1]
        whole = len(part) == len(content)
        self.send_response(HTTPStatus.OK if whole else HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", _content_type(path))
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Accept-Ranges", "bytes")
        if not whole:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.end_headers()
        if self.command == "GET":
            with contextlib.suppress(ConnectionError):  # the other side may have read enough
                self.wfile.write(part)


def _asked_range(header: str, n_bytes: int) -> tuple[int, int]:
    """Return the first and last byte that are asked for; everything where the header is odd."""
    everything = (0, n_bytes - 1)
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return everything
    first_text, last_text = match.groups()
    if not first_text:
        return (max(0, n_bytes - int(last_text)), n_bytes - 1)
    first = int(first_text)
    last = min(int(last_text), n_bytes - 1) if last_text else n_bytes - 1
    return (first, last) if first <= last else everything


def _content_type(path: str) -> str:
    if path.endswith(".xml"):
        return "application/rss+xml; charset=utf-8"
    return mimetypes.guess_type(path)[0] or "application/octet-stream"


def _feed(title: str, site: Site, entries: tuple[FeedEntry, ...]) -> bytes:
    rss = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(rss, "channel")
    ElementTree.SubElement(channel, "title").text = title
    ElementTree.SubElement(channel, "link").text = f"http://{site.address}/"
    ElementTree.SubElement(channel, "description").text = "Media of the Voice Verity demo."
    for entry in entries:
        url = f"http://{site.address}/media/{quote(entry.name)}"
        item = ElementTree.SubElement(channel, "item")
        ElementTree.SubElement(item, "title").text = entry.title
        ElementTree.SubElement(item, "guid", isPermaLink="false").text = f"demo:{entry.name}"
        ElementTree.SubElement(
            item,
            "enclosure",
            url=url,
            length=str(len(entry.content)),
            type=_content_type(entry.name),
        )
    return bytes(ElementTree.tostring(rss, encoding="utf-8", xml_declaration=True))
