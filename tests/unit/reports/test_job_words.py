"""Every language says everything that a job's report needs, and claims no more than an item's does."""

import dataclasses
import string

import pytest

from pipeline.vocabulary import VerdictKind
from reports.job_languages import JOB_LANGUAGES
from reports.job_words import JobWords
from reports.job_words_en import JOB_ENGLISH
from reports.languages import LANGUAGES, words_of

EVERY_LANGUAGE = list(JOB_LANGUAGES.values())


def test_jobs_are_reported_in_the_languages_of_items() -> None:
    assert list(JOB_LANGUAGES) == list(LANGUAGES)


@pytest.mark.parametrize("words", EVERY_LANGUAGE, ids=lambda words: words.language)
def test_all_languages_fill_the_same_places(words: JobWords) -> None:
    for field in dataclasses.fields(JobWords):
        mine, model = getattr(words, field.name), getattr(JOB_ENGLISH, field.name)
        if isinstance(model, dict):
            assert set(mine) == set(model), field.name
            for key, sentence in model.items():
                assert _places(mine[key]) == _places(sentence), key
                assert mine[key].strip()
        elif isinstance(model, tuple):
            assert len(mine) == len(model)


@pytest.mark.parametrize("words", EVERY_LANGUAGE, ids=lambda words: words.language)
def test_every_outcome_and_every_sheet_has_its_name(words: JobWords) -> None:
    assert {kind.value for kind in VerdictKind} <= set(words.outcomes)
    names = list(words.sheets.values())
    assert len(set(names)) == len(names)
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)


@pytest.mark.parametrize("words", EVERY_LANGUAGE, ids=lambda words: words.language)
def test_no_sentence_claims_a_fact_or_a_probability_of_guilt(words: JobWords) -> None:
    forbidden = words_of(words.language).forbidden
    sentences = (*words.outcomes.values(), *words.sentences.values(), *words.limits)
    for sentence in sentences:
        found = [word for word in forbidden if _has(sentence.lower(), word)]
        assert not found, sentence


def _has(sentence: str, word: str) -> bool:
    if word.isascii() and word.isalpha():
        return word in "".join(c if c.isalnum() else " " for c in sentence).split()
    return word in sentence


def _places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
