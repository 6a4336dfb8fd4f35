"""The Lister actor: lists sources page by page, several at once, beside the preparers."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace

import ray

from jobs.settings import JobsSettings
from jobs.source_options import SourceOptions
from jobs.sources import Listed, Passed, list_with_signs
from jobs.spec import ItemClaim, NewItem
from jobs.upload_shelf import UploadShelf
from pipeline.errors import VerityError
from storage.settings import StorageSettings
from workers.path_guard import guard_paths
from workers.settings import NodePlace
from workers.temp_folders import ProcessFolder
from workers.walk_values import ActorFacts, here

PAGE_ITEMS = 200  # of one transaction; S3 gives a thousand keys a call
FIRST_PAGE_ITEMS = 1  # so that work begins at once


@dataclass(frozen=True, slots=True)
class ListerSettings:
    """What a lister needs on its node."""

    jobs: JobsSettings
    place: NodePlace
    allow_local: bool
    storage: StorageSettings | None = None  # with the database's URL; None: no uploads are read


class Lister:
    """Holds the egress guard for the actor's life; each listing has a thread of its own."""

    def __init__(self, settings: ListerSettings) -> None:
        """Keep the settings; `open` does the work."""
        self._settings = settings

    @ray.method
    def open(self) -> tuple[ActorFacts, None]:
        """Open the one way out; return where this runs."""
        settings = self._settings
        environ = os.environ  # noqa: TID251 (the entry of a process of its own, on a node of its own)
        self._folder = ProcessFolder(settings.place.here(environ))
        guard_paths()
        tempfile.tempdir = str(self._folder.path)
        guard = settings.jobs.open_guard()
        guard.__enter__()  # for the process's life: it ends with it
        access = settings.jobs.source_access(guard, allow_local=settings.allow_local)
        uploads = None if settings.storage is None else UploadShelf(settings.storage)
        self._access = replace(access, uploads=uploads)
        return here(), None

    @ray.method(num_returns="streaming")
    def list_pages(self, claim: ItemClaim) -> Iterator["Page"]:
        """Yield the items of a source as they are found.

        Raises:
            VerityError: the source cannot be listed (further).
        """
        skipped: list[tuple[str, str]] = []
        listed = list_with_signs(
            claim.source_uri,
            replace(self._access, sealed=claim.sealed, account_id=claim.account_id),
            claim.cursor,
            lambda name, why: skipped.append((name, why)),
            SourceOptions.from_facts(claim.facts),
        )
        yield from pages(listed, skipped)


@dataclass(frozen=True, slots=True)
class Page:
    """Items that go into the queue in one transaction."""

    items: tuple[NewItem, ...]
    cursor: str | None  # where a listing that is cut off after this page goes on
    skipped: tuple[tuple[str, str], ...] = ()  # (name, why) of what was left out meanwhile


def pages(listed: Iterator[Listed | Passed], skipped: list[tuple[str, str]]) -> Iterator[Page]:
    """Yield items in pages that grow, so that the first ones can be worked on at once.

    Args:
        listed: what a source holds; a sign of life ends a page, with or without items.
        skipped: what it leaves out; filled while `listed` is read, emptied with each page.
    """
    size, items, cursor = FIRST_PAGE_ITEMS, list[NewItem](), ""
    try:
        for one in listed:
            if isinstance(one, Listed):
                items.append(one.item)
            cursor = one.cursor
            if len(items) >= size or isinstance(one, Passed):
                yield Page(tuple(items), cursor or None, tuple(skipped))
                size = min(size * 4, PAGE_ITEMS) if items else size
                items.clear()
                skipped.clear()
    except VerityError:
        if items or skipped:  # a source that holds nothing but archives says so
            yield Page(tuple(items), cursor or None, tuple(skipped))
        raise
    if items or skipped:
        yield Page(tuple(items), cursor or None, tuple(skipped))
