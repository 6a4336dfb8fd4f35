import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.fonts import page_glyphs
from reports.outside_text import storable
from reports.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain title", "plain title"),
        ("Grüße, Ελλάδα, Москва", "Grüße, Ελλάδα, Москва"),
        ("fire \U0001f525", "fire U+1F525"),
        ("\U0001f600\U0001f601", "U+1F600 U+1F601"),
        ("a\nb", "a U+000A b"),
        ("a\0b", "a U+0000 b"),
        ("evil\u202egpj.exe", "evil U+202E gpj.exe"),
        ("\U00013000\U00013001", "U+13000 U+13001"),
        ("\ud800", "U+D800"),
        ("", ""),
    ],
)
def test_what_no_font_has_becomes_visible(text: str, shown: str) -> None:
    assert printable(text, page_glyphs()) == shown


@settings(deadline=None)  # the first text loads the fonts
@given(st.text())
def test_nothing_is_left_that_a_font_cannot_show(text: str) -> None:
    known = frozenset().union(*page_glyphs())
    for char in printable(text, page_glyphs()):
        assert ord(char) in known
        assert char == "\u200b" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Cn"}


def test_long_words_may_break() -> None:
    shown = printable("x" * 100, page_glyphs())
    assert max(map(len, shown.split("\u200b"))) <= 24
    assert shown.replace("\u200b", "") == "x" * 100


@given(st.text(st.characters()))
def test_storable_text_is_utf8_without_nul(text: str) -> None:
    assert b"\0" not in storable(text).encode()


def test_a_mark_is_shown_only_in_a_font_that_has_its_letter_too() -> None:
    latin, arabic = frozenset(map(ord, "ab \u0301\u200b")), frozenset(map(ord, "\u0628\u064e "))
    assert printable("a\u0301", (latin, arabic)) == "a\u0301"
    assert printable("\u0628\u064e", (latin, arabic)) == "\u0628\u064e"
    assert printable("a\u064e", (latin, arabic)) == "a U+064E"
    assert printable("\0\u0301", (latin, arabic)) == "U+0000 \u0301"


def test_joined_letters_are_not_parted() -> None:
    word = "\u0628" * 60
    assert printable(word, (frozenset({0x628}),)) == word
