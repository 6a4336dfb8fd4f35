"""The sizes of paper that reports are set on."""

from enum import StrEnum


class Paper(StrEnum):
    """The size of the pages; values are Typst's names."""

    A4 = "a4"
    LETTER = "us-letter"
