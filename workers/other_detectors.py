"""Detectors beside the worker's own, for items that ask for one: actors of their own, one item at a time.

Nothing of them is in memory until an item asks, nor after it.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import ModelMismatchError
from storage.model_store import StoredModel, known_detectors
from workers.crew import Crew
from workers.held import POLL_S, Held
from workers.settings import FleetSettings

_log = logging.getLogger(__name__)


class OtherDetectors:
    """What this worker has beside the detector that it runs; read once, for the worker's life."""

    def __init__(self, settings: FleetSettings) -> None:
        """Look what there is.

        Raises:
            ModelError: the shipped models' list is damaged.
        """
        found = known_detectors(settings.storage.models_folder)
        self._known = {one.sha256: one for one in found}
        self._turn = threading.Lock()

    def of(self, crew: Crew) -> frozenset[str]:
        """Return the SHA-256 of all detectors that a ready worker can listen with."""
        return frozenset(self._known) | {crew.detector.use.sha256}

    def asked_for(self, held: Held, crew: Crew) -> StoredModel | None:
        """Return the detector that an item asks for; None: the worker's own will do."""
        wanted = held.claim.detector
        return self._known[wanted] if wanted and wanted != crew.detector.use.sha256 else None

    @contextmanager
    def turn(self, held: Held) -> Iterator[None]:
        """Wait until no other item of this worker has actors for a detector of its own.

        Raises:
            StoppedWalk: somebody asked the walk to end.
        """
        while not self._turn.acquire(timeout=POLL_S):
            held.moved(held.stage)  # waiting is not stalling
            held.check()
        try:
            yield
        finally:
            self._turn.release()


def require_loaded(crew: Crew, wanted: StoredModel) -> None:
    """Make sure that a crew listens with what was asked for.

    Raises:
        ModelMismatchError: the file was replaced since this worker started.
    """
    if crew.detector.use.sha256 != wanted.sha256:
        raise ModelMismatchError(
            f"The file of detector {wanted.name} is not the one that was asked for any more:"
            " start the worker again."
        )


class Awaited:
    """Says once for each detector that jobs wait for and this worker has not got."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._said: set[str] = set()

    def tell(self, awaited: list[str]) -> None:
        """Say what was not said before."""
        for sha256 in awaited:
            if sha256 not in self._said:
                self._said.add(sha256)
                _log.warning(
                    "jobs wait for a detector that this worker does not have; they are left to"
                    " workers that have its file in VERITY_MODELS",
                    extra={"model_id": sha256},
                )
