"""Parts of a job's report that need no database: groups, colours, links, harmless cells."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reports.job_groups import join_pairs
from reports.job_heat import NONE_COLOUR, share_colour
from reports.job_page import report_file, web_link
from reports.job_tables import harmless
from storage.job_likeness_rows import AlikePair, _nearest_of_each, _Sounds, all_pairs


def test_pairs_become_groups_with_their_weakest_link() -> None:
    pairs = [
        AlikePair(1, 2, 0.99, None),
        AlikePair(2, 3, 0.90, None),
        AlikePair(7, 8, 0.95, 0.88),
        AlikePair(1, 3, 0.91, None),
    ]
    first, second = join_pairs(pairs)
    assert (first.item_ids, first.likeness) == ((1, 2, 3), 0.91)
    assert (second.item_ids, second.likeness) == ((7, 8), 0.88)
    assert join_pairs([]) == ()


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(31, 60)), max_size=80))
def test_groups_share_no_item_and_lose_none(pairs: list[tuple[int, int]]) -> None:
    groups = join_pairs(AlikePair(first, second, 0.9, None) for first, second in pairs)
    members = [item for group in groups for item in group.item_ids]
    assert len(members) == len(set(members))
    assert set(members) == {item for pair in pairs for item in pair}


def test_all_pairs_are_those_of_a_plain_double_loop() -> None:
    random = np.random.default_rng(3)
    vectors = random.standard_normal((60, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    media = np.arange(60) // 2  # neighbours have the same bytes
    sounds = _Sounds(np.arange(100, 160), media, vectors)
    found = {(pair.first_id, pair.second_id) for pair in all_pairs(sounds, 0.8, 60)}
    plain = {
        (100 + i, 100 + j)
        for i in range(60)
        for j in range(i + 1, 60)
        if media[i] != media[j] and float(vectors[i] @ vectors[j]) >= 0.8
    }
    assert found == plain


def test_a_thousand_copies_are_no_million_pairs() -> None:
    vectors = np.ones((1_000, 2), np.float32) / np.sqrt(2, dtype=np.float32)
    sounds = _Sounds(np.arange(1_000), np.arange(1_000), vectors)
    pairs = list(all_pairs(sounds, 0.9, 8))
    assert len(pairs) < 8_000
    (group,) = join_pairs(pairs)
    assert len(group.item_ids) == 1_000


def test_the_nearest_of_each_row_are_kept() -> None:
    rows = np.array([0, 0, 0, 1, 2, 2])
    cosine = np.array([0.1, 0.9, 0.5, 0.2, 0.3, 0.4], np.float32)
    assert sorted(_nearest_of_each(rows, cosine, 2).tolist()) == [1, 2, 3, 4, 5]


def test_more_items_that_support_synthesis_are_darker() -> None:
    shares = (0.0, 0.01, 0.07, 0.2, 0.4, 0.9)
    colours = [share_colour(share) for share in shares]
    assert colours[0] == NONE_COLOUR
    assert len(set(colours)) == len(colours)
    light = [sum(bytes.fromhex(colour[1:])) for colour in colours]
    assert light == sorted(light, reverse=True)


@pytest.mark.parametrize(
    "uri",
    ["javascript:alert(1)", "file:///etc/passwd", "https://x.example/\u202e", "data:text/html,x",
     "https://x.example/a b", 'https://x"onclick=1', "https://" + "x" * 5_000, "", "//x.example"],
)  # fmt: skip
def test_only_plain_web_addresses_can_be_clicked(uri: str) -> None:
    assert web_link(uri) == ""


def test_a_web_address_can_be_clicked() -> None:
    uri = "https://media.example:8443/a/b.mp3?x=1&y=%20#t=3"
    assert web_link(uri) == uri
    assert report_file(17, 4711) == "verity-17-4711.pdf"


@example("\u00a0=1+1")
@example("\u2003@SUM(A1)")
@given(st.text(max_size=60))
def test_no_text_begins_as_a_formula_or_breaks_its_line(text: str) -> None:
    cell = harmless(text)
    assert not cell.lstrip().startswith(
        ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
    )
    assert not set(cell) & set("\t\r\n\0")


@pytest.mark.parametrize("text", ["Interview, 3 May", "«Titel» – 50 %", "日本語", "a=b"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text
