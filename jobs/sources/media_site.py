"""Media sites as a source: everything that yt-dlp reads, in a limited child behind the guard.

Playlists, channels, single media and feeds. Listing is lazy: items come while the site's next page
is still to be read. What can be fetched as a plain file is left to `links`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from jobs.sources.access import SourceAccess
from jobs.sources.cookies import asks_for_login, ways_to_ask
from jobs.sources.filters import Candidate
from jobs.sources.items import (
    EMPTY_CODE,
    MAX_FACT_CHARS,
    Fetchable,
    Fetched,
    Listed,
    NewItem,
    OnProgress,
    clean_text,
    failed_item,
    source_key,
)
from jobs.sources.names import check_web_entry, has_media_name, name_of
from jobs.sources.sink import (
    MEDIA_FILE_NAME,
    check_room,
    check_size,
    empty_medium,
    hash_file,
    private_folder,
)
from jobs.sources.site_errors import to_site_error
from jobs.sources.site_process import Event, SiteRequest, site_events
from pipeline.errors import FetchFailedError, InputError, SourceNotFoundError, VerityError
from pipeline.vocabulary import Custody

# What our options of the library mean on a command line (`jobs.site_reader.reading`). The proxy is
# ours and lives as long as the fetch; the address stands beside it as the source.
COMMAND = (
    "yt-dlp --ignore-config --format 'bestaudio/best[height<=720]/best' --downloader native "
    "--fixup never --no-cache-dir --no-mtime --retries 3 --fragment-retries 3 "
    "--abort-on-unavailable-fragments -o MEDIA SOURCE"
)


def list_site(source: str, access: SourceAccess) -> Iterator[Listed]:
    """Yield the media of a playlist, channel or feed, or the one medium of a page.

    Raises:
        VerityError: the page cannot be read; each kind of refusal has its own code
            (`jobs.sources.site_errors`). Items that came before it stay.
    """
    guids: set[str] = set()
    n_listed = 0
    ways = ways_to_ask(access)
    for number, cookies in enumerate(ways, start=1):
        try:
            with site_events(SiteRequest("list", source, cookies=cookies), access) as events:
                for event in events:
                    if event["event"] in ("entry", "single"):
                        n_listed += 1
                        item = _to_item(event, source, guids)
                        yield Listed(item, about=Candidate(item.title))
                    else:
                        _raise_error(event, source)
            break
        except VerityError as error:
            if n_listed or number == len(ways) or not asks_for_login(error):
                raise
    if not n_listed:
        raise SourceNotFoundError(f"The playlist {clean_text(source)} is empty.", EMPTY_CODE)


def fetch_site(
    item: Fetchable, folder: Path, access: SourceAccess, on_progress: OnProgress
) -> Fetched:
    """Download the best audio of a medium.

    Raises:
        VerityError: it cannot be had; each kind of refusal has its own code.
        LimitExceededError: it is larger, or takes longer, than is allowed.
    """
    path = folder / MEDIA_FILE_NAME
    with private_folder(folder):
        facts = _download_either_way(item, folder, access, on_progress)
        if facts is None or not path.is_file() or path.is_symlink():
            raise FetchFailedError("The site gave no medium.", "site_not_understood")
        size_bytes = path.stat().st_size
        check_size(size_bytes, access.limits)
        if not size_bytes:
            raise empty_medium()
    path.chmod(0o600)
    return Fetched(path, hash_file(path), size_bytes, _custody(facts, item))


def _download_either_way(
    item: Fetchable, folder: Path, access: SourceAccess, on_progress: OnProgress
) -> dict[str, str] | None:
    ways = ways_to_ask(access)
    for number, cookies in enumerate(ways, start=1):
        try:
            facts = _download(item, folder, access, on_progress, cookies)
        except VerityError as error:
            if number == len(ways) or not asks_for_login(error):
                raise
            for part in folder.iterdir():
                part.unlink()
        else:
            return facts and facts | {"asked_as": "with cookies" if cookies else "anonymous"}
    return None


def _download(
    item: Fetchable, folder: Path, access: SourceAccess, on_progress: OnProgress, cookies: str
) -> dict[str, str] | None:
    """Let the child fill the folder; return what it says about the medium."""
    number = item.facts.get("entry", "")
    entry = int(number) if number.isdecimal() else None
    request = SiteRequest("fetch", item.source_uri, folder, entry, cookies)
    facts: dict[str, str] | None = None
    with site_events(request, access) as events:
        for event in events:
            if event["event"] == "progress":
                so_far, total = _int(event["bytes"]), event["total"]
                check_room(folder, so_far, 0)  # the total is a guess with many sites
                on_progress(so_far, None if total is None else _int(total))
            elif event["event"] == "done":
                facts = _texts(event["facts"])
            else:
                _raise_error(event, item.source_uri)
    return facts


def _to_item(event: Event, source: str, guids: set[str]) -> NewItem:
    url, guid = str(event["url"]), clean_text(str(event["guid"]))
    title = clean_text(str(event["title"])) or name_of(url)
    extractor = str(event["extractor"])
    try:
        check_web_entry(url)
    except InputError as error:
        return failed_item(url, title, error)
    facts = {"via": "link" if has_media_name(url) else "site"}
    if guid:
        facts["guid"] = guid
    if not event["has_own_url"] and "number" in event:
        facts |= {"via": "site", "entry": str(event["number"])}
    identity = f"{url}#{facts.get('entry', '')}"
    if guid and guid not in guids:
        # A guid outlives changes of the URL; but a feed that gives two episodes the same one would
        # lose the second in silence.
        guids.add(guid)
        identity = guid
    return NewItem(url, title, source_key(source, extractor, identity), facts)


def _raise_error(event: Event, url: str) -> None:
    if event["event"] == "error":
        raise to_site_error(str(event["message"]), url, str(event.get("cause", "")))


def _custody(facts: dict[str, str], item: Fetchable) -> Custody:
    return Custody(
        acquired_at=datetime.now(UTC),
        acquired_by=f"yt-dlp {facts.get('yt_dlp', '')}",
        source_version=item.facts.get("guid", "") or facts.get("id", ""),
        original_name=clean_text(facts.get("title", "")) or item.title,
        facts=facts | {"command": COMMAND},
    )


def _texts(facts: object) -> dict[str, str]:
    assert isinstance(facts, dict), "our own child speaks"
    return {str(name): clean_text(str(value), MAX_FACT_CHARS) for name, value in facts.items()}


def _int(value: object) -> int:
    assert isinstance(value, int), "our own child speaks"
    return value
