"""What listings left out, in SQL: kept with its reason, so that nothing is lost in silence."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection, text

from storage.stored_text import storable

MOST_NAMES = 10_000  # of one job; folder markers come by the hundred thousand

_ADD = text("""
INSERT INTO skipped (job_id, why, name_sha256, name)
SELECT :job_id, why, sha256, name
FROM unnest(CAST(:whys AS text[]), CAST(:hashes AS text[]), CAST(:names AS text[]))
     AS n(why, sha256, name)
WHERE (SELECT count(*) FROM skipped WHERE job_id = :job_id) < :most
ON CONFLICT DO NOTHING
""")
_READ = text("""
SELECT name, why FROM skipped WHERE job_id = :job_id ORDER BY why, name LIMIT :most
""")


def add_skipped(connection: Connection, job_id: int, skipped: Sequence[tuple[str, str]]) -> None:
    """Keep (name, why) of what a listing left out; the same again is kept once."""
    if not skipped:
        return
    names = [storable(name) for name, _ in skipped]
    connection.execute(
        _ADD,
        {
            "job_id": job_id,
            "whys": [why for _, why in skipped],
            "hashes": [hashlib.sha256(name.encode()).hexdigest() for name in names],
            "names": names,
            "most": MOST_NAMES,
        },
    )


def read_skipped(
    connection: Connection, job_id: int, most: int = MOST_NAMES
) -> list[tuple[str, str]]:
    """Return (name, why) of what was left out."""
    rows = connection.execute(_READ, {"job_id": job_id, "most": most})
    return [(str(name), str(why)) for name, why in rows]
