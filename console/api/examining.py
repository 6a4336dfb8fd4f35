"""Files and links that are answered at once: a few warm examiners, taken in turn.

The walk is the one of `verity scan`. Each examiner serves one request at a time; who waits longer
than `PATIENCE_S` for one is told to come back, or to submit a job.
"""

import queue
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from console.examiner import Asked, Examiner
from console.hearing import MOST_PIECE_S
from console.one_item import examine_item
from jobs.settings import JobsSettings
from jobs.sources import list_items
from jobs.sources.access import SourceAccess
from pipeline import analyse
from pipeline.errors import InputError, OutageError, SourceNotFoundError
from pipeline.model_card import ModelCard
from pipeline.vocabulary import AnalysisOptions, Custody, MediaFile, MediaItem, MediaReport
from reports.document import ReportDocument
from reports.words import Words
from workers.machine import count_cores
from workers.temp_folders import ProcessFolder

Charge: TypeAlias = Callable[[float], None]  # of seconds of sound; may refuse them

PATIENCE_S = 20.0
LIVE_PATIENCE_S = 1.0  # of who speaks meanwhile: the next piece comes soon
MOST_EXAMINERS = 4
BUSY_S = 10.0


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sent, in a private folder."""

    path: Path
    title: str  # as they named it: untrusted text


class Examining:
    """Examiners, the way out and private folders, for the server's life."""

    def __init__(self, folders: ProcessFolder, access: SourceAccess, n_examiners: int) -> None:
        """Keep what is needed; models are loaded when the first file comes, or by `warm`."""
        self._folders = folders
        self._access = access
        # the loaded one on top: the next request has it
        self._idle: queue.LifoQueue[Examiner | None] = queue.LifoQueue()
        for _ in range(n_examiners):
            self._idle.put(None)  # not loaded yet

    @property
    def access(self) -> SourceAccess:
        """Return what may be reached of the web, for whoever lists without fetching."""
        return self._access

    def warm(self) -> None:
        """Load the first examiner in the background, so that the first visitor does not wait.

        No daemon: a process that ends meanwhile waits for it. ONNX Runtime aborts the process where the
        interpreter ends a thread that is loading a model.
        """
        threading.Thread(target=self._load_one, name="warm-examiner").start()

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Yield a private folder for one upload, removed afterwards."""
        with self._folders.item_folder() as folder:
            yield folder

    def lasting_folder(self) -> Path:
        """Return an empty private folder that is there until the process ends."""
        return Path(tempfile.mkdtemp(prefix="lasting-", dir=self._folders.path))

    def file(
        self, upload: Upload, by: str, words: Words, charge: Charge = lambda _: None
    ) -> ReportDocument:
        """Return the report of a file that was sent.

        Raises:
            AccessError: `charge` refused its length.
            OutageError: all examiners are busy (`busy`).
        """
        custody = Custody(datetime.now(UTC), "upload", original_name=upload.title)
        item = MediaItem("upload", "predict", f"upload:{upload.title}", upload.title)
        admit = _charging(charge)
        return self._examine(
            by, words, lambda one: one.examine(item, upload.path, custody, admit=admit)
        )

    def link(
        self, url: str, by: str, words: Words, charge: Charge = lambda _: None
    ) -> ReportDocument:
        """Return the report of the first medium behind a web link.

        Raises:
            AccessError: `charge` refused its length.
            VerityError: nothing can be listed there, or the address is refused.
            OutageError: all examiners are busy (`busy`).
        """
        if not url.startswith(("https://", "http://")):
            raise InputError("This is no web link: it begins with https://.", "link_invalid")
        found = next(list_items(url, self._access), None)
        if found is None:
            raise SourceNotFoundError("There is no recording behind this link.")
        item = MediaItem("link", "predict", found.source_uri, found.title)

        def examine(one: Examiner) -> MediaReport:
            with self.folder() as folder:
                admit = _charging(charge)
                return examine_item(item, found, one, self._access, folder, admit=admit)

        return self._examine(by, words, examine)

    def piece(self, path: Path, charge: Charge) -> tuple[MediaReport, ModelCard]:
        """Return what is found in a piece of a recording that goes on, and the model's card.

        Raises:
            AccessError: `charge` refused its length.
            OutageError: all examiners are busy (`busy`): the next piece may hold this one too.
        """
        item = MediaItem("piece", "predict", "upload:piece", "")
        options = AnalysisOptions(max_duration_s=MOST_PIECE_S)
        with self._one(LIVE_PATIENCE_S) as examiner:
            models = examiner.models
            admit = _charging(charge)
            report = analyse.examine(item, path, models, options, admit=admit)
            return report, models.detector.card

    def _examine(
        self, by: str, words: Words, examine: Callable[[Examiner], MediaReport]
    ) -> ReportDocument:
        with self._one(PATIENCE_S) as examiner:
            return examiner.document(examine(examiner), words, Asked(by, datetime.now(UTC)))

    @contextmanager
    def _one(self, patience_s: float) -> Iterator[Examiner]:
        """Yield an examiner that nobody else has."""
        try:
            examiner = self._idle.get(timeout=patience_s)
        except queue.Empty:
            raise OutageError(
                "Too many files are being analysed: try again soon, or submit a job.",
                "busy",
                BUSY_S,
            ) from None
        try:
            if examiner is None:
                examiner = Examiner.load("", AnalysisOptions())
            yield examiner
        finally:
            self._idle.put(examiner)

    def _load_one(self) -> None:
        examiner = self._idle.get()
        try:
            examiner = examiner or Examiner.load("", AnalysisOptions())
        finally:
            self._idle.put(examiner)


def _charging(charge: Charge) -> Callable[[MediaFile], None]:
    return lambda media: charge(media.duration_s)


@contextmanager
def open_examining(jobs: JobsSettings, temp_root: Path) -> Iterator[Examining]:
    """Yield examiners with their way out and their folders, and clean up after them."""
    n_examiners = min(MOST_EXAMINERS, max(1, count_cores()))
    with jobs.open_guard() as guard, closing(ProcessFolder(temp_root)) as folders:
        yield Examining(folders, jobs.source_access(guard, allow_local=False), n_examiners)
