"""Outside text as PostgreSQL can hold it."""

import re

# NUL, which PostgreSQL's text and jsonb refuse, and lone surrogates, which are no UTF-8
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Tell whether PostgreSQL can hold the text as it is."""
    return _NOT_STORABLE.search(text) is None


def storable(text: str) -> str:
    """Return the text with U+FFFD in place of each character that PostgreSQL cannot hold."""
    return _NOT_STORABLE.sub("\ufffd", text)
