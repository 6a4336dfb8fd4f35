"""Text from outside, before it enters the document: kept, but made storable.

PostgreSQL's jsonb refuses U+0000 and UTF-8 refuses lone surrogates; everything else stays as the
source wrote it, since a report quotes. What a page cannot print is `printable`'s concern.
"""

MAX_CHARS = 4_096  # a title or address longer than this is an attack or a mistake


def storable(text: str) -> str:
    """Return the text with NUL and lone surrogates made visible, cut at `MAX_CHARS`."""
    kept = text[:MAX_CHARS]
    if len(text) > MAX_CHARS:
        kept += f"… [{len(text) - MAX_CHARS} more characters]"
    if kept.isascii() and "\0" not in kept:
        return kept
    return "".join(
        f"U+{ord(char):04X}" if char == "\0" or "\ud800" <= char <= "\udfff" else char
        for char in kept
    )
