import pytest

from reports.right_to_left import isolate_numbers


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("قيمة −1.10 هنا", "−1.10"),
        ("+1.38", "+1.38"),
        ("من 0:12–0:19.", "0:12–0:19"),
        ("(13\u00a0s من", "13\u00a0s"),
        ("3\u00a0min 20\u00a0s", "3\u00a0min 20\u00a0s"),
        ("صدر 2026-11-21 09:31:00 UTC", "2026-11-21 09:31:00 UTC"),
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
