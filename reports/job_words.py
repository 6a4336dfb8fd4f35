"""What a language must be able to say of a whole job; one file per language (`job_words_en.py`).

Sentences are `str.format` templates with named fields. What items' own reports say already (verdicts'
reasons, error codes, strengths) comes from `reports.words`.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobWords:
    """All sentences of a job's report in one language."""

    language: str  # BCP 47, as in `Words`
    outcomes: Mapping[str, str]  # by verdict or state: a few words for a table
    changes: Mapping[str, str]  # by `ChangedLine.change`
    labels: Mapping[str, str]  # headings and names of columns
    sentences: Mapping[str, str]
    sheets: Mapping[str, str]  # names of the spreadsheet's sheets, at most 31 characters
    copies: Mapping[str, str]  # what was done to a copy, as the measured figures name it
    limits: tuple[str, ...]
