"""The two walks of an item over the actors: list a source, analyse a medium.

The same functions in the same order as `pipeline.analyse.analyse`, cut where the resource changes:
fetch, probe, survey, prepare (a Preparer), score (the Scorer), conclude and write (the Writer).
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayActorError

from jobs.spec import ItemState
from jobs.work_queue import WorkQueue
from pipeline.errors import DatabaseError, ObjectStoreError, SigningError
from pipeline.strongest import SoundKeeper, strongest_segments
from pipeline.vocabulary import FloatArray, SegmentFacts
from workers.actors import Member, plain_errors
from workers.basis import basis_of
from workers.crew import Crew
from workers.held import POLL_S, Held, StopCause, StoppedWalk
from workers.reuse import Reusable
from workers.roles import Role
from workers.settings import FleetSettings
from workers.sketch import Sketch
from workers.walk_values import PreparedHead, StageSpan, Watched
from workers.writer import Ended, Prepared

_log = logging.getLogger(__name__)
OUTAGE_PAUSE_S = 2.0  # between tries to write while database or object store are away


@dataclass(slots=True)
class DeadActorError(Exception):
    """An actor died in this item's stage."""

    member: Member


@dataclass(slots=True)
class _Scores:
    """The references of one item's scores; at most a few batches wait in memory."""

    scorer: Member
    most_waiting: int
    sketch: Sketch
    facts: list[SegmentFacts] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    cm_scores: list[FloatArray] = field(default_factory=list)
    waiting: deque[tuple[int, Any, Any, Any]] = field(default_factory=deque)
    # of references: to sound, and to features where they are wanted again
    keeper: SoundKeeper[tuple[Any, Any]] = field(default_factory=SoundKeeper)
    llr_changes: FloatArray | None = None
    watched: Watched | None = None

    def ask(self, held: Held, head: PreparedHead, features: Any, sound: Any) -> None:  # noqa: ANN401 (ObjectRef)
        """Send a batch to the scorer; wait where too many are on their way."""
        assert head.facts is not None
        self.facts.append(head.facts)
        outputs, cm_score = self.scorer.handle.score.remote(held.claim.item_id, features)
        self.outputs.append(outputs)
        again = features if held.claim.options.explain else None
        self.waiting.append((len(self.facts) - 1, cm_score, sound, again))
        while len(self.waiting) > self.most_waiting:
            held.moved("score", head.progress)  # that is where the item waits now
            self.settle(held)
            held.moved("prepare", head.progress)

    def settle(self, held: Held) -> None:
        """Wait for the oldest batch.

        Raises:
            NonFiniteScoreError: see `pipeline.score`.
            DeadActorError: the scorer died.
        """
        batch, reference, sound, features = self.waiting.popleft()
        started = time.perf_counter()
        cm_score = _result(held, reference, self.scorer)
        held.spent("score", time.perf_counter() - started)
        self.cm_scores.append(cm_score)
        self.keeper.add(batch, self.facts[batch], cm_score, (sound, features))
        if self.sketch.add(self.facts[batch], cm_score):
            held.show(self.sketch)

    def explain(self, held: Held) -> None:
        """Ask the scorer what the strongest segments' scores came from; all batches are settled.

        Raises:
            DeadActorError: the scorer died.
        """
        kept = self.keeper.kept
        strongest = strongest_segments(self.facts, self.cm_scores, kept)
        if not strongest:
            return
        started = time.perf_counter()
        batches = [features for _, features in kept.values()]
        asked = self.scorer.handle.explain.remote(
            held.claim.item_id, strongest, list(kept), *batches
        )
        self.llr_changes = _result(held, asked, self.scorer)
        held.spent("explain", time.perf_counter() - started)


@dataclass(slots=True)
class _Stream:
    """What an actor yields, call by call."""

    steps: Any  # Ray's
    member: Member
    is_over: bool = False  # ended well or badly: the actor is free

    def next(self, held: Held) -> Any:  # noqa: ANN401 (streams differ)
        """Return the next value, None at the end.

        Raises:
            VerityError: whatever the actor raised.
            DeadActorError, StoppedWalk: see `Walks`.
        """
        held.wait(self.steps)
        try:
            return _result(held, next(self.steps), self.member)
        except StopIteration:
            self.is_over = True
            return None
        except (DeadActorError, StoppedWalk):
            raise
        except Exception:
            self.is_over = True
            raise


class Walks:
    """Walks items over a crew; one call a thread."""

    def __init__(self, settings: FleetSettings, crew: Crew, queue: WorkQueue) -> None:
        """Keep what all walks share."""
        self._settings = settings
        self._crew = crew
        self._queue = queue

    def walk_media(self, held: Held, preparer: Member) -> Ended:
        """Analyse one medium and write its report.

        Raises:
            VerityError: named, in the stage that `held.stage` says.
            DeadActorError, StoppedWalk: the walk ended before the item was done.
            StaleClaimError: a newer attempt owns the item.
        """
        if held.claim.may_reuse:
            ended = self._fetch_and_reuse(held, preparer)
            if ended is not None:
                return ended
        scorer = self._shared(held, Role.SCORER)
        sketch = Sketch(self._crew.detector.card)
        scores = _Scores(scorer, self._settings.batches_in_flight, sketch)
        self._prepare(held, preparer, scores)
        held.moved("score")
        while scores.waiting:
            scores.settle(held)
            held.moved("score", 1 - len(scores.waiting) / len(scores.outputs))
        if held.claim.options.explain:
            scores.explain(held)
        return self._write(held, scores)

    def walk_listing(self, held: Held) -> Ended:
        """Add a source's items to the queue, page by page."""
        lister = self._shared(held, Role.LISTER)
        found = _Stream(lister.handle.list_pages.remote(held.claim), lister)
        n_items = 0
        started_at = time.time()
        try:
            while (page := found.next(held)) is not None:
                n_items += len(page.items)
                self._queue.add_items(held.claim, page.items, page.cursor, page.skipped)
                held.moved("list", n_items / (n_items + 1000))  # grows, below 1
        finally:
            ray.cancel(found.steps)
        held.ran(lister.lane, StageSpan("list", started_at, time.time()))
        self._queue.finish(held.claim)
        return Ended(ItemState.DONE)

    def _shared(self, held: Held, role: Role) -> Member:
        """Return an actor that many items share; wait for the next one where it has died.

        Raises:
            StoppedWalk: somebody asked, or there will be none.
        """
        while (member := self._crew.member(role)) is None:
            if self._crew.problem is not None:
                raise StoppedWalk(StopCause.GIVEN_BACK)
            held.moved(held.stage)  # waiting is not stalling
            held.pause(POLL_S)
        held.shared[role] = member
        return member

    def _fetch_and_reuse(self, held: Held, preparer: Member) -> Ended | None:
        """Fetch an item, and show an earlier analysis of the same bytes where there is one.

        Returns:
            None: there is none, and the preparer holds the bytes for `prepare`.
        """
        is_fetched = False
        stream = _Stream(preparer.handle.fetch.remote(held.claim), preparer)
        try:
            while (head := stream.next(held)) is not None:
                held.take(head, preparer.lane)
            is_fetched = True
        finally:
            if not is_fetched:
                self._return(stream)
        goes_on = False
        try:
            ended = self._reuse(held)
            goes_on = ended is None
        finally:
            if not goes_on:
                preparer.handle.let_go.remote()
                self._crew.give_back(preparer)
        return ended

    def _reuse(self, held: Held) -> Ended | None:
        """Write an item's report with an earlier analysis, or return None."""
        assert held.media is not None, "a preparer names it first"
        models = self._crew.models
        basis = basis_of(models, held.claim.options)
        try:
            analysis_id = self._queue.earlier.find(held.claim, held.media.sha256, basis)
        except DatabaseError:  # the item's own analysis takes longer than most outages
            return None
        if analysis_id is None:
            return None
        item = Reusable(
            held.claim,
            held.media,
            held.custody,
            analysis_id,
            self._crew.detector,
            models,
            dict(held.timings_s),
        )
        ended = self._ask_writer(held, lambda writer: writer.reuse.remote(item))
        if ended is None:
            held.moved("probe")  # where the preparer goes on
        return ended

    def _prepare(self, held: Held, preparer: Member, scores: _Scores) -> None:
        """Walk an item through a preparer; batches go on to the scorer as they come."""
        steps = preparer.handle.prepare.options(
            _generator_backpressure_num_objects=3 * self._settings.batches_in_flight
        ).remote(held.claim)
        stream = _Stream(steps, preparer)
        try:
            while not stream.is_over and (head := stream.next(held)) is not None:
                features, sound = next(steps), next(steps)
                held.take(head, preparer.lane)
                if head.media is not None and head.stage == "prepare":
                    self._charge(held)
                scores.watched = head.watched or scores.watched
                if head.facts is not None:
                    scores.ask(held, head, features, sound)
                # its last word: only its bytes are left to be removed
                stream.is_over = head.watched is not None
        finally:
            self._return(stream)

    def _charge(self, held: Held) -> None:
        """Count an item's sound, now that its length is known; wait while the database is away.

        Raises:
            AccessError: the account has not enough left (`quota_used_up`).
            StaleClaimError: a newer attempt owns the item.
        """
        while True:
            try:
                self._queue.quota.charge_sound(held.claim, held.duration_s)
            except DatabaseError:
                held.moved("prepare")
                held.pause(OUTAGE_PAUSE_S)
            else:
                return

    def _return(self, stream: _Stream) -> None:
        """Give a preparer back once it has let go of the item; replace one that does not."""
        preparer = stream.member
        if not stream.is_over:
            ray.cancel(stream.steps)
        if stream.is_over or self._crew.is_free_within(preparer, self._settings.cancel_grace_s):
            self._crew.give_back(preparer)
        else:
            self._crew.replace(preparer)

    def _write(self, held: Held, scores: _Scores) -> Ended:
        """Conclude and write; while database or object store are away, try again.

        The claim stays ours meanwhile: the heartbeat renews it as soon as the database is back.
        """
        assert held.media is not None, "a preparer names it first"
        prepared = Prepared(
            held.claim,
            held.media,
            held.custody,
            tuple(scores.facts),
            self._crew.detector,
            self._crew.models,
            held.timings_s,
            scores.watched,
            scores.llr_changes,
        )
        sounds = {batch: sound for batch, (sound, _) in scores.keeper.kept.items()}
        # as arguments of their own: of references inside of others Ray keeps books with the writer
        arrays = (*scores.outputs, *sounds.values())
        ended = self._ask_writer(
            held, lambda writer: writer.finish.remote(prepared, tuple(sounds), *arrays)
        )
        assert ended is not None, "finish returns where the item stands"
        return ended

    def _ask_writer(self, held: Held, ask: Callable[[Any], Any]) -> Ended | None:
        """Let the writer do something; while database, store or signing key are away, try again."""
        is_told = False
        while True:
            held.moved("write")
            writer = self._shared(held, Role.WRITER)
            try:
                ended: Ended | None = _result(held, ask(writer.handle), writer)
            except (DatabaseError, ObjectStoreError, SigningError) as error:
                if not is_told:
                    _log.warning("report waits: %s", error.message, extra=held.ids)
                    is_told = True
                held.pause(OUTAGE_PAUSE_S)
                continue
            for span in () if ended is None else ended.spans:
                held.ran(writer.lane, span)
            return ended


def _result(held: Held, reference: Any, member: Member) -> Any:  # noqa: ANN401 (whatever it returned)
    try:
        return plain_errors(lambda: held.result(reference))
    except RayActorError as error:
        raise DeadActorError(member) from error
