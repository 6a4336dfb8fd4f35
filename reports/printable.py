"""Outside text, before it reaches a page: what no embedded font can show becomes visible.

PDF/A refuses a character without a glyph, and a bidi override or a control character can make a
page lie. Each such character is written as its code point, such as `U+1F600`: a reader sees that
something stood there, and what.
"""

import unicodedata
from collections.abc import Set as AbstractSet

_BREAK_AFTER = 24  # characters without a space after which a line may break
_ZERO_WIDTH_SPACE = "\u200b"
# Categories that never print as themselves: control, format (bidi overrides, joiners), surrogate,
# private use, unassigned, line and paragraph separators.
_NEVER = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str, glyphs: AbstractSet[int]) -> str:
    """Return the text with every character that cannot be shown as `U+XXXX`.

    Args:
        text: any string, lone surrogates included.
        glyphs: code points that the embedded fonts have.

    Returns:
        Text of glyphs only, with invisible break points in words longer than a line likes.
    """
    if text.isascii() and text.isprintable():
        return _breakable(text)
    parts: list[str] = []
    was_escape = False
    for char in text:
        shown = ord(char) in glyphs and unicodedata.category(char) not in _NEVER
        if (was_escape and (not shown or not char.isspace())) or (
            not shown and parts and not parts[-1].isspace()
        ):
            parts.append(" ")
        parts.append(char if shown else f"U+{ord(char):04X}")
        was_escape = not shown
    return _breakable("".join(parts))


def _breakable(text: str) -> str:
    """Let a line break inside words that are too long for it, such as addresses."""
    if len(text) <= _BREAK_AFTER:
        return text
    return " ".join(map(_broken, text.split(" ")))


def _broken(word: str) -> str:
    """Put break points into a word, none before a mark that belongs to its base letter."""
    parts: list[str] = []
    since = 0
    for char in word:
        if since >= _BREAK_AFTER and not unicodedata.category(char).startswith("M"):
            parts.append(_ZERO_WIDTH_SPACE)
            since = 0
        parts.append(char)
        since += 1
    return "".join(parts)
