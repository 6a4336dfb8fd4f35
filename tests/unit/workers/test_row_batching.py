"""Rows of several items share a batch, and each item gets its own rows back in order."""

import asyncio
import threading
import time

import numpy as np
import pytest

from pipeline.errors import NonFiniteScoreError
from pipeline.vocabulary import Features, ModelOutputs
from workers.row_batching import RowBatcher


class PlainModel:
    """Gives back the mean of each row, and remembers how many rows each run had."""

    def __init__(self) -> None:
        self.n_rows: list[int] = []
        self.at_once = threading.Semaphore(1)

    def run(self, features: Features) -> ModelOutputs:
        assert self.at_once.acquire(blocking=False)
        rows = features.tensors["log_mel"]
        self.n_rows.append(len(rows))
        self.at_once.release()
        return ModelOutputs(rows.mean(axis=1), np.stack([rows[:, 0], rows[:, 1]], axis=1), None)


class HeldModel(PlainModel):
    """A plain model whose runs last until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.has_begun = threading.Event()
        self.may_end = threading.Event()

    def run(self, features: Features) -> ModelOutputs:
        self.has_begun.set()
        assert self.may_end.wait(60)
        return super().run(features)


def rows(first: int, n: int) -> Features:
    return Features({"log_mel": np.arange(first, first + n * 4, dtype=np.float32).reshape(n, 4)})


def test_rows_of_two_items_share_one_batch() -> None:
    model = PlainModel()

    async def score() -> RowBatcher:
        batcher = RowBatcher(model.run, batch_size=8, wait_s=0.2)
        await asyncio.gather(batcher.submit("a", rows(0, 3)), batcher.submit("b", rows(100, 5)))
        return batcher

    notes = asyncio.run(score()).take_notes()

    assert model.n_rows == [8]
    assert notes[0].rows == {"a": 3, "b": 5}


def test_each_item_gets_its_own_rows_back_in_order_though_they_span_batches() -> None:
    model = PlainModel()
    sizes = [1, 7, 20, 3, 40, 2]

    async def score() -> list[ModelOutputs]:
        batcher = RowBatcher(model.run, batch_size=16, wait_s=0.01)
        return await asyncio.gather(
            *(batcher.submit(str(i), rows(1000 * i, n)) for i, n in enumerate(sizes))
        )

    for i, (n, outputs) in enumerate(zip(sizes, asyncio.run(score()), strict=True)):
        expected = rows(1000 * i, n).tensors["log_mel"]
        np.testing.assert_array_equal(outputs.cm_score, expected.mean(axis=1))
        np.testing.assert_array_equal(outputs.embedding, expected[:, :2])
    assert max(model.n_rows) == 16
    assert sum(model.n_rows) == sum(sizes)


def test_a_lonely_item_waits_no_longer_than_the_short_wait() -> None:
    model = PlainModel()

    async def score() -> float:
        batcher = RowBatcher(model.run, batch_size=64, wait_s=0.05)
        started = time.monotonic()
        await batcher.submit("a", rows(0, 3))
        return time.monotonic() - started

    assert 0.04 < asyncio.run(score()) < 30.0


def test_enough_rows_are_not_kept_waiting_for_a_full_batch() -> None:
    model = PlainModel()

    async def score() -> float:
        batcher = RowBatcher(model.run, batch_size=64, wait_s=120.0, enough=4)
        started = time.monotonic()
        await asyncio.gather(batcher.submit("a", rows(0, 3)), batcher.submit("b", rows(100, 5)))
        return time.monotonic() - started

    assert asyncio.run(score()) < 60.0
    assert model.n_rows == [8]


def test_rows_that_arrive_while_the_model_runs_are_merged_into_the_next_batch() -> None:
    model = HeldModel()

    async def score() -> None:
        batcher = RowBatcher(model.run, batch_size=8, wait_s=0.0)
        first = asyncio.create_task(batcher.submit("a", rows(0, 8)))
        await asyncio.to_thread(model.has_begun.wait)
        others = asyncio.gather(*(batcher.submit(name, rows(50, 2)) for name in "bcd"))
        await asyncio.sleep(0)  # they wait now
        model.may_end.set()
        await asyncio.gather(first, others)

    asyncio.run(score())

    assert model.n_rows == [8, 6]


def test_a_failed_batch_fails_its_own_requests_and_the_next_one_runs() -> None:
    class Fragile(PlainModel):
        def run(self, features: Features) -> ModelOutputs:
            if not np.isfinite(features.tensors["log_mel"]).all():
                raise NonFiniteScoreError("segment 3 of item a has no finite score")
            return super().run(features)

    bad = Features({"log_mel": np.full((2, 4), np.nan, dtype=np.float32)})

    async def score() -> ModelOutputs:
        batcher = RowBatcher(Fragile().run, batch_size=8, wait_s=0.01)
        with pytest.raises(NonFiniteScoreError, match="segment 3"):
            await batcher.submit("a", bad)
        return await batcher.submit("b", rows(0, 2))

    assert len(asyncio.run(score()).cm_score) == 2


def test_rows_of_a_cancelled_item_are_not_scored() -> None:
    model = HeldModel()

    async def score() -> None:
        batcher = RowBatcher(model.run, batch_size=4, wait_s=0.0)
        first = asyncio.create_task(batcher.submit("a", rows(0, 4)))
        await asyncio.to_thread(model.has_begun.wait)
        second = asyncio.create_task(batcher.submit("b", rows(0, 4)))
        await asyncio.sleep(0)  # it waits now
        second.cancel()
        model.may_end.set()
        await first
        await batcher.submit("c", rows(0, 1))

    asyncio.run(score())

    assert model.n_rows == [4, 1]
