"""Reports in every language and on both papers, as a reader's programs see them."""

import io

import pytest
from pypdf import PdfReader

from pipeline.errors import ConfigError, InputError
from reports.as_pdf import to_pdf
from reports.document import to_document
from reports.fonts import check_fonts
from reports.languages import LANGUAGES, words_of
from reports.paper import Paper
from reports.words import Words
from tests.unit.reports.report_maker import (
    CARD,
    CONTEXT,
    failed_report,
    not_applicable_report,
    spliced_report,
)

EVERY_LANGUAGE = list(LANGUAGES.values())


def require_fonts(words: Words) -> None:
    try:
        check_fonts(words)
    except ConfigError as error:
        pytest.skip(error.message)


@pytest.mark.parametrize("words", EVERY_LANGUAGE, ids=lambda words: words.language)
def test_every_language_gets_a_pdf_that_says_which_it_is(words: Words) -> None:
    require_fonts(words)
    for report in (spliced_report(), failed_report(), not_applicable_report()):
        pdf = to_pdf(to_document(report, CARD, CONTEXT, words), words)
        reader = PdfReader(io.BytesIO(pdf))
        assert str(reader.root_object["/Lang"]) == words.language
        assert b"<pdfaid:part>3</pdfaid:part>" in pdf
        assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf


@pytest.mark.parametrize("words", EVERY_LANGUAGE, ids=lambda words: words.language)
def test_page_one_holds_the_headline_in_the_reader_s_language(words: Words) -> None:
    require_fonts(words)
    document = to_document(spliced_report(), CARD, CONTEXT, words)
    page = PdfReader(io.BytesIO(to_pdf(document, words))).pages[0].extract_text()
    letters = set(document.summary.headline) - set(" .。")
    assert len(letters & set(page)) / len(letters) > 0.9  # extractors order Arabic in their own way


def test_letter_pages_are_letter_and_say_the_same() -> None:
    document = to_document(spliced_report(), CARD, CONTEXT)
    pages = {paper: PdfReader(io.BytesIO(to_pdf(document, paper=paper))).pages for paper in Paper}
    sizes = {paper: [round(float(x)) for x in pages[paper][0].mediabox[2:]] for paper in Paper}
    assert sizes == {Paper.A4: [595, 842], Paper.LETTER: [612, 792]}
    assert pages[Paper.A4][0].extract_text() == pages[Paper.LETTER][0].extract_text()


@pytest.mark.parametrize(
    "title", ["日本のニュース", "한국어 뉴스", "مرحبا بالعالم", "a\u064e\u0301 ب\u0301"]
)
def test_titles_in_other_scripts_get_a_pdf_in_any_language(title: str) -> None:
    for words in (words_of("en"), words_of("ar")):
        require_fonts(words)
        pdf = to_pdf(to_document(spliced_report(title), CARD, CONTEXT, words), words)
        assert pdf.startswith(b"%PDF-1.7")


def test_an_unknown_language_names_those_that_are_known() -> None:
    with pytest.raises(InputError, match="de, es, fr"):
        words_of("xx")
