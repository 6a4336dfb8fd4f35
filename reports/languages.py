"""The languages that reports are written in, by their BCP 47 code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pipeline.errors import InputError
from reports.words import Words
from reports.words_ar import ARABIC
from reports.words_de import GERMAN
from reports.words_en import ENGLISH
from reports.words_es import SPANISH
from reports.words_fr import FRENCH
from reports.words_ja import JAPANESE
from reports.words_ko import KOREAN
from reports.words_pt import PORTUGUESE

LANGUAGES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        words.language: words
        for words in (ENGLISH, GERMAN, SPANISH, FRENCH, PORTUGUESE, KOREAN, JAPANESE, ARABIC)
    }
)


def words_of(language: str) -> Words:
    """Return the sentences of a language.

    Raises:
        InputError: reports are not written in it (`language_unknown`).
    """
    try:
        return LANGUAGES[language]
    except KeyError as error:
        known = ", ".join(LANGUAGES)
        raise InputError(
            f"Reports are not written in “{language}”: choose one of {known}.", "language_unknown"
        ) from error
