"""Which hearings are written down: a player asks for many ranges, and all of them are one hearing."""

import threading
import time
from collections import OrderedDict

ONE_HEARING_S = 600.0
MOST_KEPT = 10_000


class Hearings:
    """Who heard what lately, for the server's life; several threads may ask."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self._heard_at: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def begins(self, who: str, item_id: str) -> bool:
        """Tell whether this is a new hearing, and remember it."""
        place = (who, item_id)
        now = time.monotonic()
        with self._lock:
            before = self._heard_at.get(place)
            is_new = before is None or now - before > ONE_HEARING_S
            if is_new:
                self._heard_at[place] = now
                self._heard_at.move_to_end(place)
            while len(self._heard_at) > MOST_KEPT:
                self._heard_at.popitem(last=False)
        return is_new
