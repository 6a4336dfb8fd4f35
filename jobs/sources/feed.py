"""Podcasts and other feeds (RSS, Atom) as a source: each enclosure one item.

The feed comes through the egress guard and is parsed by feedparser in a limited child without a
network (`jobs.feed_reader`). An entry without an enclosure is the page that it links to. Feeds that
go on elsewhere (RFC 5005, `rel="next"`) are followed. Whoever writes a feed is a stranger: every
address in it passes the gate.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

from jobs.sources.access import SourceAccess
from jobs.sources.filters import Candidate
from jobs.sources.items import (
    EMPTY_CODE,
    MAX_FACT_CHARS,
    Listed,
    NewItem,
    clean_text,
    failed_item,
    source_key,
)
from jobs.sources.links import download_text
from jobs.sources.names import check_web_entry, has_media_name, name_of
from pipeline.errors import InputError, MediaUnsupportedError, SourceNotFoundError
from pipeline.limits import ChildLimits, run_limited

FEED_BYTES = 64 << 20  # a feed of 100 000 entries; feedparser needs about ten times that
N_PAGES = 500  # of a feed that goes on elsewhere
NO_FEED_CODE = "feed_malformed"
_PROJECT = Path(__file__).resolve().parents[2]
# as in `site_process`: no environment, no user site, and the project named by hand
_BOOTSTRAP = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1));"
    " runpy.run_module('jobs.feed_reader', run_name='__main__', alter_sys=True)"
)
_LIMITS = ChildLimits(cpu_s=120, memory_bytes=2 << 30, stall_s=150.0, wall_s=180.0)
_OUTPUT_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class _Page:
    """What the child found in one file."""

    title: str
    next_url: str
    entries: tuple[dict[str, object], ...]


def list_feed(source: str, access: SourceAccess) -> Iterator[Listed]:
    """Yield the media of a feed, page by page.

    Raises:
        MediaUnsupportedError: it is no feed (`feed_malformed`).
        SourceNotFoundError: it has no entry.
        VerityError: it cannot be had.
    """
    guids: set[str] = set()
    asked: set[str] = set()
    url, n_entries = source, 0
    while url and url not in asked and len(asked) < N_PAGES:
        asked.add(url)
        page = _read(url, access)
        for entry in page.entries:
            n_entries += 1
            yield from _to_items(entry, source, page.title, guids)
        url = _next_page(url, page.next_url)
    if not n_entries:
        raise SourceNotFoundError(f"The feed {clean_text(source)} has no entry (yet).", EMPTY_CODE)


def _next_page(url: str, next_url: str) -> str:
    if not next_url:
        return ""
    found = urljoin(url, next_url)
    check_web_entry(found)
    return found


def _read(url: str, access: SourceAccess) -> _Page:
    with tempfile.TemporaryDirectory(prefix="verity-feed-") as scratch:
        path = Path(scratch) / "feed"
        content_type, final_url = download_text(url, path, access, FEED_BYTES)
        argv = [sys.executable, "-I", "-c", _BOOTSTRAP, str(_PROJECT), str(path)]
        done = run_limited([*argv, content_type, final_url], _LIMITS, Path(scratch), _OUTPUT_BYTES)
    lines = done.stdout.split(b"\n")[:-1]
    if done.return_code != 0 or not lines:
        raise _no_feed(url, "it could not be parsed within its limits")
    feed, *entries = (json.loads(line) for line in lines)
    if not feed["version"] and not entries:
        raise _no_feed(url, "it holds neither RSS nor Atom")
    return _Page(clean_text(feed["title"]), feed["next"], tuple(entries))


def _no_feed(url: str, why: str) -> MediaUnsupportedError:
    return MediaUnsupportedError(f"{clean_text(url)} is no feed: {why}.", NO_FEED_CODE)


def _to_items(
    entry: dict[str, object], source: str, feed_title: str, guids: set[str]
) -> Iterator[Listed]:
    title, guid = clean_text(str(entry["title"])), clean_text(str(entry["guid"]))
    enclosures = _media_of(entry)
    link = str(entry["link"])
    if not enclosures and not link:
        error = MediaUnsupportedError("The entry names neither a medium nor a page.", "no_media")
        yield Listed(failed_item(source, title or guid or "entry", error))
        return
    published = _time(entry["published"])
    facts = {"feed": feed_title, "guid": guid, "author": clean_text(str(entry["author"]))}
    facts |= {"published": published.isoformat() if published else "", "page": clean_text(link)}
    for number, medium in enumerate(enclosures or [{"url": link, "length": ""}]):
        url = urljoin(source, medium["url"].strip())
        shown = title or name_of(url)
        shown = f"{shown} ({number + 1})" if len(enclosures) > 1 else shown
        size = int(medium["length"]) if medium["length"].isdecimal() else 0
        # A guid outlives changes of the URL; but a feed that gives two episodes the same one would
        # lose the second in silence.
        is_first = bool(guid) and number == 0 and guid not in guids
        guids.add(guid)
        identity = guid if is_first else url
        item = _to_item(url, shown, source_key(source, "feed", identity, str(size or "")), source)
        if "error" not in item.facts:
            via = "link" if enclosures or has_media_name(url) else "site"
            own = facts | {"via": via, "size_bytes": str(size or "")}
            kept = {name: value[:MAX_FACT_CHARS] for name, value in own.items() if value}
            item = replace(item, facts=kept)
        yield Listed(item, about=Candidate(shown, size or None, published))


def _to_item(url: str, title: str, key: str, source: str) -> NewItem:
    try:
        check_web_entry(url)
    except InputError as error:
        return replace(failed_item(url, title, error), source_key=key)
    return NewItem(url, title, key)


def _media_of(entry: dict[str, object]) -> list[dict[str, str]]:
    """Return an entry's enclosures that may be audio or video, each address once."""
    enclosures = entry["enclosures"]
    assert isinstance(enclosures, list), "our own child speaks"
    found: dict[str, dict[str, str]] = {}
    for medium in enclosures:
        kind = str(medium["type"]).lower().strip()
        is_other = kind.startswith(("image/", "text/", "application/pdf", "document/"))
        if not is_other or has_media_name(medium["url"]):
            found.setdefault(medium["url"], medium)
    return list(found.values())


def _time(seconds: object) -> datetime | None:
    if not isinstance(seconds, int):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
