"""Fetched bytes that outlive a failed attempt, so that the next one need not fetch them again.

A file is kept as a second name (hard link) of the item's own, on its node, under a name that only the
same item of the same installation gives. It is used again only if its bytes still have the SHA-256
that they had when they were fetched. What is kept goes when its item ends, when it is an hour old,
and when it is more than may be kept: it may always be missing, then the item is fetched as ever.
"""

import hashlib
import json
import logging
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from jobs.sources.items import Fetched
from jobs.sources.sink import hash_file
from jobs.spec import ItemClaim
from pipeline.vocabulary import Custody

MOST_AGE_S = 3600.0  # the longest pause between two tries is 5 minutes
_MEDIA, _FACTS = ".media", ".json"
_CUSTODY = TypeAdapter(Custody)

_log = logging.getLogger(__name__)


class KeptMedia:
    """The kept files of one installation on one node; several processes may share them."""

    def __init__(self, root: Path, installation: str, most_bytes: int) -> None:
        """Name the place.

        Args:
            root: the temp root of the node, which exists and belongs to us.
            installation: what tells its items from another's, such as the database's URL.
            most_bytes: what may be kept at once; 0: nothing is.
        """
        mark = hashlib.sha256(installation.encode()).hexdigest()[:16]
        self._folder = root / f"kept-{mark}"
        self._most_bytes = most_bytes

    def keep(self, claim: ItemClaim, fetched: Fetched) -> None:
        """Keep what was fetched for an item; a disk that does not let us only costs another fetch."""
        if not 0 < fetched.size_bytes <= self._most_bytes:
            return
        facts = {
            "sha256": fetched.sha256,
            "size_bytes": fetched.size_bytes,
            "name": fetched.path.name,
            "attempt": claim.attempt,
            "custody": _CUSTODY.dump_python(fetched.custody, mode="json"),
        }
        place = self._place(claim)
        try:
            if fetched.path.stat().st_nlink > 1:
                return  # a local file under a second name: linking it again costs nothing
            self.forget(claim)
            self._make_room(fetched.size_bytes)
            # its age is the note's: the file itself may be as old as it likes
            place.with_suffix(_FACTS).write_text(json.dumps(facts), encoding="utf-8")
            place.with_suffix(_MEDIA).hardlink_to(fetched.path)
        except OSError as error:
            _log.info("fetched bytes not kept: %s", error.strerror)

    def take(self, claim: ItemClaim, folder: Path) -> Fetched | None:
        """Return an item's bytes under their own name in `folder`, or None: fetch them.

        What is there but not as it was fetched is removed.
        """
        place = self._place(claim)
        try:
            facts = json.loads(place.with_suffix(_FACTS).read_text(encoding="utf-8"))
            path = folder / Path(facts["name"]).name
            path.hardlink_to(place.with_suffix(_MEDIA))
            is_young = time.time() - place.with_suffix(_FACTS).stat().st_mtime < MOST_AGE_S
            if is_young and hash_file(path) == facts["sha256"]:
                custody = _CUSTODY.validate_python(facts["custody"])
                noted = custody.facts | {"fetched_in_attempt": str(facts["attempt"])}
                return Fetched(
                    path, facts["sha256"], facts["size_bytes"], replace(custody, facts=noted)
                )
            path.unlink()
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            _log.warning("kept bytes are not as they were: fetched again")
        self.forget(claim)
        return None

    def forget(self, claim: ItemClaim) -> None:
        """Remove what is kept of an item."""
        self._remove(self._place(claim))

    def sweep(self, age_s: float = MOST_AGE_S) -> None:
        """Remove what is older."""
        for note, kept_at in self._notes():
            if kept_at <= time.time() - age_s:
                self._remove(note)

    def _make_room(self, n_bytes: int) -> None:
        """Remove the oldest files until there is room for so many bytes more."""
        self.sweep()
        notes = self._notes()
        sizes = {note: _size(note.with_suffix(_MEDIA)) for note, _ in notes}
        room = self._most_bytes - n_bytes - sum(sizes.values())
        for note, _ in notes:
            if room >= 0:
                break
            room += sizes[note]
            self._remove(note)
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def _notes(self) -> list[tuple[Path, float]]:
        """Return the notes and since when they are kept, oldest first."""
        notes = []
        for note in self._folder.glob(f"*{_FACTS}"):
            with suppress(OSError):  # another process removed it
                notes.append((note, note.stat().st_mtime))
        return sorted(notes, key=lambda found: found[1])

    def _remove(self, place: Path) -> None:
        for ending in (_MEDIA, _FACTS):  # in this order: bytes never stay without their note
            with suppress(OSError):
                place.with_suffix(ending).unlink()
        with suppress(OSError):
            self._folder.rmdir()  # the last one closes the door

    def _place(self, claim: ItemClaim) -> Path:
        whose = [claim.account_id, claim.job_id, claim.item_id, claim.source_key, claim.source_uri]
        text = json.dumps([*whose, sorted(claim.facts.items())])
        return self._folder / hashlib.sha256(text.encode("ascii")).hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
