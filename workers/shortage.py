"""Tells when a worker should begin nothing new: disk full, memory short, here or at an actor.

What is held goes on; nothing is claimed, so that items do not wander through a fleet that can do
nothing for them, and the queue keeps its order. One message at the beginning, one at the end.
"""

import threading
import time
from pathlib import Path

from jobs.sources.sink import SPARE_DISK_BYTES
from workers.machine import Room, disk_room, memory_room

SHARE_KEPT = 0.05  # of disk and memory; less is kept where that is much
MOST_KEPT_BYTES = 256 << 20
LOOK_EVERY_S = 1.0
FIRST_PAUSE_S = 2.0  # after an actor, maybe on another machine, told of a shortage
LONGEST_PAUSE_S = 60.0
CALM_S = 120.0  # without news, the next pause begins short again


class Shortage:
    """Looks at this machine, and keeps what attempts have told; safe to use from several threads."""

    def __init__(self, temp_folder: Path, free_memory_bytes: int = 0) -> None:
        """Say what is looked at.

        Args:
            temp_folder: where media lie while they are analysed.
            free_memory_bytes: of memory that always stays free, where that is more than the rule asks.
        """
        self._temp_folder = temp_folder
        self._free_memory_bytes = free_memory_bytes
        self._guard = threading.Lock()
        self._looked_at = -LOOK_EVERY_S
        self._seen = ""
        self._told = ""
        self._told_until = 0.0
        self._pause_s = FIRST_PAUSE_S

    def tell(self, message: str) -> None:
        """Take in that an attempt ended for want of something."""
        now = time.monotonic()
        with self._guard:
            if now < self._told_until:  # others found out at the same time
                return
            if now - self._told_until > CALM_S:
                self._pause_s = FIRST_PAUSE_S
            self._told, self._told_until = message, now + self._pause_s
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)

    def now(self) -> str:
        """Return what is short at this moment, for people; "" = nothing."""
        moment = time.monotonic()
        if moment - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = moment
            self._seen = self._look()
        with self._guard:
            told = self._told if moment < self._told_until else ""
        return self._seen or told

    def _look(self) -> str:
        disk, memory = disk_room(self._temp_folder), memory_room()
        looks = (
            (disk, SPARE_DISK_BYTES, "disk", "Make room there, or set VERITY_TEMP."),
            (
                memory,
                self._free_memory_bytes,
                "memory",
                "End other programs, or set a lower VERITY_PREPARERS.",
            ),
        )
        for room, kept_bytes, name, advice in looks:
            if is_short(room) or 0 < room.free_bytes < kept_bytes:
                left = f"{room.free_bytes >> 20} of {room.total_bytes >> 20} MiB are left"
                return (
                    f"This machine is short of {name} ({left}): no new items are begun until"
                    f" there is more. {advice}"
                )
        return ""


def is_short(room: Room) -> bool:
    """Tell whether there is too little left to begin something new."""
    return room.free_bytes < min(room.total_bytes * SHARE_KEPT, MOST_KEPT_BYTES)
