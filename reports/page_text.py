"""Every string of a page's data, made printable and put in reading order."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from reports.canonical_json import Json
from reports.printable import printable
from reports.reading_order import in_order

# not text: what Typst is told, and where links lead
_RAW = frozenset({"fonts", "language", "picture", "colour", "file", "source_link"})


def page_text(
    data: dict[str, Json], fonts: Sequence[AbstractSet[int]], *, is_rtl: bool
) -> dict[str, Json]:
    """Return the data with every string as a page shows it.

    Args:
        data: a tree of strings, numbers, lists and records.
        fonts: the code points of each embedded font.
        is_rtl: the page runs from right to left.
    """

    def shown(value: Json) -> Json:
        if isinstance(value, str):
            return in_order(printable(value, fonts), is_rtl=is_rtl)
        if isinstance(value, list):
            return [shown(entry) for entry in value]
        if isinstance(value, dict):
            return of_record(value)
        return value

    def of_record(record: dict[str, Json]) -> dict[str, Json]:
        return {
            name: entry if name in _RAW and not isinstance(entry, dict) else shown(entry)
            for name, entry in record.items()
        }

    return of_record(data)
