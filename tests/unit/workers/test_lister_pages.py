"""Listings reach the queue in growing pages, the first one at once."""

from collections.abc import Iterator

from jobs.sources import Listed
from jobs.spec import NewItem
from workers.lister import PAGE_ITEMS, pages


def listed(n: int, taken: list[int]) -> Iterator[Listed]:
    for number in range(n):
        taken.append(number)
        yield Listed(NewItem(f"s3://b/{number}", str(number), str(number)), cursor=str(number))


def test_the_first_page_comes_before_the_second_item_is_listed() -> None:
    taken: list[int] = []

    first = next(pages(listed(1000, taken), []))

    assert taken == [0]
    assert [item.title for item in first.items] == ["0"]


def test_pages_hold_every_item_once_and_know_where_to_go_on() -> None:
    found = list(pages(listed(1000, []), []))

    assert [item.title for page in found for item in page.items] == [str(n) for n in range(1000)]
    assert all(page.cursor == page.items[-1].title for page in found)
    assert max(len(page.items) for page in found) == PAGE_ITEMS


def test_an_empty_source_has_no_page() -> None:
    assert list(pages(iter(()), [])) == []


def test_what_a_source_leaves_out_goes_with_the_page_that_was_read_meanwhile() -> None:
    skipped = [("cold.wav", "in an archive")]

    first, *others = pages(listed(6, []), skipped)

    assert first.skipped == (("cold.wav", "in an archive"),)
    assert [page.skipped for page in others] == [(), ()]
