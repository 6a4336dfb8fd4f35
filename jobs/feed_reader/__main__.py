"""Parse the feed in a file: one `feed` line, then an `entry` line for each entry.

Arguments: the file, its content type, its URL (relative addresses are read against it). What the
feed says is passed on as it is: addresses of any kind, text with markup. Others judge it.
"""

import calendar
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import feedparser
import feedparser.urls

N_ENTRIES = 100_000
N_ENCLOSURES = 50  # of one entry
TEXT_CHARS = 4_096

# What feedparser knows of a feed: dicts without a fixed shape, from outside.
Outside: TypeAlias = Any


def main(path: str, content_type: str, url: str) -> None:
    """Print what the feed says."""
    # our own gate judges addresses: here a dangerous one would vanish without a word
    feedparser.urls.ACCEPTABLE_URI_SCHEMES = ()
    found = feedparser.parse(
        io.BytesIO(Path(path).read_bytes()),
        response_headers={"content-type": content_type, "content-location": url},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    feed, entries = found.get("feed", {}), found.get("entries", [])
    _say(
        {
            "event": "feed",
            "version": found.get("version", ""),
            "title": _text(feed.get("title")),
            "next": next(
                (_text(link.get("href")) for link in feed.get("links", ()) if _is_next(link)), ""
            ),
        }
    )
    for entry in entries[:N_ENTRIES]:
        _say({"event": "entry", **_entry(entry)})


def _is_next(link: Outside) -> bool:
    return bool(link.get("rel") == "next")  # RFC 5005: the feed goes on there


def _entry(entry: Outside) -> dict[str, object]:
    return {
        "title": _text(entry.get("title")),
        "guid": _text(entry.get("id")),
        "link": _text(entry.get("link")),
        "author": _text(entry.get("author")),
        "published": _seconds(entry.get("published_parsed") or entry.get("updated_parsed")),
        "enclosures": list(_enclosures(entry)),
    }


def _enclosures(entry: Outside) -> Iterator[dict[str, str]]:
    named = [
        *((it.get("href"), it.get("type"), it.get("length")) for it in entry.get("enclosures", ())),
        *(
            (it.get("url"), it.get("type") or f"{it.get('medium', '')}/", it.get("filesize"))
            for it in entry.get("media_content", ())
        ),
    ]
    for url, kind, length in named[:N_ENCLOSURES]:
        if url:
            yield {"url": _text(url), "type": _text(kind), "length": _text(length)}


def _seconds(when: Outside) -> int | None:
    try:
        return calendar.timegm(when) if when else None
    except (OverflowError, TypeError, ValueError):
        return None


def _text(value: object) -> str:
    return "" if value is None else str(value)[:TEXT_CHARS]


def _say(event: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:4])
