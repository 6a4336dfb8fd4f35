"""Rows of label and value, as the template takes them."""

from reports.canonical_json import Json

MAX_TEXT = 400  # characters of any other outside text on a page
MAX_TABLE_TITLE = 90  # of a title in a table of many items; the spreadsheet has all


def cut(text: str, most: int = MAX_TEXT) -> str:
    """Return the text with an ellipsis where it is too long for a page."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def cut_title(text: str) -> str:
    """Return a title short enough for a table of many items."""
    return cut(text, MAX_TABLE_TITLE)


def pairs(rows: list[tuple[str, str]], most: int = MAX_TEXT) -> list[Json]:
    """Return label and value where there is a value."""
    return [[label, cut(value, most)] for label, value in rows if value]
