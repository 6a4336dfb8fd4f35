"""A local site and bucket whose media are made while they are sent: gigabytes that lie nowhere."""

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SAMPLE_RATE = 48_000
FRAME_BYTES = 4  # two channels of 16 bits
CHUNK = bytes(1 << 20)
ETAG = '"giant"'
BUCKET = "giants"


@dataclass(slots=True)
class GiantSite:
    """A running site.

    `/known.wav` tells its length, `/endless.wav` does not, `/watch` is a page around the first; as S3
    it holds the bucket `giants` with `giant.wav` and what stands in `small`. `n_sent` counts bytes.
    """

    port: int
    size_bytes: int
    small: dict[str, bytes] = field(default_factory=dict)  # by name, also under `/NAME`
    n_sent: int = 0

    @property
    def host(self) -> str:
        """Return host and port."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        """Return the URL of a path."""
        return f"http://{self.host}{path}"


@contextmanager
def giant_site(size_bytes: int) -> Iterator[GiantSite]:
    """Run the site until the block is left."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    site = GiantSite(server.server_port, size_bytes)
    server.site = site  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def wav_head(size_bytes: int) -> bytes:
    """Return the first 44 bytes of a WAV file of so many bytes; sizes beyond 4 GiB are cut."""
    n_data = min(size_bytes - 44, 0xFFFFFFFF - 36)
    rate = struct.pack("<IIHH", SAMPLE_RATE, SAMPLE_RATE * FRAME_BYTES, FRAME_BYTES, 16)
    form = b"fmt " + struct.pack("<IHH", 16, 1, 2) + rate
    return (
        b"RIFF"
        + struct.pack("<I", n_data + 36)
        + b"WAVE"
        + form
        + b"data"
        + struct.pack("<I", n_data)
    )


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site: GiantSite = self.server.site  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        name = parts.path.rsplit("/", 1)[-1]
        if parts.path.rstrip("/") == f"/{BUCKET}":
            self._whole(_listing(site), "application/xml")
        elif parts.path == "/watch":
            page = f'<html><title>x</title><video src="{site.url("/known.wav")}"></video></html>'
            self._whole(page.encode(), "text/html")
        elif name in site.small:
            self._whole(site.small[name], "audio/wav")
        elif name in ("known.wav", "giant.wav"):
            self._stream(site, site.size_bytes)
        elif name == "endless.wav":
            self._stream(site, None)
        else:
            self.send_error(404)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - their name
        """Keep quiet."""

    def _whole(self, body: bytes, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{len(body)}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _stream(self, site: GiantSite, n_told: int | None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav")
        self.send_header("ETag", ETAG)
        if n_told is not None:
            self.send_header("Content-Length", str(n_told))
        self.end_headers()
        if self.command != "GET":
            return
        with suppress(OSError):  # the reader has seen enough
            left = site.size_bytes - self.wfile.write(wav_head(site.size_bytes))
            while left > 0:
                n_written = self.wfile.write(CHUNK[:left])
                left -= n_written
                site.n_sent += n_written


def _listing(site: GiantSite) -> bytes:
    objects = [("giant.wav", ETAG, site.size_bytes)]
    objects += [(name, f'"{len(body)}"', len(body)) for name, body in site.small.items()]
    rows = "".join(
        f"<Contents><Key>{name}</Key><ETag>{etag.replace(chr(34), '&quot;')}</ETag><Size>{size}</Size>"
        "<LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>"
        for name, etag, size in sorted(objects)
    )
    return f"<ListBucketResult>{rows}</ListBucketResult>".encode()
