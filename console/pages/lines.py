"""Text areas with a source to a line."""

from pipeline.errors import InputError


def source_lines(text: str) -> list[str]:
    """Return the sources that somebody typed or pasted.

    Raises:
        InputError: there are none.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError("Name a source, one to a line.", "sources_missing")
    return lines
