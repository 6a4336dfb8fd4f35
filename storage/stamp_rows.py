"""Time stamps that come later: further files beside a stored report's; what is there stays as it is."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, text

from storage.report_rows import StoredFile

_VALUES = ":kind, :key, :sha256, :size_bytes, :file_name, :content_type"
_COLUMNS = "kind, key, sha256, size_bytes, file_name, content_type"
# the stamped file's own row says whether it is of the machine's report or of an opinion's version
_OF_REPORT = text(f"""
INSERT INTO report_file (item_id, {_COLUMNS})
SELECT f.item_id, {_VALUES} FROM report_file f
WHERE f.item_id = :item_id AND f.key = :stamped
LIMIT 1 ON CONFLICT DO NOTHING
""")  # noqa: S608 (our own columns)
_OF_REVIEW = text(f"""
INSERT INTO review_file (review_id, {_COLUMNS})
SELECT f.review_id, {_VALUES} FROM review_file f JOIN review USING (review_id)
WHERE review.item_id = :item_id AND f.key = :stamped AND f.kind NOT LIKE 'reviewed-%'
LIMIT 1 ON CONFLICT DO NOTHING
""")  # noqa: S608 (our own columns)


def write_stamps(
    connection: Connection, item_id: int, stamped: str, stamps: Sequence[StoredFile]
) -> bool:
    """Name the stamps over a file of an item's report; False: the file is gone, or somebody was faster.

    The stamps' objects must be known and not on their way out (`object_rows.share_objects`).

    Args:
        connection: of the caller's transaction; to be rolled back where this returns False.
        item_id: of the report.
        stamped: the key of the file that they cover.
        stamps: their files.
    """
    for stamp in stamps:
        values = {**asdict(stamp), "item_id": item_id, "stamped": stamped}
        if not any(
            connection.execute(query, values).rowcount for query in (_OF_REPORT, _OF_REVIEW)
        ):
            return False
    return True
