"""A sweep's digests as an RSS 2.0 feed, newest first, for the feed reader of a newsroom.

Source of the format: https://www.rssboard.org/rss-specification. Outside text passes `one_line`: no
control characters, which XML has no place for.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from xml.etree import ElementTree

from reports.letters import digest_letter, one_line


def to_rss(name: str, digests: Sequence[Mapping[str, Any]], link: str = "") -> bytes:
    """Return the feed as UTF-8 XML.

    Args:
        name: of the sweep.
        digests: `jobs.digest.Digest` as JSON, newest first.
        link: where a reader's click leads; "" where there is no console.
    """
    rss = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(rss, "channel")
    _add(channel, "title", f"Verity: {one_line(name)}")
    _add(channel, "link", link or "https://example.invalid/")
    _add(channel, "description", "What each run of the sweep found. Machine output.")
    for digest in digests:
        subject, body = digest_letter(digest)
        item = ElementTree.SubElement(channel, "item")
        _add(item, "title", subject)
        _add(item, "description", body)
        _add(item, "pubDate", format_datetime(datetime.fromisoformat(digest["due_at"])))
        guid = _add(item, "guid", f"verity-run-{digest['run_id']}")
        guid.set("isPermaLink", "false")
    ElementTree.indent(rss)
    feed: bytes = ElementTree.tostring(rss, encoding="utf-8", xml_declaration=True)
    return feed


def _add(parent: ElementTree.Element, tag: str, text: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag)
    element.text = text
    return element
