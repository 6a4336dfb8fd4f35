"""What searches look through: written with a result, bounded, walled by account, gone with it."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import Engine, text

from jobs.spec import ItemClaim
from jobs.work_queue import WorkQueue
from pipeline.vocabulary import FloatArray
from storage.database import transaction
from storage.embedding_rows import (
    SearchLimits,
    chosen_segments,
    fill_page,
    find_nearest,
    forget_oldest,
    read_found_items,
    read_item_vectors,
)
from storage.embedding_tables import INDEXED_LENGTH, WHOLE
from tests.integration.jobs.queue_makers import make_job, make_result, make_scores

pytestmark = pytest.mark.postgres


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine)
    yield queue
    queue.close()


def finish_with(queue: WorkQueue, claim: ItemClaim, vectors: FloatArray) -> None:
    """End an item whose segments have these vectors, (n, d)."""
    result = make_result(claim, n_segments=len(vectors))
    scores = make_scores(len(vectors), seed=int(claim.item_id))
    facts = dataclasses.replace(scores.facts, reason=np.full(len(vectors), ""))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    llr = np.linspace(-2, 2, len(vectors)).astype(np.float32)
    scores = dataclasses.replace(
        scores, facts=facts, embedding=unit.astype(np.float32), llr=llr, cm_score=llr
    )
    report = dataclasses.replace(result.report, scores=scores)
    queue.finish(claim, dataclasses.replace(result, report=report))


def voices(n: int, around: int, length: int = INDEXED_LENGTH, seed: int = 0) -> FloatArray:
    """Return vectors that lie around one axis."""
    vectors = np.random.default_rng(seed).standard_normal((n, length)) * 0.1
    vectors[:, around] += 1
    return vectors.astype(np.float32)


def count(engine: Engine, where: str = "true") -> int:
    with engine.connect() as connection:
        found = connection.scalar(text(f"SELECT count(*) FROM item_embedding WHERE {where}"))  # noqa: S608
    return int(found or 0)


def test_an_item_has_one_vector_and_a_bounded_number_for_its_segments(
    queue: WorkQueue, engine: Engine
) -> None:
    make_job(queue, 1)
    (claim,) = queue.claim("worker")
    finish_with(queue, claim, voices(500, around=3))
    assert (count(engine, f"place = {WHOLE}"), count(engine, f"place > {WHOLE}")) == (1, 8)


def test_the_segments_that_speak_most_for_synthesis_are_among_the_kept() -> None:
    llr = np.random.default_rng(1).standard_normal(400).astype(np.float32)
    kept = chosen_segments(llr, 8)
    assert len(kept) == 8
    assert set(np.argsort(llr)[:4]) <= set(kept)
    assert chosen_segments(llr, 0).tolist() == []


def test_limits_say_how_much_is_kept(engine: Engine) -> None:
    queue = WorkQueue(engine, search=SearchLimits(segments_an_item=2))
    make_job(queue, 1)
    (claim,) = queue.claim("worker")
    finish_with(queue, claim, voices(20, around=0))
    assert count(engine) == 3
    queue.close()


def test_nothing_is_kept_where_that_is_asked_for(engine: Engine) -> None:
    queue = WorkQueue(engine, search=SearchLimits(items_an_account=0))
    make_job(queue, 1)
    (claim,) = queue.claim("worker")
    finish_with(queue, claim, voices(20, around=0))
    assert count(engine) == 0
    queue.close()


@pytest.mark.parametrize("exact_below", [1_000, 0], ids=["row by row", "by index"])
def test_the_nearest_items_of_the_account_are_found(
    queue: WorkQueue, engine: Engine, exact_below: int
) -> None:
    make_job(queue, 12)
    claims = queue.claim("worker", limit=12)
    for number, claim in enumerate(claims):
        finish_with(queue, claim, voices(5, around=number % 3, seed=number))
    with transaction(engine) as connection:
        like = read_item_vectors(connection, "default", int(claims[0].item_id))
        assert like is not None
        wanted = like.vectors.mean(axis=0)
        wanted /= np.linalg.norm(wanted)
        found = find_nearest(connection, like, wanted, "items", 3, exact_below)
        parts = find_nearest(connection, like, wanted, "segments", 5, exact_below)
    same = {int(claim.item_id) for claim in claims[3::3]}
    assert {row.item_id for row in found} == same
    assert [row.cosine for row in found] == sorted((row.cosine for row in found), reverse=True)
    assert {row.item_id for row in parts} <= same


def test_of_a_long_item_no_more_is_read_than_was_asked_for(
    queue: WorkQueue, engine: Engine
) -> None:
    make_job(queue, 1)
    (claim,) = queue.claim("worker")
    finish_with(queue, claim, voices(5, around=0, seed=0))
    with transaction(engine) as connection:
        whole = read_item_vectors(connection, "default", int(claim.item_id))
        start = read_item_vectors(connection, "default", int(claim.item_id), most=2)
    assert whole is not None
    assert start is not None
    assert np.array_equal(start.vectors, whole.vectors[:2])


@pytest.mark.parametrize("exact_below", [1_000, 0], ids=["row by row", "by index"])
def test_another_account_s_items_are_never_found(
    queue: WorkQueue, engine: Engine, exact_below: int
) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))
    for account_id, n_items in (("other", 30), ("default", 2)):
        make_job(queue, n_items, account_id)
        for number, claim in enumerate(queue.claim("worker", limit=n_items)):
            finish_with(queue, claim, voices(3, around=0, seed=number))
    with engine.connect() as connection:
        mine = list(
            connection.scalars(
                text(
                    "SELECT item_id FROM item WHERE account_id = 'default' AND kind = 'media'"
                    " ORDER BY item_id"
                )
            )
        )
        theirs = connection.scalar(text("SELECT max(item_id) FROM item WHERE account_id = 'other'"))
    with transaction(engine) as connection:
        like = read_item_vectors(connection, "default", mine[0])
        assert like is not None
        found = find_nearest(connection, like, like.vectors[0], "items", 50, exact_below)
        assert [row.item_id for row in found] == [mine[1]]
        assert read_item_vectors(connection, "default", theirs or 0) is None
        assert read_found_items(connection, "default", [theirs or 0]) == {}


def test_vectors_of_other_detectors_are_not_compared(queue: WorkQueue, engine: Engine) -> None:
    make_job(queue, 2)
    first, second = queue.claim("worker", limit=2)
    for claim in (first, second):
        finish_with(queue, claim, voices(3, around=0))
    with transaction(engine) as connection:
        connection.execute(
            text("UPDATE item_embedding SET detector = 'other' WHERE item_id = :item_id"),
            {"item_id": int(second.item_id)},
        )
        like = read_item_vectors(connection, "default", int(first.item_id))
        assert like is not None
        assert find_nearest(connection, like, like.vectors[0], "items", 5) == []


def test_vectors_go_with_the_analysis(queue: WorkQueue, engine: Engine) -> None:
    make_job(queue, 1)
    (claim,) = queue.claim("worker")
    finish_with(queue, claim, voices(3, around=0))
    with transaction(engine) as connection:
        connection.execute(text("DELETE FROM analysis"))
    assert count(engine) == 0


def test_the_oldest_items_are_forgotten_beyond_the_limit(queue: WorkQueue, engine: Engine) -> None:
    make_job(queue, 5)
    claims = queue.claim("worker", limit=5)
    for claim in claims:
        finish_with(queue, claim, voices(2, around=0))
    with transaction(engine) as connection:
        assert forget_oldest(connection, SearchLimits(items_an_account=2)) == 9
    newest = sorted(int(claim.item_id) for claim in claims)[-2:]
    assert count(engine) == 6
    assert count(engine, f"item_id IN ({newest[0]}, {newest[1]})") == 6


def test_items_from_before_are_filled_in_from_their_segments(
    queue: WorkQueue, engine: Engine
) -> None:
    make_job(queue, 3)
    for claim in queue.claim("worker", limit=3):
        finish_with(queue, claim, voices(12, around=1))
    with transaction(engine) as connection:
        before = connection.execute(_ALL).all()
        connection.execute(text("DELETE FROM item_embedding"))
        first = fill_page(connection, 0, 2, SearchLimits())
        second = fill_page(connection, first[-1], 2, SearchLimits())
        assert (len(first), len(second)) == (2, 1)
        after = connection.execute(_ALL).all()
    assert [row[:2] for row in after] == [row[:2] for row in before]
    assert [row.llr for row in after] == [row.llr for row in before]


_ALL = text("SELECT item_id, place, llr FROM item_embedding ORDER BY item_id, place")


def test_ten_hours_leave_as_many_vectors_as_ten_seconds(queue: WorkQueue, engine: Engine) -> None:
    make_job(queue, 1)
    (claim,) = queue.claim("worker")
    finish_with(queue, claim, voices(36_000, around=2))
    assert count(engine) == 9
