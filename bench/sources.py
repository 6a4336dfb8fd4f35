"""List a bucket of many keys from a local page generator: seconds, and memory that must not grow.

`python -m bench.sources --keys 1000000 --cut 400000` also stops a listing in the middle and goes on
from its cursor.
"""

import argparse
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from bench.cpu_clock import peak_mib
from jobs.sources import S3Access, SourceAccess, list_from
from storage.egress import EgressGuard

PAGE_KEYS = 1000
SHOWN_EVERY = 100_000


class _Pages(BaseHTTPRequestHandler):
    """Answers ListObjectsV2 for keys 0000000.wav, 0000001.wav, ... without keeping them."""

    protocol_version = "HTTP/1.1"
    n_keys = 0

    def do_GET(self) -> None:
        """Send a page."""
        asked = parse_qs(urlsplit(self.path).query)
        after = (asked.get("continuation-token") or asked.get("start-after") or ["-1.wav"])[0]
        first = int(after.removesuffix(".wav")) + 1
        last = min(first + PAGE_KEYS, self.n_keys)
        rows = "".join(
            f"<Contents><Key>{n:07}.wav</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"
            f"<ETag>&quot;{n:032x}&quot;</ETag><Size>{n}</Size><StorageClass>STANDARD</StorageClass>"
            "</Contents>"
            for n in range(first, last)
        )
        more = f"<NextContinuationToken>{last - 1}.wav</NextContinuationToken>"
        is_cut = "true" if last < self.n_keys else "false"
        rest = more if last < self.n_keys else ""
        body = (
            f"<ListBucketResult><IsTruncated>{is_cut}</IsTruncated>{rest}{rows}</ListBucketResult>"
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base class names it
        """Keep quiet."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--cut", type=int, default=400_000)
    asked = parser.parse_args()
    _Pages.n_keys = asked.keys
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    key = SecretStr("key")
    s3 = S3Access(f"http://127.0.0.1:{server.server_port}", "us-east-1", None, key, key)
    access = SourceAccess(EgressGuard(), s3)
    began_at = time.monotonic()
    n_listed, cursor = 0, ""
    for cut in (asked.cut, asked.keys):
        listing = list_from("s3://bench/", access, cursor)
        for listed in listing:
            n_listed += 1
            cursor = listed.cursor
            if n_listed == 1:
                print(f"first key after {time.monotonic() - began_at:.2f} s")
            if n_listed % SHOWN_EVERY == 0:
                _show(n_listed, began_at)
            if n_listed == cut:
                break
        listing.close()  # type: ignore[attr-defined]
    _show(n_listed, began_at)
    server.shutdown()
    assert n_listed == asked.keys, "none lost, none twice"


def _show(n_listed: int, began_at: float) -> None:
    seconds = time.monotonic() - began_at
    print(
        f"{n_listed:>9} keys {seconds:7.1f} s {n_listed / seconds:7.0f} keys/s {peak_mib():5.0f} MiB"
    )


if __name__ == "__main__":
    main()
