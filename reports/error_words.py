"""The words for one error code: what happened, and what to do about it."""

from typing import NamedTuple


class ErrorWords(NamedTuple):
    """The words for one error code."""

    meaning: str  # a sentence: what happened
    advice: str  # a sentence: what to do
