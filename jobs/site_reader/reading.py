"""List and fetch with yt-dlp, with our options only.

No plugins, no user configuration, no external downloaders, no post-processors, no cache, no netrc,
no `file:` URLs. One way to the web: the proxy. What a page says is passed on as it is: names are
shown by others, never used here.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import yt_dlp
from yt_dlp.globals import plugin_dirs
from yt_dlp.utils import DownloadCancelled, YoutubeDLError, unsmuggle_url
from yt_dlp.version import __version__

from jobs.site_reader import live
from jobs.site_reader.live_playlist import LiveError

VERSION = str(__version__)
SITE_ERRORS = (YoutubeDLError,)  # what yt-dlp raises about sites
N_HOPS = 8  # pages that point to other pages before we give up
N_DEEP = 3  # playlists in playlists: a channel's tabs, a tab's shelves
N_ENTRIES = 100_000  # of one playlist
FACT_CHARS = 1_000
MESSAGE_CHARS = 2_000
OUR_NAME = "media.bin"

# An extractor that answers both with playlists and with single media: a channel names its tabs so.
_MIXED_EXTRACTOR = "YoutubeTab"
_FACTS = (
    *("id", "title", "uploader", "uploader_id", "channel", "channel_id", "upload_date"),
    *("timestamp", "duration", "language", "availability", "live_status", "webpage_url"),
    *("extractor", "extractor_key", "format_id", "ext", "acodec", "abr", "asr", "protocol"),
)

# What yt-dlp knows about a page: a dict without a fixed shape, from outside.
Page: TypeAlias = dict[str, Any]
Say: TypeAlias = Callable[[Mapping[str, object]], None]


class ReadingError(Exception):
    """The page is not what was asked for; args are our code and a message."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the parent asks for."""

    mode: str  # `list` or `fetch`
    url: str
    folder: Path  # where the medium goes
    max_bytes: int
    stall_s: float
    deno: str  # path of the program that runs player scripts, or nothing
    entry: int | None  # which of several media of the page, from 0
    live_s: float = 0.0  # record a live stream for so long; 0: it is refused
    cookies: str = ""  # in Netscape's form
    sleep_s: float = 0.0  # between requests
    rate_bytes: int | None = None  # a second


def list_page(request: Request, proxy: str, say: Say) -> None:
    """Say what a page holds: one `single` event, or an `entry` event for each medium."""
    with open_reader(request, proxy, say) as reader:
        page = _follow(reader, request.url)
        if not _is_playlist(page):
            say({"event": "single", **_entry_facts(page, request.url)})
            return
        title = str(page.get("title") or "")[:FACT_CHARS]
        say({"event": "playlist", "title": title, "extractor": str(page.get("extractor") or "")})
        for number, (entry, parent) in enumerate(islice(_entries(reader, page, 0), N_ENTRIES)):
            say({"event": "entry", "number": number, **_entry_facts(entry, parent)})


def fetch_page(request: Request, proxy: str, say: Say) -> None:
    """Download the one medium of a page into the request's folder, and say what it is."""
    with open_reader(request, proxy, say) as reader:
        page = _follow(reader, request.url)
        for _ in range(N_HOPS):
            if not _is_playlist(page):
                break
            page = _follow_entry(reader, _pick(page, request.entry))
        if page.get("live_status") == "is_upcoming":
            raise ReadingError("premiere", "the stream has not begun")
        if _is_live(page):
            _record_live(reader, page, request, say)
            return
        read = reader.process_ie_result(page, download=True)
        say({"event": "done", "facts": _facts(read or page)})


def _is_live(page: Page) -> bool:
    return bool(page.get("is_live")) or page.get("live_status") == "is_live"


def _record_live(reader: yt_dlp.YoutubeDL, page: Page, request: Request, say: Say) -> None:
    if not request.live_s:
        raise ReadingError("live", "the stream is running")
    chosen = reader.process_ie_result(page, download=False)
    if len(chosen.get("requested_formats") or ()) > 1:
        raise ReadingError("live_kind", "a live stream in several parts")
    try:
        done = live.record(
            reader,
            chosen,
            request.folder / OUR_NAME,
            request.live_s,
            request.max_bytes,
            lambda so_far: say({"event": "progress", "bytes": so_far, "total": None}),
        )
    except LiveError as error:
        words = str(error)
        if "DRM" not in words:
            words = f"live stream recording is not available: {words}"
        raise ReadingError("live_kind", words) from error
    recorded = {"live_seconds": f"{done.seconds:.1f}", "live_gaps": f"{done.n_gaps}"}
    say({"event": "done", "facts": _facts(chosen) | recorded})


def open_reader(request: Request, proxy: str, say: Say) -> yt_dlp.YoutubeDL:
    """Return yt-dlp with our options."""
    plugin_dirs.value = []

    def watch(progress: Page) -> None:
        so_far = int(progress.get("downloaded_bytes") or 0)
        total = progress.get("total_bytes") or progress.get("total_bytes_estimate")
        if max(so_far, int(progress.get("total_bytes") or 0)) > request.max_bytes:
            raise DownloadCancelled("over the limit of bytes")
        say({"event": "progress", "bytes": so_far, "total": int(total) if total else None})

    return yt_dlp.YoutubeDL(
        {
            "proxy": proxy,
            "format": "bestaudio/best[height<=720]/best",
            "outtmpl": {"default": str(request.folder / OUR_NAME)},
            "socket_timeout": request.stall_s,
            "cookiefile": io.StringIO(request.cookies) if request.cookies else None,
            "sleep_interval_requests": request.sleep_s,
            "sleep_interval": request.sleep_s,
            "ratelimit": request.rate_bytes,
            "retries": 3,
            "fragment_retries": 3,
            "extractor_retries": 1,
            "skip_unavailable_fragments": False,
            "noplaylist": False,
            "cachedir": False,
            "usenetrc": False,
            "enable_file_urls": False,
            "external_downloader": {"default": "native"},
            "hls_prefer_native": True,
            "ffmpeg_location": "/nonexistent",
            "postprocessors": [],
            "fixup": "never",
            "writethumbnail": False,
            "allow_unplayable_formats": False,
            "overwrites": True,
            "updatetime": False,
            "color": "never",
            "quiet": True,
            "noprogress": True,
            "no_warnings": True,
            "consoletitle": False,
            "js_runtimes": {"deno": {"path": request.deno}} if request.deno else {},
            "remote_components": [],
            "progress_hooks": [watch],
            "logger": _Silence(),
        },
        auto_init="no_verbose_header",
    )


class _Silence:
    """Takes what yt-dlp would print: standard output is ours."""

    def debug(self, message: str) -> None:
        """Drop progress and notes."""

    def info(self, message: str) -> None:
        """Drop notes."""

    def warning(self, message: str) -> None:
        """Drop warnings: what matters comes as an error."""

    def error(self, message: str) -> None:
        """Drop errors: they are raised as well."""


def _follow(reader: yt_dlp.YoutubeDL, url: str, extractor_key: str | None = None) -> Page:
    """Return the page that a URL leads to, unresolved: entries of playlists stay lazy."""
    for _ in range(N_HOPS):
        page = reader.extract_info(url, download=False, process=False, ie_key=extractor_key)
        if page is None:
            raise ReadingError("nothing", "the site gave no answer")
        if page.get("_type") not in ("url", "url_transparent"):
            return dict(page)
        url, extractor_key = page["url"], page.get("ie_key")
    raise ReadingError("circle", "the page leads in a circle")


def _follow_entry(reader: yt_dlp.YoutubeDL, entry: Page) -> Page:
    if entry.get("_type") in ("url", "url_transparent"):
        return _follow(reader, entry["url"], entry.get("ie_key"))
    return entry


def _entries(reader: yt_dlp.YoutubeDL, page: Page, depth: int) -> Iterator[tuple[Page, str]]:
    """Yield each medium of a playlist with the URL of the page that names it, as pages are read."""
    parent = str(page.get("webpage_url") or "")
    for entry in page.get("entries") or ():
        if not entry:
            continue
        if _is_playlist(entry) and depth < N_DEEP:
            entry.setdefault("webpage_url", parent)
            yield from _entries(reader, entry, depth + 1)
        elif depth < N_DEEP and _names_a_playlist(reader, entry):
            yield from _entries(reader, _follow_entry(reader, entry), depth + 1)
        else:
            yield entry, parent


def _names_a_playlist(reader: yt_dlp.YoutubeDL, entry: Page) -> bool:
    key = entry.get("ie_key")
    if entry.get("_type") not in ("url", "url_transparent") or not key:
        return False
    if key == _MIXED_EXTRACTOR:
        return True
    return reader.get_info_extractor(key).is_single_video(entry["url"]) is False


def _is_playlist(page: Page) -> bool:
    return page.get("_type") in ("playlist", "multi_video", "compat_list")


def _pick(page: Page, number: int | None) -> Page:
    entries = [entry for entry in islice(page.get("entries") or (), (number or 0) + 2) if entry]
    if number is None and len(entries) > 1:
        raise ReadingError("several", "the page holds several media")
    try:
        return dict(entries[number or 0])
    except IndexError as error:
        raise ReadingError("nothing", "the page holds no media") from error


def _entry_facts(entry: Page, parent: str) -> Page:
    """Return what the parent needs to make an item of an entry."""
    url, smuggled = unsmuggle_url(str(entry.get("url") or ""), {})
    has_own_url = entry.get("_type") in ("url", "url_transparent") and bool(url)
    return {
        "url": url if has_own_url else str(entry.get("webpage_url") or parent),
        "has_own_url": has_own_url,
        "guid": str(smuggled.get("force_videoid") or "")[:FACT_CHARS],
        "title": str(entry.get("title") or "")[:FACT_CHARS],
        "extractor": str(entry.get("ie_key") or entry.get("extractor_key") or "")[:FACT_CHARS],
    }


def _facts(page: Page) -> dict[str, str]:
    facts = {name: page.get(name) for name in _FACTS}
    known = {name: str(value)[:FACT_CHARS] for name, value in facts.items() if value is not None}
    return known | {"yt_dlp": VERSION}
