"""The Preparer actor: fetch, probe, survey and prepare one item, all on one node.

A local path never leaves this process: the file lies in a private folder that exists only while
somebody wants it: while a generator runs, and between `fetch` and `prepare`, when the driver looks
whether these bytes were analysed before. What leaves are heads (small) and features (arrays).
"""

import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias, TypeVar

import ray

from jobs.closer import KEPT_FACT
from jobs.settings import JobsSettings
from jobs.sources import Fetched, fetch
from jobs.sources.access import SourceAccess
from jobs.spec import ItemClaim, NewItem
from jobs.upload_shelf import UploadShelf
from pipeline.analyse import Listeners, Progress, Watch, prepare, survey_media
from pipeline.derivation import this_machine
from pipeline.model_card import ModelCard
from pipeline.overlapped_speech import OverlapDetector
from pipeline.probe import probe
from pipeline.separate import Separator
from pipeline.traces import SoundArray
from pipeline.vocabulary import (
    Custody,
    Features,
    MediaFile,
    ModelUse,
    PreparedBatch,
)
from storage.model_store import resolve
from storage.settings import StorageSettings
from workers.course import Course, awaited
from workers.evidence_taker import EvidenceTaker
from workers.kept_media import KeptMedia
from workers.path_guard import guard_paths
from workers.settings import NodePlace
from workers.temp_folders import ProcessFolder
from workers.walk_values import ActorFacts, PreparedHead, Watched, here

LAST_S = 1.0  # of sound: with less left a batch waits for the item's end, which goes with it
Batches: TypeAlias = Generator[PreparedBatch, None, None]
Step: TypeAlias = tuple[PreparedHead, Features | None, SoundArray | None]
T = TypeVar("T")
OnProgress: TypeAlias = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class PreparerSettings:
    """What a preparer needs on its node."""

    jobs: JobsSettings
    separator: str  # name in the model store, or a path
    place: NodePlace
    allow_local: bool
    trust_pem: bytes = b""  # whose provenance data (C2PA) are trusted
    storage: StorageSettings | None = (
        None  # with the database's URL; None: no uploads are read, no media kept
    )
    installation: str = ""  # what tells our items from another installation's
    keep_bytes: int = 0  # of fetched media that outlive a failed attempt; 0: none


@dataclass(frozen=True, slots=True)
class FetchedItem:
    """An item whose bytes lie in this process's folder."""

    media: MediaFile  # not probed
    custody: Custody


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A fetched item, until the driver says what becomes of it."""

    item_id: str
    fence: int
    fetched: FetchedItem
    folder: ExitStack  # closing it removes the bytes


class Preparer:
    """Holds its models, the egress guard and a private folder for the actor's life."""

    def __init__(self, settings: PreparerSettings) -> None:
        """Keep the settings; `open` loads what they name."""
        self._settings = settings
        self._waiting: _Waiting | None = None

    @ray.method
    def open(self, card: ModelCard) -> tuple[ActorFacts, tuple[ModelUse, ...]]:
        """Load its models, sweep what dead processes left, open the one way out.

        Apart from `__init__`, because Ray turns an error there into text.

        Returns:
            Where this runs, and what a report says of its models.
        """
        settings = self._settings
        self._card = card
        environ = os.environ  # noqa: TID251 (the entry of a process of its own, on a node of its own)
        root = settings.place.here(environ)
        self._folder = ProcessFolder(root)
        self._kept = KeptMedia(root, settings.installation, settings.keep_bytes)
        self._kept.sweep()
        guard_paths()
        tempfile.tempdir = str(self._folder.path)  # libraries' files too go where they are swept
        path, sha256 = resolve(settings.separator, "separator")
        separator, overlap = Separator(path), OverlapDetector(*resolve("", "overlap"))
        self._listeners = (separator, overlap)
        guard = settings.jobs.open_guard()
        guard.__enter__()  # for the process's life: it ends with it
        # one for the process's life: what it starts ends with the thread that started it
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="item")
        self._evidence = EvidenceTaker(self._folder.path, settings.trust_pem, settings.storage)
        access = settings.jobs.source_access(guard, allow_local=settings.allow_local)
        uploads = None if settings.storage is None else UploadShelf(settings.storage)
        self._access = replace(access, uploads=uploads)
        use = ModelUse(separator.card.name, sha256, "separator", separator.provider)
        return here(), (use, overlap.use)

    @ray.method(num_returns="streaming")
    def fetch(self, claim: ItemClaim) -> Iterator[PreparedHead]:
        """Yield heads until an item's bytes are here; `prepare` goes on, `let_go` removes them.

        Raises:
            VerityError: in the stage that the last head named.
        """
        self._drop()
        course = Course()
        with ExitStack() as stack:
            folder = stack.enter_context(self._folder.item_folder())
            fetched = yield from awaited(
                self._thread, course, lambda: self._fetched(claim, folder, course)
            )
            yield course.news() or PreparedHead("probe")
            self._waiting = _Waiting(claim.item_id, claim.fence, fetched, stack.pop_all())

    @ray.method
    def let_go(self) -> None:
        """Remove the bytes of an item that was fetched."""
        self._drop()

    @ray.method
    def forget(self, claim: ItemClaim) -> None:
        """Remove what is kept of an item for another attempt: there will be none."""
        self._kept.forget(claim)

    @ray.method(num_returns="streaming", _num_objects_per_yield=3)
    def prepare(self, claim: ItemClaim) -> Iterator[Step]:
        """Yield heads, features and sound of one item, to its last segment.

        It begins where `fetch` ended, or, for an item that was not fetched here, at its first byte.

        Raises:
            VerityError: in the stage that the last head named.
        """
        waiting, self._waiting = self._waiting, None
        with ExitStack() as stack:
            if waiting is not None:
                stack.enter_context(waiting.folder)
            whose = None if waiting is None else (waiting.item_id, waiting.fence)
            is_here = waiting is not None and whose == (claim.item_id, claim.fence)
            course = Course("probe" if is_here else "fetch")

            def work() -> Batches:
                if waiting is not None and is_here:
                    fetched = waiting.fetched
                else:
                    folder = stack.enter_context(self._folder.item_folder())
                    fetched = self._fetched(claim, folder, course)
                yield from analyse_item(
                    claim, fetched, self._card, self._listeners, self._evidence, course
                )

            yield from steps_of(self._thread, course, work())

    def _fetched(self, claim: ItemClaim, folder: Path, course: Course) -> FetchedItem:
        return fetch_item(claim, folder, self._access, self._evidence, course, self._kept)

    def _drop(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.folder.close()


def prepare_item(
    claim: ItemClaim,
    folder: Path,
    access: SourceAccess,
    card: ModelCard,
    listeners: Listeners,
    evidence: EvidenceTaker,
) -> Iterator[Step]:
    """Yield the steps of one item; its bytes lie under `folder`."""
    course = Course()

    def work() -> Batches:
        fetched = fetch_item(claim, folder, access, evidence, course)
        yield from analyse_item(claim, fetched, card, listeners, evidence, course)

    with ThreadPoolExecutor(1) as thread:
        yield from steps_of(thread, course, work())


def steps_of(thread: ThreadPoolExecutor, course: Course, batches: Batches) -> Iterator[Step]:
    """Yield batches, each made in the thread, with what moved on the way; what moved alone is late."""
    with closing(batches):
        while True:
            batch = yield from _alone(awaited(thread, course, lambda: next(batches, None)))
            if batch is None:
                break
            yield course.batch(batch.facts), batch.features, batch.sound
    last = course.news()
    if last is not None:
        yield last, None, None


def fetch_item(
    claim: ItemClaim,
    folder: Path,
    access: SourceAccess,
    evidence: EvidenceTaker,
    course: Course,
    kept: KeptMedia | None = None,
) -> FetchedItem:
    """Fetch an item into `folder`, or take it from what was kept."""
    fetched = None if kept is None else kept.take(claim, folder)
    if fetched is None:
        fetched = _fetch(claim, folder, access, evidence, course.moved)
        if kept is not None:
            kept.keep(claim, fetched)
    media = MediaFile(claim.item_id, fetched.path, fetched.sha256, fetched.size_bytes)
    if evidence.keeps(claim):
        evidence.keep(claim, media, course.moved)
    course.reached("probe", _shown(media), fetched.custody)
    return FetchedItem(media, fetched.custody)


def analyse_item(
    claim: ItemClaim,
    fetched: FetchedItem,
    card: ModelCard,
    listeners: Listeners,
    evidence: EvidenceTaker,
    course: Course,
) -> Batches:
    """Yield the batches of an item whose bytes are here."""
    media = fetched.media
    probed = probe(media.path, fetched.custody.original_name or media.path.name)
    media = replace(media, probe=probed)
    course.reached("survey", _shown(media))
    media = replace(media, provenance=evidence.provenance(media.path))

    left_s = 0.0

    def on_progress(progress: Progress) -> None:
        nonlocal left_s
        left_s = progress.total_s - progress.done_s
        course.moved(_share(progress))

    watch = Watch()
    media = survey_media(media, card, claim.options, on_progress, watch)
    course.reached("prepare", _shown(media))
    last: PreparedBatch | None = None
    for batch in prepare(media, card, listeners, claim.options, on_progress, watch):
        if last is not None:
            yield last
            course.goes_on()
        last = batch
        if left_s >= LAST_S:
            yield batch
            course.goes_on()
            last = None
    course.ended(
        Watched(
            tuple(watch.pictures), watch.separated_sha256, this_machine("fetch, decode, prepare")
        )
    )
    if last is not None:
        yield last


def _fetch(
    claim: ItemClaim,
    folder: Path,
    access: SourceAccess,
    evidence: EvidenceTaker,
    report: OnProgress,
) -> Fetched:
    def on_bytes(n_done: int, n_all: int | None) -> None:
        report(n_done / n_all if n_all else n_done / (n_done + (64 << 20)))  # grows, below 1

    if KEPT_FACT in claim.facts:
        return evidence.take_kept(claim, folder, on_bytes)
    item = NewItem(claim.source_uri, claim.title, claim.source_key, claim.facts)
    own = replace(access, sealed=claim.sealed, account_id=claim.account_id)
    return fetch(item, folder, own, on_bytes)


def _shown(media: MediaFile) -> MediaFile:
    """Return the file as others may know it: a local path never leaves its node."""
    return replace(media, path=Path())


def _share(progress: Progress) -> float:
    return min(1.0, progress.done_s / progress.total_s) if progress.total_s else 0.0


def _alone(heads: Generator[PreparedHead, None, T]) -> Generator[Step, None, T]:
    """Yield heads as steps without features; return what their generator returns."""
    try:
        while True:
            try:
                head = next(heads)
            except StopIteration as end:
                result: T = end.value
                return result
            yield head, None, None
    finally:
        heads.close()
