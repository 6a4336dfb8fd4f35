"""What a name alone tells: is it an archive, a media file, a list, and may it be a source at all."""

from enum import StrEnum
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from jobs.hosts import search_of
from jobs.sources.items import clean_text
from jobs.spec import MAX_SOURCE_CHARS
from jobs.uploads import is_upload, no_upload, upload_id_of
from pipeline.errors import InputError

# What a web server hands out as a file. Manifests (.m3u8, .mpd) are not in it: they are pages.
MEDIA = (
    *(".3gp", ".aac", ".ac3", ".aif", ".aiff", ".amr", ".au", ".avi", ".caf", ".flac", ".flv"),
    *(".m2ts", ".m4a", ".m4b", ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpg"),
    *(".mpeg", ".oga", ".ogg", ".ogv", ".opus", ".spx", ".ts", ".wav", ".webm", ".wma", ".wmv"),
    ".wv",
)
LISTS = (".csv", ".json", ".jsonl", ".ndjson", ".txt")
FEEDS = (".xml", ".rss", ".atom", ".rdf")


class SourceForm(StrEnum):
    """What a source is, by its form alone."""

    S3 = "s3"  # s3://bucket/prefix
    WEB = "web"  # a link or a media site: the answer of the server tells
    SEARCH = "search"  # ytsearch10:words
    UPLOAD = "upload"  # upload:ID, a file that the account sent
    LOCAL = "local"  # a file, folder or list on this machine


def check_source(source: str, *, allow_local: bool) -> SourceForm:
    """Return the form of a source that may be listed: the gate that every source passes.

    Sources that people submit, entries of lists and enclosures of feeds all come through here.

    Raises:
        InputError: it is none, holds a password, or is local and that is not allowed.
        SourceNotFoundError: it names an upload by what is no upload's id.
    """
    shown = repr(clean_text(source, 200))
    if not source.strip() or len(source) > MAX_SOURCE_CHARS or "\x00" in source:
        raise InputError(f"{shown} is no source: it is empty or too long.", "source_malformed")
    if search_of(source):
        return SourceForm.SEARCH
    if is_upload(source):
        if not upload_id_of(source):
            raise no_upload(source)
        return SourceForm.UPLOAD
    scheme = source.partition("://")[0].lower() if "://" in source else ""
    if scheme == "s3":
        if not source.partition("://")[2].partition("/")[0]:
            raise InputError(
                f"{shown} names no bucket: write s3://bucket/prefix.", "source_malformed"
            )
        return SourceForm.S3
    if scheme in {"http", "https"}:
        _check_url(source, shown)
        return SourceForm.WEB
    if scheme not in {"", "file"} and not (allow_local and Path(source).exists()):
        raise InputError(
            f"{shown}: sources begin with s3://, http:// or https://.", "scheme_not_allowed"
        )
    if not allow_local:
        raise InputError(
            f"{shown} is a local path: these are taken from the command line only.",
            "local_not_allowed",
        )
    return SourceForm.LOCAL


def check_web_entry(url: str) -> None:
    """Refuse what a feed or page names, unless it is on the web as well.

    Whoever writes a feed is a stranger: with `s3://` in it, our own key would read our own buckets.

    Raises:
        InputError: as `check_source`; or it is in S3 (`scheme_not_allowed`).
    """
    if check_source(url, allow_local=False) is not SourceForm.WEB:
        raise InputError(
            f"{clean_text(url, 200)!r}: entries of feeds and pages begin with http:// or https://.",
            "scheme_not_allowed",
        )


def local_path(source: str) -> Path:
    """Return the path that a local source names, as a path or as a `file:` URL."""
    if source.startswith("file://"):
        return Path(unquote(urlsplit(source).path, errors="surrogateescape"))
    return Path(source)


def is_list(name: str) -> bool:
    """Tell whether a name is that of a list of sources."""
    path = urlsplit(name).path if name.startswith(("http://", "https://")) else name
    return PurePosixPath(path.lower()).suffix in LISTS


def has_media_name(url: str) -> bool:
    """Tell whether a URL's path ends like a media file's."""
    return PurePosixPath(urlsplit(url).path.lower()).suffix in MEDIA


def has_feed_name(url: str) -> bool:
    """Tell whether a URL's path ends like a feed's."""
    path = PurePosixPath(urlsplit(url).path.lower())
    return path.suffix in FEEDS or path.name in {"feed", "rss", "atom", "podcast"}


def name_of(url: str) -> str:
    """Return the last part of a URL's path, as people would name the file; or the host."""
    parts = urlsplit(url)
    return clean_text(unquote(parts.path.rstrip("/").rsplit("/", 1)[-1]) or parts.netloc)


def _check_url(source: str, shown: str) -> None:
    try:
        parts = urlsplit(source)
        host, user, _ = parts.hostname, parts.username, parts.port
    except ValueError as error:
        raise InputError(f"{shown} is no URL: {error}.", "source_malformed") from error
    if not host or any(mark in source for mark in "\\\t\r\n"):
        raise InputError(f"{shown} is no URL.", "source_malformed")
    if user is not None:
        raise InputError(
            "A URL must not hold a user name or a password: it is stored and shown in reports.",
            "password_in_url",
        )
