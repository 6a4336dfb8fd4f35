"""Pages of a job with 100 000 items: each one reads its own rows, wherever it begins; nothing is skipped over."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from jobs.spec import JobSpec
from jobs.work_queue import WorkQueue
from pipeline.vocabulary import VerdictKind
from storage.database import transaction
from storage.item_pages import LOOKED_AT, ItemOrder, PageOrder, Place, page_query, read_page
from storage.states import ItemState

pytestmark = pytest.mark.postgres
N_ITEMS = 100_000
MOST = 50
KINDS = list(VerdictKind)
# one in five each: done with one of four findings, or failed
_FILL = text("""
INSERT INTO item (job_id, account_id, kind, state, priority, source_uri, title, source_key,
                  verdict, llr, error_code, finished_at)
SELECT :job_id, 'default', 'media',
       CASE WHEN n <= :n_open THEN 'ready' WHEN n % 5 = 4 THEN 'failed' ELSE 'done' END, 2,
       's3://media/' || n, 'Item ' || n, 'key ' || n,
       CASE WHEN n <= :n_open OR n % 5 = 4 THEN ''
            ELSE (ARRAY['no_evidence', 'synthetic', 'inconclusive', 'not_applicable'])[n % 5 + 1] END,
       CASE WHEN n <= :n_open OR n % 5 >= 3 THEN NULL ELSE round((6 * sin(n))::numeric, 1) END,
       CASE WHEN n > :n_open AND n % 5 = 4 THEN 'media_corrupt' ELSE '' END,
       CASE WHEN n > :n_open THEN clock_timestamp() END
FROM generate_series(1, :n) AS n
""")


def fill(engine: Engine, n: int, n_open: int = 0) -> int:
    """Return a job with n items, of which the first ones wait."""
    queue = WorkQueue(engine, may_listen=False)
    job_id = int(queue.desk.submit(JobSpec(sources=("s3://media/",))).job_id)
    with transaction(engine) as connection:
        connection.execute(text("DELETE FROM item"))  # its listing
        connection.execute(_FILL, {"job_id": job_id, "n": n, "n_open": n_open})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE item"))
    return job_id


def walk(connection: Connection, wanted: PageOrder) -> Iterator[list[int]]:
    """Yield the pages of a walk from its beginning to its end."""
    while True:
        page = read_page(connection, wanted)
        yield list(page.item_ids)
        if page.following is None:
            return
        wanted = PageOrder(
            wanted.job_id,
            wanted.account_id,
            wanted.most,
            wanted.shown,
            wanted.order,
            wanted.search,
            page.following,
        )


def rows_read(plan: dict[str, Any]) -> int:
    """Return how many rows the scans of a plan touched."""
    below = sum(rows_read(part) for part in plan.get("Plans", []))
    if "Scan" not in plan["Node Type"] or plan["Node Type"] == "Subquery Scan":
        return below
    n_rows = float(plan["Actual Rows"]) + float(plan.get("Rows Removed by Filter", 0))
    return below + round(n_rows * float(plan["Actual Loops"]))


def explain(connection: Connection, wanted: PageOrder) -> dict[str, Any]:
    query, values = page_query(wanted)
    rows = connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}"), values)
    plan: dict[str, Any] = rows.scalar_one()[0]["Plan"]
    return plan


def test_no_page_reads_more_than_its_rows_however_deep_it_lies(engine: Engine) -> None:
    job_id = fill(engine, N_ITEMS, n_open=20_000)
    with transaction(engine) as connection:
        middle = int(connection.execute(text("SELECT min(item_id) + 90000 FROM item")).scalar_one())
        waiting = middle - 80_000
        cases: list[tuple[VerdictKind | ItemState | None, ItemOrder, Place | None]] = [
            (shown, order, after)
            for shown in (None, VerdictKind.SYNTHETIC, VerdictKind.INCONCLUSIVE)
            for order, after in (
                (ItemOrder.LISTED, None),
                (ItemOrder.LISTED, Place(middle)),
                (ItemOrder.LOWEST, None),
                (ItemOrder.LOWEST, Place(middle, 3.1)),
                (ItemOrder.HIGHEST, Place(middle, -3.1)),
            )
        ]
        cases += [
            (ItemState.FAILED, ItemOrder.LISTED, Place(middle)),
            (ItemState.READY, ItemOrder.LISTED, Place(waiting, 2)),
            (ItemState.RUNNING, ItemOrder.LISTED, None),
            (None, ItemOrder.TITLE, None),
            (None, ItemOrder.TITLE, Place(middle)),
        ]
        for shown, order, after in cases:
            wanted = PageOrder(job_id, "default", MOST, shown, order, after=after)
            plan = explain(connection, wanted)
            assert "Seq Scan" not in str(plan).replace("item_archive", ""), (shown, order, plan)
            # a page of each finding is merged where all are wanted, and the archive is looked into
            assert rows_read(plan) <= (MOST + 1) * (len(KINDS) + 1), (shown, order, after, plan)
            assert "OFFSET" not in page_query(wanted)[0]


def test_a_search_looks_through_a_bounded_number_of_titles_and_says_where_it_stopped(
    engine: Engine,
) -> None:
    job_id = fill(engine, N_ITEMS)
    with transaction(engine) as connection:
        wanted = PageOrder(job_id, "default", MOST, search="ITEM 99999")
        assert rows_read(explain(connection, wanted)) <= 4 * LOOKED_AT
        pages = list(walk(connection, wanted))
        assert [len(page) for page in pages] == [0, 0, 0, 0, 1, 0]
        assert len(list(walk(connection, PageOrder(job_id, "default", 500, search="nowhere")))) == 6


@pytest.mark.parametrize("shown", [None, VerdictKind.SYNTHETIC, ItemState.FAILED, ItemState.READY])
@pytest.mark.parametrize("search", ["", "item 1"])
def test_a_walk_shows_every_item_once_in_the_order_of_their_listing(
    engine: Engine, shown: VerdictKind | ItemState | None, search: str
) -> None:
    job_id = fill(engine, 400, n_open=100)
    with transaction(engine) as connection:
        rows = connection.execute(text("SELECT item_id, title, verdict, state FROM item")).all()
        expected = sorted(
            row.item_id
            for row in rows
            if search in row.title.lower() and shown in (None, row.verdict, row.state)
        )
        pages = list(walk(connection, PageOrder(job_id, "default", 7, shown, search=search)))
    assert [item_id for page in pages for item_id in page] == expected
    assert len(expected) > 7


@pytest.mark.parametrize("order", [ItemOrder.LOWEST, ItemOrder.HIGHEST])
@pytest.mark.parametrize("shown", [None, VerdictKind.SYNTHETIC])
def test_a_walk_by_llr_shows_everything_that_has_one_once_ties_too(
    engine: Engine, order: ItemOrder, shown: VerdictKind | None
) -> None:
    job_id = fill(engine, 400, n_open=100)
    with transaction(engine) as connection:
        rows = connection.execute(
            text("SELECT item_id, llr, verdict FROM item WHERE llr IS NOT NULL")
        ).all()
        wanted = [(row.llr, row.item_id) for row in rows if shown in (None, row.verdict)]
        wanted.sort(reverse=order is ItemOrder.HIGHEST)
        pages = list(walk(connection, PageOrder(job_id, "default", 7, shown, order)))
    assert [item_id for page in pages for item_id in page] == [item_id for _, item_id in wanted]


@pytest.mark.parametrize("shown", [None, VerdictKind.SYNTHETIC, ItemState.FAILED])
@pytest.mark.parametrize("search", ["", "item 1"])
def test_a_walk_by_title_shows_every_item_once(
    engine: Engine, shown: VerdictKind | ItemState | None, search: str
) -> None:
    job_id = fill(engine, 400, n_open=100)
    with transaction(engine) as connection:
        connection.execute(text("UPDATE item SET title = 'ITEM 17' WHERE item_id % 10 = 3"))
        rows = connection.execute(
            text(
                'SELECT item_id, title, verdict, state FROM item ORDER BY "left"(lower(title), 100), 1'
            )
        ).all()
        expected = [
            row.item_id
            for row in rows
            if search in row.title.lower() and shown in (None, row.verdict, row.state)
        ]
        wanted = PageOrder(job_id, "default", 7, shown, ItemOrder.TITLE, search)
        pages = list(walk(connection, wanted))
    assert [item_id for page in pages for item_id in page] == expected
    assert len(expected) > 7


def test_a_finding_by_title_is_looked_for_in_a_bounded_number_of_items(engine: Engine) -> None:
    job_id = fill(engine, N_ITEMS)
    with transaction(engine) as connection:
        wanted = PageOrder(job_id, "default", MOST, ItemState.CANCELLED, ItemOrder.TITLE)
        assert rows_read(explain(connection, wanted)) <= 4 * LOOKED_AT
        assert [len(page) for page in walk(connection, wanted)] == [0] * 6


def test_a_search_for_what_no_title_can_hold_finds_nothing(engine: Engine) -> None:
    job_id = fill(engine, 10)
    with transaction(engine) as connection:
        page = read_page(connection, PageOrder(job_id, "default", MOST, search="\x00 %' \ud800"))
    assert page.item_ids == ()


def test_items_that_lie_in_the_archive_are_shown_as_before(engine: Engine) -> None:
    job_id = fill(engine, 100)
    wanted = PageOrder(job_id, "default", 9, VerdictKind.SYNTHETIC, ItemOrder.LOWEST)
    with transaction(engine) as connection:
        before = list(walk(connection, wanted))
        columns = ", ".join(
            connection.scalars(
                text(
                    "SELECT column_name FROM information_schema.columns"
                    " WHERE table_name = 'item_archive' AND table_schema = 'public'"
                )
            )
        )
        connection.execute(
            text(f"INSERT INTO item_archive ({columns}) SELECT {columns} FROM item")  # noqa: S608
        )
        connection.execute(text("DELETE FROM item"))
        assert list(walk(connection, wanted)) == before
        assert len(before) > 1


def test_what_waits_is_shown_in_the_order_in_which_it_is_worked_on(engine: Engine) -> None:
    job_id = fill(engine, 20, n_open=20)
    with transaction(engine) as connection:
        connection.execute(text("UPDATE item SET priority = 1 WHERE title IN ('Item 7', 'Item 9')"))
        pages = list(walk(connection, PageOrder(job_id, "default", 3, ItemState.READY)))
        rows = connection.execute(text("SELECT item_id, title FROM item")).all()
        titles = {row.item_id: row.title for row in rows}
    walked = [titles[item_id] for page in pages for item_id in page]
    assert walked[:4] == ["Item 7", "Item 9", "Item 1", "Item 2"]
    assert len(walked) == 20
