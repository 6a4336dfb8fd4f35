"""The order in which numbers, times and outside text are read on pages of either direction.

Without help a page from right to left shows `−1.10` as `1.10−`, `0:12–0:19` as `0:19–0:12`, `60 s` as
`s 60` and the title `Who spoke?` as `?Who spoke` (Unicode Bidirectional Algorithm, UAX 9); a page from
left to right does the like to Arabic and Hebrew. Each such piece is put into an isolate.
Outside text has been through `printable` before, so no control character of its own is left.
"""

import re
import unicodedata

_LEFT_TO_RIGHT, _RIGHT_TO_LEFT, _END = "\u2066", "\u2067", "\u2069"  # isolates, and their end
_NUMBER = r"\d+(?:[\u202f.:]\d+)*"
_UNIT = r"[\u00a0 ](?:s|min|h|k?Hz|kB|MB|GB)\b"
_RUN = re.compile(
    r"(?<![\w.-])(?<![A-Za-z] )(?<![A-Za-z][,:;] )(?:"  # after a Latin word it is in order already
    r"\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)? UTC)?"
    rf"|(?:[+−]|> )?{_NUMBER}(?:–{_NUMBER})?(?:{_UNIT}(?: \d+{_UNIT})*|×)?"
    r")(?![\w-])"
)
_COLOUR = re.compile(r"#[0-9a-f]{6}")


def in_order(text: str, *, is_rtl: bool) -> str:
    """Return a text of a page in the order in which it is to be read.

    Args:
        text: one heading, sentence or cell.
        is_rtl: the page runs from right to left.
    """
    if _COLOUR.fullmatch(text) or (text.isascii() and not is_rtl):
        return text
    first = _direction(text)
    if not is_rtl:
        return f"{_RIGHT_TO_LEFT}{text}{_END}" if first == "R" else text
    has_rtl = first == "R" or any(unicodedata.bidirectional(sign) in _RTL for sign in text)
    is_joined = " " in text or not (text[:1] + text[-1:]).isalnum()  # else it is one piece anyway
    if first == "L" and not has_rtl and is_joined:
        return f"{_LEFT_TO_RIGHT}{text}{_END}"
    return isolate_numbers(text)


def isolate_numbers(text: str) -> str:
    """Return the text with every number, time and range kept in its own order."""
    return _RUN.sub(lambda found: f"{_LEFT_TO_RIGHT}{found[0]}{_END}", text)


_RTL = frozenset({"R", "AL"})


def _direction(text: str) -> str:
    """Return "L" or "R" as the first letter says; "" where there is none (UAX 9, rule P2)."""
    for sign in text:
        kind = unicodedata.bidirectional(sign)
        if kind in _RTL:
            return "R"
        if kind == "L":
            return "L"
    return ""
