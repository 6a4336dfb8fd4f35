"""Plain HTTP(S) links as a source: one medium behind one URL, fetched through the egress guard.

A broken connection goes on where it broke (`Range` with `If-Range`), where the server names a
version; otherwise it starts again. Bodies are asked for unpacked: a packed one is a bomb to count.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from jobs.sources.access import SourceAccess
from jobs.sources.filters import Candidate
from jobs.sources.http_errors import check_status, is_from_guard, to_named_error
from jobs.sources.items import (
    Fetchable,
    Fetched,
    Listed,
    NewItem,
    OnProgress,
    clean_text,
    source_key,
)
from jobs.sources.names import name_of
from jobs.sources.sink import MediaSink, check_size, empty_medium, too_slow
from pipeline.errors import FetchFailedError, MediaUnsupportedError
from pipeline.vocabulary import Custody

USER_AGENT = "verity/0.1 (media forensics)"
N_REDIRECTS = 10
RESUME_WAIT_S = 0.2  # before a broken download goes on; grows with each break
PAGE_CODE = "link_is_a_page"  # the server sent a web page: a media site may know what is in it

_XML_TYPES = ("text/xml", "application/xml")
_PAGE_TYPES = ("text/html", "application/xhtml+xml", *_XML_TYPES)
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml")
_LIST_TYPES = ("text/plain", "text/csv", "application/json", "application/x-ndjson")
# what a listing knew of a medium, and its report shall say
_LISTED_FACTS = ("feed", "guid", "author", "published", "page")
# Manifests name other URLs: yt-dlp reads those, through the guard.
_MANIFEST_TYPES = ("application/dash+xml", "application/vnd.apple.mpegurl", "mpegurl")
_MEDIA_TYPE = re.compile(r"(?:audio|video)/|application/(?:ogg|octet-stream|mp4)")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]+)-[0-9]+/([0-9]+|\*)")


class LinkKind(StrEnum):
    """What a server says that a URL is, by its content type."""

    MEDIA = "media"  # a file to download
    FEED = "feed"  # RSS or Atom, for certain
    XML = "xml"  # perhaps a feed
    LIST = "list"  # text, CSV or JSON: sources, one a line or a row
    PAGE = "page"  # anything else: a media site may know what is in it


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What a server says about a URL before it is fetched."""

    kind: LinkKind
    version: str  # ETag, or length where there is none
    size_bytes: int | None = None
    changed_at: datetime | None = None


def ask_link(url: str, access: SourceAccess) -> LinkFacts | None:
    """Return what the server says about a URL, or None where it does not answer such questions.

    Raises:
        AccessError: the guard refuses the address.
    """
    with open_client(access) as client, named_errors(url):
        answer = client.head(url)
        if is_from_guard(answer):
            check_status(answer, url)
        if answer.status_code >= 400:
            return None
        length = answer.headers.get("content-length", "")
        return LinkFacts(
            _kind(_content_type(answer)),
            answer.headers.get("etag") or length,
            int(length) if length.isdecimal() else None,
            _time(answer.headers.get("last-modified", "")),
        )


def list_link(url: str, facts: LinkFacts | None = None) -> Iterator[Listed]:
    """Yield the one item that a link is.

    Args:
        url: what was submitted.
        facts: what its server says of it, if it was asked.
    """
    version = facts.version if facts else ""
    item = NewItem(url, name_of(url), source_key(url, "link", url, version), {"via": "link"})
    about = Candidate(item.title, facts.size_bytes, facts.changed_at) if facts else None
    yield Listed(item, about=about)


def download_text(url: str, path: Path, access: SourceAccess, max_bytes: int) -> tuple[str, str]:
    """Write a feed or a list to a file; return its content type and its final URL.

    Raises:
        VerityError: as `fetch_link`; over `max_bytes` it is a `LimitExceededError`.
    """
    limits = replace(access.limits, max_bytes=min(max_bytes, access.limits.max_bytes))
    with open_client(access) as client, named_errors(url), path.open("wb") as file:
        deadline = time.monotonic() + limits.wall_s
        with client.stream("GET", url) as answer:
            check_status(answer, url)
            for chunk in answer.iter_raw():
                check_size(file.tell() + len(chunk), limits)
                if time.monotonic() > deadline:
                    raise too_slow(limits)
                file.write(chunk)
        return str(answer.headers.get("content-type", "")), str(answer.url)


def fetch_link(
    item: Fetchable, folder: Path, access: SourceAccess, on_progress: OnProgress
) -> Fetched:
    """Download what is behind a link.

    Raises:
        AccessError: the guard or the server refuses.
        SourceNotFoundError: there is nothing (any more).
        MediaUnsupportedError: the server sent a page (`link_is_a_page`).
        FetchFailedError: the server did not answer, or breaks off again and again.
        LimitExceededError, MediaCorruptError: see `MediaSink`.
    """
    url = item.source_uri
    with (
        MediaSink(folder, access.limits, on_progress) as sink,
        open_client(access) as client,
        named_errors(url),
    ):
        answer = _Download(client, url, sink).run(access.limits.n_resumes)
        return sink.finish(_custody(answer, item))


@contextmanager
def open_client(access: SourceAccess) -> Iterator[httpx.Client]:
    """Give an HTTP client that knows no way out but the guard."""
    with httpx.Client(
        proxy=access.guard.proxy_url,
        trust_env=False,
        follow_redirects=True,
        max_redirects=N_REDIRECTS,
        timeout=httpx.Timeout(access.limits.stall_s, connect=30.0),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
    ) as client:
        yield client


@contextmanager
def named_errors(url: str) -> Iterator[None]:
    """Translate what httpx raises about a URL."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict) as error:
        raise to_named_error(error, url) from error


class _Download:
    """One link's way to disk over as many connections as it takes."""

    def __init__(self, client: httpx.Client, url: str, sink: MediaSink) -> None:
        self._client = client
        self._url = url
        self._sink = sink
        self._validator = ""  # a strong one: only then is the rest the rest of the same bytes

    def run(self, n_resumes: int) -> httpx.Response:
        """Fill the sink and return the answer that the last bytes came with, closed."""
        n_breaks = 0
        while True:
            before = self._sink.size_bytes
            try:
                return self._get()
            except (httpx.TransportError, FetchFailedError) as error:
                if isinstance(error, httpx.ProxyError | httpx.UnsupportedProtocol):
                    raise
                # A server that asks us to wait is not asked again at once.
                if (
                    isinstance(error, FetchFailedError)
                    and error.code != FetchFailedError.default_code
                ):
                    raise
                n_breaks = 1 if self._sink.size_bytes > before else n_breaks + 1
                if n_breaks > n_resumes:
                    raise
            time.sleep(RESUME_WAIT_S * 2**n_breaks)
            self._sink.check_time()

    def _get(self) -> httpx.Response:
        headers = {}
        if self._sink.size_bytes and self._validator:
            headers = {"Range": f"bytes={self._sink.size_bytes}-", "If-Range": self._validator}
        elif self._sink.size_bytes:
            self._sink.restart()
        with self._client.stream("GET", self._url, headers=headers) as answer:
            check_status(answer, self._url)
            self._line_up(answer)
            content_type = _content_type(answer)
            if content_type in (*_PAGE_TYPES, *_FEED_TYPES):
                raise MediaUnsupportedError(
                    "The link leads to a web page, not to a media file: submit the address of the"
                    " file itself.",
                    PAGE_CODE,
                )
            for chunk in answer.iter_raw():  # as they come: a break loses nothing that came
                self._sink.write(chunk)
        return answer

    def _line_up(self, answer: httpx.Response) -> None:
        """Make the sink end where the answer begins, and announce the size."""
        length = answer.headers.get("content-length", "")
        size_bytes = int(length) if length.isdecimal() else None
        etag = answer.headers.get("etag", "")
        self._validator = etag if etag.startswith('"') else answer.headers.get("last-modified", "")
        if answer.status_code == 206:
            place = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
            if not place or int(place[1]) != self._sink.size_bytes:
                self._validator = ""
                raise FetchFailedError("The server sent another part than was asked for.")
            size_bytes = None if size_bytes is None else self._sink.size_bytes + size_bytes
        elif self._sink.size_bytes:
            self._sink.restart()  # another version, or no ranges: from the start
        if size_bytes == 0:
            raise empty_medium()
        self._sink.expect(size_bytes)


def _content_type(answer: httpx.Response) -> str:
    content_type = str(answer.headers.get("content-type", ""))
    return content_type.partition(";")[0].strip().lower()


def _kind(content_type: str) -> LinkKind:
    if content_type in _FEED_TYPES:
        return LinkKind.FEED
    if content_type in _XML_TYPES:
        return LinkKind.XML
    if content_type in _LIST_TYPES:
        return LinkKind.LIST
    is_manifest = any(kind in content_type for kind in _MANIFEST_TYPES)
    is_media = bool(_MEDIA_TYPE.match(content_type)) and not is_manifest
    return LinkKind.MEDIA if is_media else LinkKind.PAGE


def _time(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _custody(answer: httpx.Response, item: Fetchable) -> Custody:
    url = item.source_uri
    headers = answer.headers
    final = urlsplit(str(answer.url))
    asked = urlsplit(url)
    facts = {
        "command": f"GET {asked.scheme}://{asked.netloc}{asked.path}",  # without the query: see below
        "http_status": str(answer.status_code),
        "content_length": headers.get("content-length", ""),
        "content_type": headers.get("content-type", ""),
        "etag": headers.get("etag", ""),
        "last_modified": headers.get("last-modified", ""),
        "server_date": headers.get("date", ""),
        # Without the query: redirects end at signed addresses, and those are keys.
        "final_url": f"{final.scheme}://{final.netloc}{final.path}" if answer.history else "",
        "n_redirects": str(len(answer.history)) if answer.history else "",
    }
    facts |= {name: item.facts.get(name, "") for name in _LISTED_FACTS}
    disposition = Message()
    disposition["Content-Disposition"] = headers.get("content-disposition", "")
    given_name = disposition.get_filename()
    return Custody(
        acquired_at=datetime.now(UTC),
        acquired_by=f"httpx {httpx.__version__}",
        source_version=headers.get("etag") or headers.get("last-modified", ""),
        original_name=clean_text(given_name) if given_name else name_of(url),
        facts={name: clean_text(value) for name, value in facts.items() if value},
    )
