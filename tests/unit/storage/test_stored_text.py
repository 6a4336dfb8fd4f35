from hypothesis import given
from hypothesis import strategies as st

from storage.stored_text import storable


def test_ordinary_text_is_left_alone() -> None:
    assert storable("Ünïcode 🎧\nline\t\u202e") == "Ünïcode 🎧\nline\t\u202e"


@given(st.text(alphabet=st.characters(categories=("Cs", "Cc", "L"))))
def test_what_comes_out_is_utf8_without_nul(text: str) -> None:
    stored = storable(text)
    assert b"\0" not in stored.encode()
    assert len(stored) == len(text)
