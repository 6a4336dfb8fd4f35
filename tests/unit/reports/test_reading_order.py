import pytest

from reports.reading_order import in_order, isolate_numbers


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("قيمة −1.10 هنا", "−1.10"),
        ("+1.38", "+1.38"),
        ("من 0:12–0:19.", "0:12–0:19"),
        ("(13\u00a0s من", "13\u00a0s"),
        ("3\u00a0min 20\u00a0s", "3\u00a0min 20\u00a0s"),
        ("صدر 2026-11-21 09:31:00 UTC", "2026-11-21 09:31:00 UTC"),
        ("بتاريخ 2026-11-21 22:19 UTC؛", "2026-11-21 22:19 UTC"),
        ("بتاريخ 2026-11-21.", "2026-11-21"),
        ("إنسان، 30×", "30×"),
        ("1\u202f000–10\u202f000", "1\u202f000–10\u202f000"),
    ],
)
def test_a_number_with_its_sign_and_unit_keeps_its_order(text: str, piece: str) -> None:
    assert isolate_numbers(text) == text.replace(piece, f"\u2066{piece}\u2069")


@pytest.mark.parametrize(
    "text", ["mp4", "abc123def", "9f86d081884c7d65", "SHA-256", "VR-2026-000123", ""]
)
def test_digits_inside_words_are_left_alone(text: str) -> None:
    assert isolate_numbers(text) == text


@pytest.mark.parametrize(
    "title",
    ["Interview with the minister, part 2", "Who spoke?", "2 voices (raw)", "60\u00a0s (1:00)"],
)
def test_a_title_of_another_direction_keeps_its_order_on_a_page_from_right_to_left(
    title: str,
) -> None:
    assert in_order(title, is_rtl=True) == f"\u2066{title}\u2069"


def test_an_arabic_title_keeps_its_order_on_a_page_from_left_to_right() -> None:
    assert in_order("مقابلة (الجزء 2).", is_rtl=False) == "\u2067مقابلة (الجزء 2).\u2069"
    assert in_order("Anruf von مريم", is_rtl=False) == "Anruf von مريم"


def test_a_number_after_a_latin_word_stays_with_it() -> None:
    assert isolate_numbers("قال Interview part 2 هنا") == "قال Interview part 2 هنا"


@pytest.mark.parametrize("text", ["#b95a10", "ar", "VR-2026-000123", ""])
def test_what_is_one_piece_or_no_text_is_left_alone(text: str) -> None:
    assert in_order(text, is_rtl=True) == text
