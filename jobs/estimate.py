"""What a job would be, before it is one: how many items, how large, and how long they would take.

Sources are listed as they would be for the job, through the same gates, up to a number of items and
for as long as somebody waits; nothing is fetched, and nothing is kept.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from sqlalchemy import Connection

from jobs.source_options import SourceOptions
from jobs.sources import Listed, list_with_signs
from jobs.sources.access import SourceAccess
from jobs.uploads import is_upload, upload_items
from pipeline.errors import VerityError
from storage import fleet_rows

LEAST_ENDED = 3  # items, before their pace says anything


@dataclass(slots=True)
class Tally:
    """What was counted so far: filled by one thread, read by whoever waits for it."""

    n_items: int = 0
    n_sized: int = 0  # items whose size their source tells
    n_bytes: int = 0  # of those
    is_all: bool = False  # False: at least so many
    problems: list[tuple[str, VerityError]] = field(default_factory=list)  # source, why not

    def add(self, size_bytes: int | None) -> None:
        """Count an item."""
        self.n_items += 1
        if size_bytes is not None:
            self.n_sized += 1
            self.n_bytes += size_bytes


def count_uploads(
    connection: Connection, account_id: str, sources: Sequence[str], tally: Tally
) -> list[str]:
    """Count the uploads among sources; return the sources that are to be listed.

    Raises:
        SourceNotFoundError, InputError: as for the job.
    """
    for item in upload_items(connection, account_id, sources, SourceOptions()):
        tally.add(int(item.facts["size_bytes"]))
    return [source for source in sources if not is_upload(source)]


def count_listed(
    sources: Sequence[str],
    access: SourceAccess,
    options: SourceOptions,
    tally: Tally,
    is_enough: Callable[[], bool],
) -> None:
    """Count what sources hold, until it is enough; a source that cannot be listed is named.

    Args:
        sources: as for a job, without uploads.
        access: what may be reached.
        options: what of the sources is wanted.
        tally: is filled as items are found.
        is_enough: asked after each item.
    """
    for source in sources:
        try:
            with closing(list_with_signs(source, access, options=options)) as listed:
                for one in listed:
                    if isinstance(one, Listed):
                        tally.add(_size_of(one))
                    if is_enough():
                        return
        except VerityError as error:
            tally.problems.append((source, error))
        if is_enough():
            return
    tally.is_all = True


def items_a_minute(connection: Connection) -> float | None:
    """Return the fleet's present pace, or None: too little ended within the last hour."""
    pace = fleet_rows.read_pace(connection)
    if pace.n_ended < LEAST_ENDED or pace.busy_s <= 0:
        return None
    return 60.0 * pace.n_ended / pace.busy_s


def minutes_for(connection: Connection, n_items: int) -> float | None:
    """Return in how many minutes the fleet would be through, or None: its pace is not known.

    What waits of other jobs is counted as if it all came before.
    """
    pace = items_a_minute(connection)
    if pace is None:
        return None
    n_before = sum(depth.n_open for depth in fleet_rows.read_depths(connection))
    return (n_before + n_items) / pace


def _size_of(listed: Listed) -> int | None:
    if listed.about is not None and listed.about.size_bytes is not None:
        return listed.about.size_bytes
    said = listed.item.facts.get("size_bytes", "")
    return int(said) if said.isdecimal() else None
