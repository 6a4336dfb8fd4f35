"""Outside text, before it reaches a page: what no embedded font can show becomes visible.

PDF/A refuses a character without a glyph, and a bidi override or a control character can make a
page lie. Each such character is written as its code point, such as `U+1F600`: a reader sees that
something stood there, and what.
"""

import unicodedata
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

_BREAK_AFTER = 24  # characters without a space after which a line may break
_ZERO_WIDTH_SPACE = "\u200b"
# Categories that never print as themselves: control, format (bidi overrides, joiners), surrogate,
# private use, unassigned, line and paragraph separators.
_NEVER = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# A break point inside these scripts would part joined letters; their words are short enough.
_JOINED = ("ARABIC", "SYRIAC", "MONGOLIAN")


def printable(text: str, fonts: Sequence[AbstractSet[int]]) -> str:
    """Return the text with every character that cannot be shown as `U+XXXX`.

    A mark is shown only where one font has it and its base letter: a page sets both in one font.

    Args:
        text: any string, lone surrogates included.
        fonts: the code points of each embedded font, in the order in which they are tried.

    Returns:
        Text of glyphs only, with invisible break points in words longer than a line likes.
    """
    if (text.isascii() and text.isprintable()) or all(_is_plain(char, fonts) for char in set(text)):
        return _breakable(text)
    parts: list[str] = []
    able: list[AbstractSet[int]] = []  # the fonts that have all of the letter so far
    was_escape = False
    for char in text:
        category = unicodedata.category(char)
        is_mark = category.startswith("M") and bool(parts)
        if was_escape and is_mark:  # it would stand on the space after the escape
            able = _having(" ", fonts)
        having = [] if category in _NEVER else _having(char, able if is_mark else fonts)
        shown = bool(having)
        if (was_escape and (not shown or not char.isspace())) or (
            not shown and parts and not parts[-1].isspace()
        ):
            parts.append(" ")
        parts.append(char if shown else f"U+{ord(char):04X}")
        able = having
        was_escape = not shown
    return _breakable("".join(parts))


def _is_plain(char: str, fonts: Sequence[AbstractSet[int]]) -> bool:
    """Tell whether a character is shown wherever it stands: of most texts all are, few are different."""
    category = unicodedata.category(char)
    if category in _NEVER or category.startswith("M"):
        return False
    return any(ord(char) in font for font in fonts)


def _having(char: str, fonts: Sequence[AbstractSet[int]]) -> list[AbstractSet[int]]:
    return [font for font in fonts if ord(char) in font]


def _breakable(text: str) -> str:
    """Let a line break inside words that are too long for it, such as addresses."""
    if len(text) <= _BREAK_AFTER:
        return text
    return " ".join(map(_broken, text.split(" ")))


def _broken(word: str) -> str:
    """Put break points into a word, none before a mark that belongs to its base letter."""
    if len(word) <= _BREAK_AFTER:
        return word
    parts: list[str] = []
    since = 0
    for char in word:
        if since >= _BREAK_AFTER and not _is_joined(char):
            parts.append(_ZERO_WIDTH_SPACE)
            since = 0
        parts.append(char)
        since += 1
    return "".join(parts)


def _is_joined(char: str) -> bool:
    """Tell whether no break may stand before the character."""
    return unicodedata.category(char).startswith("M") or unicodedata.name(char, "").startswith(
        _JOINED
    )
