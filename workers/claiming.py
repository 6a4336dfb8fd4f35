"""Takes from the queue what there is room for: listings beside media, an item for each idle preparer."""

import time
from collections.abc import Callable

from jobs.spec import ItemClaim, ItemKind
from jobs.work_queue import WorkQueue
from workers.actors import Member
from workers.crew import Crew
from workers.held_items import HeldItems
from workers.other_detectors import OtherDetectors
from workers.settings import FleetSettings

BELL_S = 1.0  # between looks whether somebody rang while all were busy
LISTINGS_S = 5.0  # between looks for listings while nobody rings: most claims are of media
Start = Callable[[ItemClaim, Member | None], None]


class Claiming:
    """Claims for one worker; called by its loop alone."""

    def __init__(
        self,
        settings: FleetSettings,
        queue: WorkQueue,
        crew: Crew,
        detectors: OtherDetectors,
        held: HeldItems,
    ) -> None:
        """Keep what tells how much room there is."""
        self._settings = settings
        self._queue = queue
        self._crew = crew
        self._detectors = detectors
        self._held = held
        self._lists_from = 0.0  # when listings are looked for again
        self._hears_from = 0.0  # when the bell is

    def claim(self, worker_id: str, start: Start) -> int:
        """Claim what there is room for and start it; return how many items.

        Args:
            worker_id: who holds them then.
            start: called with each claim, and with the preparer that it may use.

        Raises:
            DatabaseError: the database does not answer; what was started goes on.
        """
        n_media = self._held.count(ItemKind.MEDIA)
        return self._claim_listings(worker_id, start) + self._claim_media(worker_id, n_media, start)

    def look_for_listings(self) -> None:
        """Look for listings at the next claim: something came, and may be one."""
        self._lists_from = 0.0

    def has_open_work(self) -> bool:
        """Tell whether any job has work left that this worker could do."""
        return self._queue.desk.has_open_work(self._detectors.of(self._crew))

    def is_full(self) -> bool:
        """Tell whether all preparers have something to do."""
        preparers = self._crew.borrow(1)
        for preparer in preparers:
            self._crew.give_back(preparer)
        return not preparers

    def _claim_listings(self, worker_id: str, start: Start) -> int:
        room = self._settings.n_listings - self._held.count(ItemKind.LIST)
        now = time.monotonic()
        if room <= 0 or now < min(self._lists_from, self._hears_from):
            return 0
        self._hears_from = now + BELL_S
        if now < self._lists_from and not self._queue.wait_for_work(0.0):
            return 0
        listings = self._queue.claim(worker_id, room, ItemKind.LIST)
        self._lists_from = 0.0 if listings else time.monotonic() + LISTINGS_S
        for claim in listings:
            start(claim, None)
        return len(listings)

    def _claim_media(self, worker_id: str, n_media: int, start: Start) -> int:
        """Claim an item for each preparer that has nothing to do, within the limit ahead."""
        most = self._settings.n_preparers + self._settings.n_ahead - n_media
        preparers = self._crew.borrow(most) if most > 0 else []
        claims: list[ItemClaim] = []
        try:
            if preparers:
                claims = self._queue.claim(
                    worker_id, len(preparers), ItemKind.MEDIA, self._detectors.of(self._crew)
                )
        finally:
            for preparer in preparers[len(claims) :]:
                self._crew.give_back(preparer)
        for claim, preparer in zip(claims, preparers, strict=False):
            start(claim, preparer)
        return len(claims)
