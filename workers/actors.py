"""One actor from its start to its end, as Ray and the kernel see it.

Ray never restarts an actor or repeats a call behind the queue's back (`max_restarts=0`,
`max_task_retries=0`).
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError

from pipeline.errors import VerityError, WorkerLostError
from workers.walk_values import ActorFacts, here

START_S = 180.0  # imports and models take about 5 s; on a machine with much else to do, longer


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


@dataclass(slots=True)
class Starting:
    """An actor whose process is on its way."""

    lane: str
    handle: Any
    opening: Any = field(default=None)  # reference to what `open` returns


def spawn(kind: type, lane: str, settings: object, needs: Needs) -> Starting:
    """Ask Ray for an actor."""
    options: dict[str, Any] = {
        "num_cpus": needs.n_cpus,
        "num_gpus": needs.n_gpus,
        "max_restarts": 0,
        "max_task_retries": 0,
    }
    if needs.n_threads:
        options["max_concurrency"] = needs.n_threads
    return Starting(lane, ray.remote(kind).options(**options).remote(settings))


def opened(starting: Starting) -> tuple[Member, Any]:
    """Wait until an actor is ready; return it and what it says of itself.

    Raises:
        WorkerLostError: it died while it started, or does not answer.
        VerityError: it cannot work with its settings.
    """
    opening = starting.opening or starting.handle.open.remote()
    try:
        where, facts = plain_errors(lambda: ray.get(opening, timeout=START_S))
    except (RayActorError, GetTimeoutError) as error:
        ray.kill(starting.handle)
        why = (str(error).strip() or "no answer").splitlines()[-1].strip()
        raise WorkerLostError(
            f"The actor {starting.lane} did not start: {why}.", "actor_not_started"
        ) from error
    except VerityError:
        ray.kill(starting.handle)
        raise
    return Member(starting.lane, starting.handle, where), facts


def plain_errors(call: Callable[[], Any]) -> Any:  # noqa: ANN401 (whatever the actor returned)
    """Return what a call on an actor returns; raise the error that the actor raised, not Ray's."""
    try:
        return call()
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, Exception) and not isinstance(error, RayActorError):
            raise error.cause from error
        raise


def kill(member: Member) -> None:
    """End an actor's process and all that it started; a stopped process too.

    Ray asks the process to end and needs 5 s where it does not answer; on our own node it is
    killed at once, with its process group.
    """
    with suppress(RayActorError, ValueError):
        ray.kill(member.handle)
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
