"""Numbers and times on pages that run from right to left.

Without help a page from right to left shows `−1.10` as `1.10−`, `0:12–0:19` as `0:19–0:12` and
`60 s` as `s 60` (Unicode Bidirectional Algorithm, UAX 9). Each such piece is put into an isolate.
Outside text has been through `printable` before, so no control character of its own is left.
"""

import re

_ISOLATE, _END = "\u2066", "\u2069"  # left-to-right isolate, pop
_NUMBER = r"\d+(?:[\u202f.:]\d+)*"
_UNIT = r"[\u00a0 ](?:s|min|h|k?Hz|kB|MB|GB)\b"
_RUN = re.compile(
    r"(?<![\w.-])(?:"
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    rf"|(?:[+−]|> )?{_NUMBER}(?:–{_NUMBER})?(?:{_UNIT}(?: \d+{_UNIT})*|×)?"
    r")(?![\w-])"
)


def isolate_numbers(text: str) -> str:
    """Return the text with every number, time and range kept in its own order."""
    return _RUN.sub(lambda found: f"{_ISOLATE}{found[0]}{_END}", text)
