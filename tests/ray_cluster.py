"""A Ray cluster on this machine, in a process of its own: nodes with private temp roots, and a token.

`python -m tests.ray_cluster '{"root a": 3, "root b": 4}'`: one node for each temp root, with so many
cores. Prints one JSON line once all nodes are there, and ends with its standard input.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.fleet_bench import END_S, ROOT
from workers.ray_runtime import LOCAL_ENVIRONMENT

STORE_BYTES = 80 << 20


@dataclass(frozen=True)
class RayCluster:
    """A running cluster: its address, its token, and each node's raylet by its temp root."""

    address: str
    token: str
    raylets: dict[Path, int]

    @property
    def environ(self) -> dict[str, str]:
        """Return what a driver needs to join, with one scorer and one writer on the few cores."""
        joining = {"RAY_ADDRESS": self.address, "RAY_AUTH_TOKEN": self.token}
        return {**joining, "VERITY_SCORERS": "1", "VERITY_WRITERS": "1"}

    def actors(self, title: str, root: Path | None = None) -> list[int]:
        """Return the processes of actors whose title begins so, on one node or on all."""
        raylets = self.raylets.values() if root is None else [self.raylets[root]]
        return [pid for raylet in raylets for pid in _children(raylet) if _is_titled(pid, title)]

    def kill_node(self, root: Path) -> None:
        """SIGKILL a node's raylet; its actors end with it."""
        os.kill(self.raylets[root], signal.SIGKILL)


@contextmanager
def ray_cluster(nodes: dict[Path, int]) -> Iterator[RayCluster]:
    """Run a cluster with a node for each temp root, the first being the head."""
    token = secrets.token_hex(32)
    environ = {
        **LOCAL_ENVIRONMENT,
        "PATH": os.environ["PATH"],
        "HOME": str(next(iter(nodes)).parent),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": token,
    }
    plan = json.dumps({str(root): n_cores for root, n_cores in nodes.items()})
    with subprocess.Popen(
        [sys.executable, "-m", "tests.ray_cluster", plan],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        raylets = {Path(root): pid for root, pid in facts["raylets"].items()}
        try:
            yield RayCluster(facts["address"], token, raylets)
        finally:
            process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_S)
            process.kill()


def main() -> None:
    """Start the nodes, say where they are, end with the standard input."""
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    raylets = {}
    for root, n_cores in json.loads(sys.argv[1]).items():
        node = cluster.add_node(
            num_cpus=n_cores,
            include_dashboard=False,
            object_store_memory=STORE_BYTES,
            env_vars={"VERITY_TEMP": root},
        )
        raylets[root] = node.all_processes["raylet"][0].process.pid
    print(json.dumps({"address": cluster.address, "raylets": raylets}), flush=True)  # noqa: T201
    sys.stdin.read()
    cluster.shutdown()  # type: ignore[no-untyped-call]


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    return []


def _is_titled(pid: int, title: str) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().startswith(f"ray::{title}")
    return False


if __name__ == "__main__":
    main()
