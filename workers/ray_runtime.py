"""Start a local Ray of our own, or join a cluster; leave nothing behind.

A local Ray listens on 127.0.0.1 only, asks for a token that this process makes, sends no usage
statistics, and keeps its session under a short path, since Unix socket paths end at 107 bytes.
"""

import contextlib
import logging
import os
import secrets
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ray
import ray._private.worker
from ray._private.authentication.authentication_token_setup import (
    maybe_enable_token_auth_if_token_available,
)
from ray._raylet import GcsClient  # type: ignore[attr-defined]  # its stub leaves it out

from pipeline.errors import ConfigError, WorkerLostError
from workers.ray_folders import take_ray_folder
from workers.settings import FleetSettings

_SERVERS = frozenset({"gcs_server", "raylet"})  # without one of them a Ray of ours is dead
GONE_S = 5.0  # for killed agents to be gone, on a machine with much else to do
RAYLET_ANSWER_S = 3.0  # the kernel answers for a busy raylet, and refuses for a dead one
LOCAL_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing leaves this machine
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # only the scorer asks for a GPU; no warning
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",  # of calls that a stopped walk no longer waits for
    # what an actor has started goes with it: ffmpeg, yt-dlp
    "RAY_process_group_cleanup_enabled": "1",
    # Nobody looks at Ray's own figures here (ours: `workers.metrics`), and one node has nobody to
    # tell of its resources ten times a second: a third of what Ray takes at rest.
    "RAY_enable_metrics_collection": "0",
    "RAY_emit_main_service_metrics": "0",
    "RAY_task_events_report_interval_ms": "0",
    "RAY_event_stats": "0",
    "RAY_debug_dump_period_milliseconds": "0",
    "RAY_raylet_report_resources_period_milliseconds": "1000",
    "RAY_raylet_check_gc_period_milliseconds": "1000",
    "RAY_gcs_pull_resource_loads_period_milliseconds": "5000",
    "RAY_memory_monitor_refresh_ms": "1000",  # an actor does not eat a machine in less
}
# that `ray.init` starts and a Ray of one node and one driver has no use for: they pass logs on that we
# do not show, ask for nodes, and serve pages; together 1.3 % of a core at rest, and 250 MB
_SPARE_SERVERS = ("kill_log_monitor", "kill_monitor", "kill_dashboard")


@dataclass(frozen=True, slots=True)
class RayRuntime:
    """The Ray that the fleet's actors run on."""

    is_local: bool  # ours: ended with the fleet
    n_gpus: int


@contextlib.contextmanager
def open_ray(settings: FleetSettings) -> Iterator[RayRuntime]:
    """Give a running Ray; end it afterwards if it was started here.

    Must be entered by a thread that lives as long as the fleet: Ray's servers get a parent-death
    signal when the thread that started them ends.

    Raises:
        ConfigError: the cluster cannot be joined, or Ray cannot start here.
        WorkerLostError: Ray does not start in time: the machine has too much to do.
    """
    logging.getLogger("ray").setLevel(logging.ERROR)  # it warns that it asks for a token
    # The raylet's notes on actors that we ended would go to standard output, which is ours.
    ray._private.worker._worker_logs_enabled = False
    if ray.is_initialized():  # a test session or a notebook owns it
        yield _runtime(is_local=False)
    elif settings.ray_address:
        with _joined(settings):
            yield _runtime(is_local=False)
    else:
        with _local(settings):
            yield _runtime(is_local=True)


def is_node_alive(node_id: str) -> bool:
    """Tell whether the cluster still counts on a node, and its raylet takes connections.

    The cluster finds out that a raylet was killed after some 15 s; its actors are dead at once, and
    that is not the fault of their items.

    Raises:
        WorkerLostError: the cluster does not answer.
    """
    if dead := _dead_servers():
        raise WorkerLostError(f"Ray has died on this machine ({', '.join(dead)}).", "ray_lost")
    if _has_own_servers():  # they live, and there is no other node
        return True
    # where the head has died, this waits for a minute, and then Ray ends this process
    try:
        nodes = ray.nodes()  # type: ignore[no-untyped-call]
    except (ray.exceptions.RayError, ConnectionError, RuntimeError) as error:
        raise WorkerLostError("The Ray cluster does not answer.") from error
    return any(
        node["NodeID"] == node_id
        and node["Alive"]
        and _takes_connections(node["NodeManagerAddress"], node["NodeManagerPort"])
        for node in nodes
    )


def _has_own_servers() -> bool:
    """Tell whether this process has started the Ray that it uses; a cluster's servers are others'."""
    node = ray._private.worker._global_node
    return node is not None and node.all_processes.keys() >= _SERVERS


def _dead_servers() -> list[str]:
    """Return which servers of a Ray that we started have ended."""
    node = ray._private.worker._global_node
    if node is None:
        return []
    return sorted({kind for kind, _ in node.dead_processes()} & _SERVERS)


def _takes_connections(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), RAYLET_ANSWER_S):
            return True
    except OSError:
        return False


def _runtime(*, is_local: bool) -> RayRuntime:
    resources = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return RayRuntime(is_local, int(resources.get("GPU", 0)))


@contextlib.contextmanager
def _joined(settings: FleetSettings) -> Iterator[None]:
    working_dir = settings.ray_working_dir
    runtime_env = None
    if working_dir is not None:  # development; in production the image carries the wheel
        excludes = [".git", ".venv", "var", "tests", "*.pdf"]
        runtime_env = {"working_dir": str(working_dir), "excludes": excludes}
    try:
        _show_token(settings.ray_address)
        with _keeping_sigterm():
            ray.init(
                address=settings.ray_address,
                runtime_env=runtime_env,
                log_to_driver=False,
                configure_logging=False,
            )
    except ray.exceptions.AuthenticationError as error:
        raise ConfigError(
            f"The Ray cluster at RAY_ADDRESS={settings.ray_address} refuses us: RAY_AUTH_TOKEN is"
            " missing or not the cluster's."
        ) from error
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise ConfigError(
            f"The Ray cluster at RAY_ADDRESS={settings.ray_address} cannot be joined: "
            f"{_first_line(error)}. Check the address, the Ray version and RAY_AUTH_TOKEN."
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _show_token(address: str) -> None:
    """Make Ray use the token that is there, and ask the cluster whether it is the right one.

    `ray.init` uses a token only where RAY_AUTH_MODE=token is set too, and takes half a minute to
    say that it "failed to connect" where the cluster refuses it.

    Raises:
        ray.exceptions.AuthenticationError: the token is missing or wrong.
        ray.exceptions.RpcError: the cluster does not answer.
    """
    maybe_enable_token_auth_if_token_available(warn_if_disabled=False)
    if address.rpartition(":")[2].isdigit() and "://" not in address:
        GcsClient(address=address)


@contextlib.contextmanager
def _local(settings: FleetSettings) -> Iterator[None]:
    _set_environment()
    folder = take_ray_folder()
    try:
        try:
            with _keeping_sigterm():
                ray.init(
                    address="local",
                    num_cpus=os.cpu_count(),
                    include_dashboard=False,
                    log_to_driver=False,
                    configure_logging=False,
                    object_store_memory=settings.object_store_bytes,
                    _temp_dir=str(folder.path),
                )
                _end_spare_servers()
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise ConfigError(f"Ray does not start here: {_first_line(error)}.") from error
        except Exception as error:  # what Ray raises, bare, when its node is not up within 30 s
            raise WorkerLostError(
                f"Ray does not start here: {_first_line(error)} Is the machine overloaded? Try again "
                "when it has less to do.",
                "ray_lost",
            ) from error
        yield
    finally:
        _end_local()
        folder.close()


def _end_spare_servers() -> None:
    node = ray._private.worker._global_node
    assert node is not None, "ray.init has made it"
    for end in _SPARE_SERVERS:
        getattr(node, end)(check_alive=False)


def _end_local() -> None:
    """End our Ray, its agents too; where a server of it has died, the others first: they would be waited for."""
    node = ray._private.worker._global_node
    agents: list[int] = []  # handles: a number may be another's by then
    if node is not None:
        for raylet in node.all_processes.get("raylet", []):
            agents += _children(raylet.process.pid)
    if node is not None and _dead_servers():
        node.kill_all_processes(check_alive=False, allow_graceful=False)
        _kill(agents)
    ray.shutdown()
    _kill(agents)
    _see_out(agents)
    for agent in agents:
        os.close(agent)


def _kill(agents: list[int]) -> None:
    """End agents by their handles: without a GCS they would look for it for a minute."""
    for agent in agents:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(agent, signal.SIGKILL)


def _see_out(agents: list[int]) -> None:
    """Wait a little until killed agents are gone: whoever ends after us leaves nothing."""
    until = time.monotonic() + GONE_S
    for agent in agents:
        ending = select.poll()
        ending.register(agent, select.POLLIN)
        ending.poll(max(0.0, until - time.monotonic()) * 1000)


def _children(pid: int) -> Iterator[int]:
    """Yield a handle of each child of a process."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            # the name, in brackets, may hold anything; then come state and parent
            if int(path.read_text(errors="replace").rpartition(")")[2].split()[1]) == pid:
                yield os.pidfd_open(int(path.parent.name))


@contextlib.contextmanager
def _keeping_sigterm() -> Iterator[None]:
    """Put our handler back: `ray.init` sets one that leaves at once, and what was held is not given back."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _set_environment() -> None:
    """Set what Ray and the servers that it starts read from the environment and nowhere else.

    Where RAY_AUTH_MODE is not set, Ray asks for a token by itself and takes RAY_AUTH_TOKEN. It
    keeps both for the life of the process, so they stay as they are.
    """
    environ = os.environ  # noqa: TID251
    for name, value in LOCAL_ENVIRONMENT.items():
        environ.setdefault(name, value)
    environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
