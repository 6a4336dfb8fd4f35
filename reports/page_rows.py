"""Rows of label and value, as the template takes them."""

from reports.canonical_json import Json

MAX_TEXT = 400  # characters of any other outside text on a page


def cut(text: str, most: int = MAX_TEXT) -> str:
    """Return the text with an ellipsis where it is too long for a page."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def pairs(rows: list[tuple[str, str]], most: int = MAX_TEXT) -> list[Json]:
    """Return label and value where there is a value."""
    return [[label, cut(value, most)] for label, value in rows if value]
