"""The sentences of job reports, by language: the same languages as items' reports have."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from reports.job_words import JobWords
from reports.job_words_ar import JOB_ARABIC
from reports.job_words_de import JOB_GERMAN
from reports.job_words_en import JOB_ENGLISH
from reports.job_words_es import JOB_SPANISH
from reports.job_words_fr import JOB_FRENCH
from reports.job_words_ja import JOB_JAPANESE
from reports.job_words_ko import JOB_KOREAN
from reports.job_words_pt import JOB_PORTUGUESE
from reports.languages import words_of

JOB_LANGUAGES: Final[Mapping[str, JobWords]] = MappingProxyType(
    {
        words.language: words
        for words in (
            *(JOB_ENGLISH, JOB_GERMAN, JOB_SPANISH, JOB_FRENCH),
            *(JOB_PORTUGUESE, JOB_KOREAN, JOB_JAPANESE, JOB_ARABIC),
        )
    }
)


def job_words_of(language: str) -> JobWords:
    """Return the sentences of a language.

    Raises:
        InputError: reports are not written in it (`language_unknown`).
    """
    return JOB_LANGUAGES[words_of(language).language]
