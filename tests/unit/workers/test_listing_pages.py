from collections.abc import Iterator

import pytest

from jobs.sources import Listed, Passed
from jobs.spec import NewItem
from pipeline.errors import FetchFailedError
from workers.lister import PAGE_ITEMS, Page, pages


def item(number: int) -> NewItem:
    return NewItem(f"s3://b/{number}", f"{number}", f"k{number}")


def listed(number: int) -> Listed:
    return Listed(item(number), f"{number}")


def test_pages_grow_so_that_work_begins_at_once() -> None:
    made = list(pages(map(listed, range(1000)), []))
    sizes = [len(page.items) for page in made]
    assert sizes[:4] == [1, 4, 16, 64]
    assert max(sizes) == PAGE_ITEMS
    assert sum(sizes) == 1000
    assert made[1].cursor == "4"


def test_a_sign_of_life_moves_the_cursor_though_nothing_is_wanted() -> None:
    signs: list[Listed | Passed] = [Passed("5"), listed(7), listed(8), Passed("9")]
    assert list(pages(iter(signs), [])) == [
        Page((), "5"),
        Page((item(7),), "7"),
        Page((item(8),), "9"),
    ]


def test_what_was_left_out_comes_with_its_page_even_where_the_listing_fails() -> None:
    skipped: list[tuple[str, str]] = []

    def source() -> Iterator[Listed]:
        skipped.append(("a.zip", "archive"))
        yield listed(1)
        skipped.append(("b.zip", "archive"))
        raise FetchFailedError("away")

    made: list[Page] = []
    with pytest.raises(FetchFailedError):
        made.extend(pages(source(), skipped))
    assert made == [
        Page((item(1),), "1", (("a.zip", "archive"),)),
        Page((), "1", (("b.zip", "archive"),)),
    ]


def test_a_source_of_archives_alone_says_so() -> None:
    assert list(pages(iter(()), [("a.zip", "archive")])) == [
        Page((), None, (("a.zip", "archive"),))
    ]
