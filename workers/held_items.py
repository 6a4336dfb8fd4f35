"""All items that a worker holds right now, and how it waits for their ends."""

import threading
import time
from collections.abc import Callable

from jobs.spec import ItemKind
from workers.heartbeat import Event
from workers.held import Held, StopCause

LOOK_S = 0.2  # between looks whether all have ended


class HeldItems:
    """Safe to use from several threads."""

    def __init__(self, freed: threading.Event) -> None:
        """Start with nothing held.

        Args:
            freed: set by `remove`, and by others who make room for an item.
        """
        self._guard = threading.Lock()
        self._items: dict[str, Held] = {}
        self._freed = freed

    def __bool__(self) -> bool:
        """Tell whether anything is held."""
        return bool(self._items)

    def add(self, held: Held) -> None:
        """Hold an item from now on."""
        with self._guard:
            self._items[held.claim.item_id] = held

    def remove(self, held: Held) -> None:
        """Hold an item no more."""
        with self._guard:
            del self._items[held.claim.item_id]
        self._freed.set()

    def named_by(self, event: Event) -> Held | None:
        """Return the item that the heartbeat speaks of; None: it is not held, or in a later attempt."""
        with self._guard:
            held = self._items.get(event.item_id)
        return held if held is not None and held.claim.fence == event.fence else None

    def count(self, kind: ItemKind) -> int:
        """Return how many of a kind are held."""
        with self._guard:
            return sum(held.claim.kind is kind for held in self._items.values())

    def stop_all(self, cause: StopCause) -> list[Held]:
        """Ask all walks to end; return their items."""
        with self._guard:
            left = list(self._items.values())
        for held in left:
            held.stop(cause)
        return left

    def wait_until_none(
        self, wait_s: float, check: Callable[[], None], hurry: threading.Event | None = None
    ) -> None:
        """Return once nothing is held, the time is over, or somebody is in a hurry.

        Args:
            wait_s: at most.
            check: called between looks.
            hurry: set by somebody who is.
        """
        until = time.monotonic() + wait_s
        while self._items and time.monotonic() < until:
            if hurry is not None and hurry.is_set():
                return
            check()
            self._freed.wait(LOOK_S)
            self._freed.clear()
