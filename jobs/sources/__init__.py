"""Where media come from: list a source lazily, fetch an item into its private folder.

One origin per file; this one chooses the origin by the source's form. A URL is a plain link where
its name or its server says that it is a media file, otherwise a page for yt-dlp.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from jobs.archive_names import is_archive, is_openable
from jobs.source_options import SourceOptions
from jobs.sources.access import FetchLimits, S3Access, SourceAccess
from jobs.sources.archives import MEMBER, fetch_member, list_members
from jobs.sources.feed import NO_FEED_CODE, list_feed
from jobs.sources.filters import is_wanted
from jobs.sources.folder import fetch_file, list_folder
from jobs.sources.items import (
    EMPTY_CODE,
    Fetchable,
    Fetched,
    Listed,
    NewItem,
    OnProgress,
    OnSkipped,
    Passed,
    named_error,
)
from jobs.sources.links import PAGE_CODE, LinkKind, ask_link, fetch_link, list_link
from jobs.sources.lists import ListEntry, list_entries, list_web_entries
from jobs.sources.media_site import fetch_site, list_site
from jobs.sources.names import (
    SourceForm,
    check_source,
    has_feed_name,
    has_media_name,
    is_list,
    local_path,
)
from jobs.sources.s3 import fetch_object, list_prefix
from jobs.sources.upload import fetch_upload, list_upload
from jobs.uploads import is_upload, unlisted_upload
from pipeline.errors import LimitExceededError, MediaUnsupportedError, SourceNotFoundError

__all__ = [
    "FetchLimits",
    "Fetched",
    "Listed",
    "NewItem",
    "Passed",
    "S3Access",
    "SourceAccess",
    "check_source",
    "fetch",
    "list_from",
    "list_items",
    "list_with_signs",
]

logger = logging.getLogger(__name__)

SIGN_OF_LIFE_S = 5.0  # between signs of a listing whose media are all filtered out
N_NESTED_LISTS = 3  # lists in lists; a list that names itself ends here
N_REMEMBERED = 20_000  # media of a listing among which the same one twice is noticed and named


def list_items(
    source: str, access: SourceAccess, options: SourceOptions | None = None
) -> Iterator[NewItem]:
    """Yield the media of a source as they are found.

    Args:
        source: s3://bucket/prefix, a link, a page, playlist, channel or feed; where local sources
            are allowed also a file, a folder, or a .txt or .csv list.
        access: what may be reached.
        options: what of it is wanted.

    Raises:
        InputError: the source is none, or is not allowed.
        VerityError: it cannot be listed; items that came before it stay.
    """
    for listed in list_from(source, access, options=options):
        yield listed.item


def list_from(
    source: str,
    access: SourceAccess,
    cursor: str = "",
    on_skipped: OnSkipped | None = None,
    options: SourceOptions | None = None,
) -> Iterator[Listed]:
    """Yield the media of a source with the place where a listing that is cut off goes on.

    Args:
        source: as for `list_items`.
        access: what may be reached.
        cursor: the cursor of the last item that was stored; items may come again after it, with
            the same source_key.
        on_skipped: told what is not listed, and why; otherwise it is logged.
        options: what of it is wanted; what it leaves out was asked for and is not named.
    """
    for one in list_with_signs(source, access, cursor, on_skipped, options):
        if isinstance(one, Listed):
            yield one


def list_with_signs(
    source: str,
    access: SourceAccess,
    cursor: str = "",
    on_skipped: OnSkipped | None = None,
    options: SourceOptions | None = None,
) -> Generator[Listed | Passed, None, None]:
    """Yield what `list_from` does, and now and then a sign that it goes on where nothing is wanted.

    Of a million keys a filter may want none: the cursor moves on all the same.
    """
    options = options or SourceOptions()
    on_skipped = on_skipped or _log_skipped
    access = access.with_options(options)
    for_fetch = options.fetch_facts()
    remembered: OrderedDict[str, None] = OrderedDict()
    said_at = time.monotonic()
    try:
        for listed in _list_by_way_out(source, access, cursor, on_skipped, N_NESTED_LISTS):
            item = listed.item
            if listed.about and not is_wanted(listed.about, options):
                if time.monotonic() - said_at > SIGN_OF_LIFE_S:
                    said_at = time.monotonic()
                    yield Passed(listed.cursor)
                continue
            if item.source_key in remembered:
                on_skipped(item.title, "duplicate")
                continue
            remembered[item.source_key] = None
            if len(remembered) > N_REMEMBERED:
                remembered.popitem(last=False)
            yield replace(listed, item=replace(item, facts=item.facts | for_fetch))
    except SourceNotFoundError as error:
        if not (options.only_new and error.code == EMPTY_CODE):
            raise  # a feed or folder that is swept may be empty for a while


def fetch(
    item: Fetchable, folder: Path, access: SourceAccess, on_progress: OnProgress | None = None
) -> Fetched:
    """Fetch an item into a private folder of its own, as one file under our own name.

    Args:
        item: as listed; what was pinned there is asked for.
        folder: is made (0700), or is empty. It is the caller's to remove.
        access: what may be reached, and how much may be fetched.
        on_progress: told bytes so far and in all; an error that it raises ends the fetch.

    Raises:
        VerityError: it cannot be had.
    """
    on_progress = on_progress or _ignore_progress
    with access.with_options(SourceOptions.from_facts(item.facts)).way_out() as through:
        return _fetch(item, folder, through, on_progress)


def _fetch(item: Fetchable, folder: Path, access: SourceAccess, on_progress: OnProgress) -> Fetched:
    if MEMBER in item.facts:
        return fetch_member(item, folder, access, on_progress, _fetch_whole)
    return _fetch_whole(item, folder, access, on_progress)


def _fetch_whole(
    item: Fetchable, folder: Path, access: SourceAccess, on_progress: OnProgress
) -> Fetched:
    if error := named_error(item.facts):
        raise error
    form = check_source(item.source_uri, allow_local=access.allow_local)
    if form is SourceForm.S3:
        return fetch_object(item, folder, access, on_progress)
    if form is SourceForm.UPLOAD:
        return fetch_upload(item, folder, access, on_progress)
    if form is SourceForm.LOCAL:
        return fetch_file(item, folder, access, on_progress)
    via = item.facts.get("via") or ("link" if has_media_name(item.source_uri) else "site")
    if via == "link":
        try:
            return fetch_link(item, folder, access, on_progress)
        except MediaUnsupportedError as error:
            if error.code != PAGE_CODE:
                raise
            # `…/clip.mp4` may well be the page around the clip.
    return fetch_site(item, folder, access, on_progress)


def _list_by_way_out(
    source: str, access: SourceAccess, cursor: str, on_skipped: OnSkipped, n_lists: int
) -> Iterator[Listed]:
    before = cursor
    with access.way_out() as through:
        for listed in _list(source, through, cursor, on_skipped, n_lists):
            is_whole = is_openable(listed.item.title) and "error" not in listed.item.facts
            if is_whole and through.options.open_archives:
                for member in list_members(listed, through, on_skipped, _fetch_whole):
                    # a listing that ends between two members opens the archive once more
                    yield replace(member, cursor=before)
            else:
                yield listed
            before = listed.cursor


def _list(
    source: str, access: SourceAccess, cursor: str, on_skipped: OnSkipped, n_lists: int
) -> Iterator[Listed]:
    form = check_source(source, allow_local=access.allow_local)
    if form is SourceForm.S3:
        yield from list_prefix(source, access, on_skipped, cursor)
    elif form is SourceForm.SEARCH:
        yield from list_site(source, access)
    elif form is SourceForm.UPLOAD:
        yield from list_upload(source, access)  # an archive: others are items without a listing
    elif form is SourceForm.WEB:
        yield from _list_web(source, access, cursor, on_skipped, n_lists)
    elif is_list(source) and local_path(source).is_file():
        yield from list_entries(source, _inner(access, on_skipped, n_lists), cursor)
    else:
        yield from list_folder(source, on_skipped, access.options)


def _inner(access: SourceAccess, on_skipped: OnSkipped, n_lists: int) -> ListEntry:
    if not n_lists:
        raise LimitExceededError("Lists name lists that name lists: too deep.", "list_too_deep")

    def list_entry(entry: str) -> Iterator[Listed]:
        if is_upload(entry):
            raise unlisted_upload()  # only its own job names an archive that was sent
        yield from _list(entry, access, "", on_skipped, n_lists - 1)

    return list_entry


def _list_web(
    url: str, access: SourceAccess, cursor: str, on_skipped: OnSkipped, n_lists: int
) -> Iterator[Listed]:
    if is_archive(urlsplit(url).path):
        if not (access.options.open_archives and is_openable(urlsplit(url).path)):
            raise MediaUnsupportedError(
                "The link leads to an archive: unpack it, or ask for archives to be opened.",
                "media_is_archive",
            )
        yield from list_link(url, ask_link(url, access))
        return
    is_known = has_media_name(url)
    if is_known and access.options == SourceOptions():
        yield from list_link(url)
        return
    facts = ask_link(url, access)
    kind = facts.kind if facts else LinkKind.XML if has_feed_name(url) else LinkKind.PAGE
    if is_known or kind is LinkKind.MEDIA:
        yield from list_link(url, facts)
        return
    if kind is LinkKind.LIST and is_list(url):
        yield from list_web_entries(url, access, _inner(access, on_skipped, n_lists), cursor)
        return
    if kind in (LinkKind.FEED, LinkKind.XML):
        try:
            yield from list_feed(url, access)
        except MediaUnsupportedError as error:
            if error.code != NO_FEED_CODE or kind is LinkKind.FEED:
                raise
        else:
            return
    yield from list_site(url, access)


def _log_skipped(name: str, why: str) -> None:
    logger.warning("not listed", extra={"source_name": name, "why": why})


def _ignore_progress(so_far: int, total: int | None) -> None:
    """Take progress that nobody asked for."""
