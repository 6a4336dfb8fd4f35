"""One actor from its start to its end, as Ray and the kernel see it.

Ray never restarts an actor or repeats a call behind the queue's back (`max_restarts=0`,
`max_task_retries=0`).
"""

import errno
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from pipeline.errors import OutageError, VerityError, WorkerLostError
from workers.walk_values import ActorFacts, here

START_S = 180.0  # imports and models take about 5 s; on a machine with much else to do, longer
SLOW_S = 15.0  # without a node that takes an actor: a full cluster, or one that grows
LOOK_S = 0.5  # between looks whether an actor that starts is still wanted


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One actor: its lane in the trace, its handle, and where it runs."""

    lane: str
    handle: Any  # an ActorProxy; classes with several kinds of methods have no common type
    where: ActorFacts


@dataclass(frozen=True, slots=True)
class Needs:
    """What an actor asks of a cluster."""

    n_cpus: float
    n_gpus: float = 0.0
    n_threads: int = 0  # calls at once; 0 = one, or an event loop

    def without_cores(self) -> "Needs":
        """Return the needs on a Ray that is ours alone, where no core is reserved."""
        return replace(self, n_cpus=0.0)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long somebody waits for an actor's process, and whether it is still wanted."""

    place_s: float | None  # for a node to take it; None: a cluster may have no room for long
    is_over: Callable[[], bool]
    on_slow: Callable[[], None]  # called every `SLOW_S` in which no node has taken it


def spawn(lane: str, kind: type, settings: object, needs: Needs, place: object = "DEFAULT") -> Any:  # noqa: ANN401 (a proxy)
    """Ask Ray for an actor; return its handle.

    Args:
        lane: its name, in errors.
        kind: its class.
        settings: what that is made with.
        needs: of the cluster.
        place: a scheduling strategy of Ray's.

    Raises:
        WorkerLostError: Ray does not take it.
    """
    options: dict[str, Any] = {
        "scheduling_strategy": place,
        "num_cpus": needs.n_cpus,
        "num_gpus": needs.n_gpus,
        "max_restarts": 0,
        "max_task_retries": 0,
    }
    if needs.n_threads:
        options["max_concurrency"] = needs.n_threads
    try:
        return ray.remote(kind).options(**options).remote(settings)
    except (RayError, ConnectionError, RuntimeError) as error:
        raise _start_error(lane, error) from error


def opened(
    lane: str,
    handle: Any,  # noqa: ANN401 (an ActorProxy)
    arguments: tuple[object, ...],
    patience: Patience,
) -> tuple[Member, Any]:
    """Wait until an actor is ready; return it and what it says of itself.

    Raises:
        WorkerLostError: it died while it started, does not answer, or is not wanted any more.
        OutageError: disk or memory of its node are short.
        VerityError: it cannot work with its settings.
    """
    try:
        _wait(handle.__ray_ready__.remote(), lane, patience, patience.place_s)
        opening = handle.open.remote(*arguments)
        _wait(opening, lane, patience, START_S)
        where, facts = ray.get(opening)
    except (RayError, ConnectionError, RuntimeError, VerityError) as error:
        _end_quietly(handle)
        raise _start_error(lane, error) from error
    return Member(lane, handle, where), facts


def _start_error(lane: str, error: Exception) -> VerityError:
    """Return why an actor did not start, as those see it who may do something about it."""
    cause: BaseException = error
    if isinstance(error, RayTaskError) and not isinstance(error, RayActorError):
        cause = error.cause
    if isinstance(cause, VerityError):
        return cause
    if isinstance(cause, MemoryError):
        return OutageError("A machine is short of memory for the fleet's actors.", "memory_short")
    if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutageError("The disk of a machine is full.", "disk_full")
    return _not_started(lane, (str(cause).strip() or "no answer").splitlines()[-1].strip())


def _wait(reference: Any, lane: str, patience: Patience, within_s: float | None) -> None:  # noqa: ANN401
    began = told_at = time.monotonic()
    while not ray.wait([reference], timeout=LOOK_S, fetch_local=False)[0]:
        if patience.is_over():
            break
        now = time.monotonic()
        if within_s is not None and now - began > within_s:
            raise _not_started(lane, f"no answer within {within_s:.0f} s")
        if within_s is None and now - told_at > SLOW_S:
            patience.on_slow()
            told_at = now
    if patience.is_over():
        raise _not_started(lane, "it is not wanted any more")


def _not_started(lane: str, why: str) -> WorkerLostError:
    text = f"The actor {lane} did not start: {why.rstrip('.')}."
    return WorkerLostError(text, "actor_not_started")


def _end_quietly(handle: Any) -> None:  # noqa: ANN401 (an ActorProxy)
    with suppress(RayError, ConnectionError, RuntimeError, ValueError):
        ray.kill(handle)


def plain_errors(call: Callable[[], Any]) -> Any:  # noqa: ANN401 (whatever the actor returned)
    """Return what a call on an actor returns; raise the error that the actor raised, not Ray's."""
    try:
        return call()
    except RayTaskError as error:
        if isinstance(error.cause, Exception) and not isinstance(error, RayActorError):
            raise error.cause from error
        raise


def kill(member: Member) -> None:
    """End an actor's process and all that it started; a stopped process too.

    Ray asks the process to end and needs 5 s where it does not answer; on our own node it is
    killed at once, with its process group.
    """
    _end_quietly(member.handle)
    process_id = member.where.process_id
    if not is_here(member) or not _title(process_id).startswith(b"ray::"):
        return  # elsewhere, or gone: the id may be somebody else's by now
    with suppress(ProcessLookupError, PermissionError):
        if os.getpgid(process_id) == process_id:
            os.killpg(process_id, signal.SIGKILL)
        else:
            os.kill(process_id, signal.SIGKILL)


def is_here(member: Member) -> bool:
    """Tell whether an actor runs, or ran, on this node."""
    return member.where.node_id == here().node_id


def has_process(member: Member) -> bool:
    """Tell whether an actor of this node still has a process, if only a dying one."""
    return is_here(member) and Path(f"/proc/{member.where.process_id}").exists()


def _title(process_id: int) -> bytes:
    try:
        return Path(f"/proc/{process_id}/cmdline").read_bytes()
    except OSError:
        return b""
