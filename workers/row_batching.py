"""Merge the rows of several items into model batches, so that a card's batch is rarely half empty.

A plain class on an asyncio loop: the Scorer actor holds one, unit tests hold one without Ray. The
model runs in one thread beside the loop, so that rows keep arriving while it computes. A request
that is larger than a batch is spread over several; its answer comes back in its own order.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from pipeline.score import join_outputs
from pipeline.vocabulary import Features, ModelOutputs


@dataclass(frozen=True, slots=True)
class BatchNote:
    """One run of the model: when, and how many rows of which items it held."""

    started_at: float  # seconds since the epoch
    ended_at: float
    rows: dict[str, int]  # item id -> rows


@dataclass(slots=True)
class _Request:
    """Rows of one item that wait for their scores."""

    item_id: str
    features: Features
    n_rows: int
    done: asyncio.Future[ModelOutputs]
    n_taken: int = 0
    pieces: list[ModelOutputs] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Piece:
    """The rows of one request that go into one batch."""

    request: _Request
    first: int
    last: int


class RowBatcher:
    """Collects rows and runs the model on enough of them, or on what is there after a short wait."""

    def __init__(
        self,
        run: Callable[[Features], ModelOutputs],
        batch_size: int,
        wait_s: float,
        enough: int | None = None,
    ) -> None:
        """Start with nothing waiting.

        Args:
            run: the model; called in one thread, never twice at once.
            batch_size: most rows that one call gets.
            wait_s: how long a batch that has not enough rows waits for more.
            enough: rows that make a run worth while; by default a full batch.
        """
        self._run = run
        self._batch_size = batch_size
        self._wait_s = wait_s
        self._enough = enough or batch_size
        self._waiting: deque[_Request] = deque()
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="score")
        self._loop_task: asyncio.Task[None] | None = None
        self._notes: list[BatchNote] = []

    async def submit(self, item_id: str, features: Features) -> ModelOutputs:
        """Return the model's outputs for these rows, in their order.

        Raises:
            VerityError: whatever `run` raised on a batch that held rows of this request.
        """
        n_rows = _n_rows(features)
        if n_rows == 0:
            raise ValueError("a request without rows has no outputs")
        if self._loop_task is None:
            self._loop_task = asyncio.create_task(self._serve())
        request = _Request(item_id, features, n_rows, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        self._arrived.set()
        return await request.done

    def take_notes(self) -> list[BatchNote]:
        """Return the notes of the batches since the last call."""
        notes, self._notes = self._notes, []
        return notes

    async def _serve(self) -> None:
        while True:
            await self._arrived.wait()
            await self._wait_for_rows()
            pieces = self._take_batch()
            if pieces:
                await self._run_batch(pieces)
            if not self._waiting:
                self._arrived.clear()

    async def _wait_for_rows(self) -> None:
        """Return once there are enough rows or the oldest have waited long enough."""
        until = time.monotonic() + self._wait_s
        while self._n_waiting() < self._enough:
            left_s = until - time.monotonic()
            if left_s <= 0:
                return
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), left_s)
            except TimeoutError:
                return

    def _n_waiting(self) -> int:
        return sum(
            request.n_rows - request.n_taken
            for request in self._waiting
            if not request.done.cancelled()
        )

    def _take_batch(self) -> list[_Piece]:
        """Take up to one batch of rows, oldest requests first."""
        pieces: list[_Piece] = []
        room = self._batch_size
        while room and self._waiting:
            request = self._waiting[0]
            if request.done.done():  # cancelled, or an earlier piece of it failed
                self._waiting.popleft()
                continue
            last = min(request.n_rows, request.n_taken + room)
            pieces.append(_Piece(request, request.n_taken, last))
            room -= last - request.n_taken
            request.n_taken = last
            if last == request.n_rows:
                self._waiting.popleft()
        return pieces

    async def _run_batch(self, pieces: Sequence[_Piece]) -> None:
        features = _join(pieces)
        started_at = time.time()
        running = asyncio.get_running_loop().run_in_executor(self._thread, self._run, features)
        # wait() instead of await: a failed batch fails its own requests and the next batch runs
        await asyncio.wait([running])
        rows: dict[str, int] = {}
        for piece in pieces:
            item_id = piece.request.item_id
            rows[item_id] = rows.get(item_id, 0) + piece.last - piece.first
        self._notes.append(BatchNote(started_at, time.time(), rows))
        error = running.exception()
        if error is not None:
            for piece in pieces:
                if not piece.request.done.done():
                    piece.request.done.set_exception(error)
            return
        _hand_out(pieces, running.result())


def _n_rows(features: Features) -> int:
    return min((len(tensor) for tensor in features.tensors.values()), default=0)


def _join(pieces: Sequence[_Piece]) -> Features:
    """Return the rows of all pieces under one another."""
    names = pieces[0].request.features.tensors.keys()
    return Features(
        {
            name: np.concatenate(
                [piece.request.features.tensors[name][piece.first : piece.last] for piece in pieces]
            )
            for name in names
        }
    )


def _hand_out(pieces: Sequence[_Piece], outputs: ModelOutputs) -> None:
    """Give each request its rows; the last piece completes it."""
    first = 0
    for piece in pieces:
        last = first + piece.last - piece.first
        request = piece.request
        request.pieces.append(_rows(outputs, first, last))
        first = last
        if piece.last == request.n_rows and not request.done.done():
            request.done.set_result(join_outputs(request.pieces))


def _rows(outputs: ModelOutputs, first: int, last: int) -> ModelOutputs:
    return ModelOutputs(
        cm_score=outputs.cm_score[first:last],
        embedding=outputs.embedding[first:last],
        attention=None if outputs.attention is None else outputs.attention[first:last],
        attribution=None if outputs.attribution is None else outputs.attribution[first:last],
    )
