"""Items and seconds of sound that a fleet does in a second, from S3 to reports in S3, and what it costs itself.

    .venv/bin/python -m bench.fleet [--short 2000 --long 50 --within 3600] [--nodes 1 2 4] [--tiny 1000]

A PostgreSQL, an S3 server and a worker of its own, shipped models, one thread a library. Rates count
from the first finished item to the last: starting Ray is not in them. The fleet's own cost is the CPU
time of driver, heartbeat, lister, Ray's servers and PostgreSQL. Prints its counts; exits with 1 where a
promise is broken (every item done, exactly one report each), with 2 where a job did not end.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# before Ray is imported, which reads them then; the workers get them with their environment
RAY_JOINING = {"RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_AUTH_MODE": "token"}
os.environ.update(RAY_JOINING | {"RAY_USAGE_STATS_ENABLED": "0"})  # noqa: TID251

from ray.cluster_utils import Cluster  # noqa: E402

from bench.cpu_clock import machine  # noqa: E402
from bench.fleet_site import DidNotEndError, FleetSite, Run, open_site  # noqa: E402
from bench.process_times import OVERHEAD  # noqa: E402
from bench.tiny_objects import states, table_mib  # noqa: E402

AIM_OVERHEAD_MS = 15.0
SHORT_S, LONG_S = 6.0, 300.0
TINY_S = 0.1  # on average: half of them hold no sound
PROJECTED_CORES = (16, 64)


def main() -> int:
    """Print the tables; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--short", type=int, default=500, help=f"items of {SHORT_S:g} s")
    parser.add_argument("--long", type=int, default=12, help=f"items of {LONG_S:g} s")
    parser.add_argument("--long-s", type=float, default=LONG_S, help="seconds of a long item")
    parser.add_argument(
        "--nodes", type=int, nargs="*", default=[1, 2, 4], help="Ray nodes, in turn"
    )
    parser.add_argument("--node-items", type=int, default=60, help="short items for each of them")
    parser.add_argument("--tiny", type=int, default=0, help="objects that are next to nothing")
    parser.add_argument(
        "--within",
        type=float,
        help="seconds for each job; default: ten minutes, and a second for"
        " each item and for every ten seconds of its sound",
    )
    arguments = parser.parse_args()
    print(machine(), flush=True)
    broken: list[str] = []
    try:
        with open_site() as site:
            broken += _measure(site, arguments)
    except DidNotEndError as error:
        print(f"DID NOT END: {error}")
        return 2
    for promise in broken:
        print(f"BROKEN: {promise}")
    if not broken:
        print("\nevery item done, exactly one report each")
    return 1 if broken else 0


def _measure(site: FleetSite, arguments: argparse.Namespace) -> list[str]:
    broken: list[str] = []
    runs: dict[str, Run] = {}
    for prefix, n_items, seconds in (
        ("short", arguments.short, SHORT_S),
        ("long", arguments.long, arguments.long_s),
    ):
        if not n_items:
            continue
        site.fill(prefix, n_items, seconds)
        runs[prefix] = site.run(prefix, n_items, _within_s(arguments, n_items, seconds))
        broken += runs[prefix].broken
        _print_run(prefix, runs[prefix], n_items, seconds)
    if "long" in runs:
        _print_projection(runs["long"], arguments.long_s)
    if arguments.tiny:
        broken += _measure_tiny(site, arguments.tiny, _within_s(arguments, arguments.tiny, TINY_S))
    if arguments.nodes:
        print(f"\n{arguments.node_items} short items on a Ray cluster, one preparer a node")
    for n_nodes in arguments.nodes:
        prefix = f"nodes-{n_nodes}"
        site.fill(prefix, arguments.node_items, SHORT_S)
        with _cluster(n_nodes) as environ:
            within_s = _within_s(arguments, arguments.node_items, SHORT_S)
            run = site.run(prefix, arguments.node_items, within_s, environ=environ)
        broken += run.broken
        print(f"  {n_nodes} nodes: {run.n_items / run.wall_s:.2f} items/s", flush=True)
    return broken


def _within_s(arguments: argparse.Namespace, n_items: int, item_s: float) -> float:
    """Return how long one job may take."""
    if arguments.within is not None:
        return float(arguments.within)
    return 600 + n_items * (1 + item_s / 10)


def _measure_tiny(site: FleetSite, n_items: int, within_s: float) -> list[str]:
    """Run a bucket of tiny objects, and print what was held meanwhile beside the usual figures."""
    site.fill_tiny("tiny", n_items)
    tables_mib = table_mib(site.engine)
    run = site.run("tiny", n_items, within_s, may_fail=True)
    _print_run("tiny", run, n_items, TINY_S)
    assert run.job is not None, "it has run"
    found, bounds = states(site.engine, run.job.job_id), run.bounds
    grown_kb = 1024 * (table_mib(site.engine) - tables_mib) / n_items
    print(f"  ended: {', '.join(f'{n} {state}' for state, n in sorted(found.items()))}")
    print(
        f"  at most {bounds.threads} threads and {bounds.memory_mib:.0f} MiB in the driver,"
        f" {bounds.disk_mib:.1f} MiB of temporary files; tables grew by {grown_kb:.1f} kB an item"
    )
    print(f"  {bounds.n_looks} looks at its progress, {bounds.lies} of them wrong")
    print(f"  20 000 at this rate: {20_000 * run.wall_s / run.n_items / 60:.0f} minutes")
    return run.broken + ([f"progress lied {bounds.lies} times"] if bounds.lies else [])


def _print_run(name: str, run: Run, n_items: int, seconds: float) -> None:
    per_item = {role: 1000 * cpu_s / run.n_items for role, cpu_s in run.cpu_s.items()}
    rate = run.n_items / run.wall_s
    print(
        f"\n{n_items} {name} items of {seconds:g} s, {run.n_items} of them timed: {run.wall_s:.0f} s"
    )
    print(f"  {rate:.2f} items/s, {rate * seconds:.0f} seconds of sound a second")
    print(
        "  CPU by process: ms an item, of which it would have taken without work; idle, % of a core"
    )
    at_rest = {role: 1000 * share / rate for role, share in run.idle_share.items()}
    for role, cost in sorted(per_item.items(), key=lambda pair: -pair[1]):
        idle = 100 * run.idle_share.get(role, 0.0)
        print(f"    {role:24} {cost:9.1f} {at_rest.get(role, 0.0):9.1f} {idle:9.2f}")
    own = sum(per_item.get(role, 0.0) for role in OVERHEAD)
    resting = sum(at_rest.get(role, 0.0) for role in OVERHEAD)
    print(
        f"    {'the fleet itself':24} {own:9.1f} {resting:9.1f}"
        f"   for the item {own - resting:.1f}, aim under {AIM_OVERHEAD_MS:g}"
    )
    print("  wall time in stages, share (ms an item)")
    total = sum(run.stages_s.values())
    for stage, seconds_in in sorted(run.stages_s.items(), key=lambda pair: -pair[1]):
        print(f"    {stage:24} {seconds_in / total:6.1%}  ({1000 * seconds_in / n_items:.1f})")
    sys.stdout.flush()


def _print_projection(run: Run, seconds: float) -> None:
    """Print what more cores, and a GPU for the scorer, would give if nothing else stood in the way."""
    sound_s = run.n_items * seconds
    scorer = run.cpu_s["scorer"] / sound_s
    rest = sum(run.cpu_s.values()) / sound_s - scorer
    print("\nprojection from the long items' CPU time, NOT measured: seconds of sound a second")
    for cores in PROJECTED_CORES:
        print(
            f"  {cores} cores: {cores / (rest + scorer):.0f}; with a GPU that scores, its feeding"
            f" left out: {cores / rest:.0f}"
        )


@contextmanager
def _cluster(n_nodes: int) -> Iterator[dict[str, str]]:
    """Give a Ray cluster of this many nodes on this machine, and what a worker needs to join it."""
    node = {"num_cpus": 3, "include_dashboard": False, "object_store_memory": 128 << 20}
    cluster = Cluster(initialize_head=True, connect=False, head_node_args=node)
    try:
        for _ in range(n_nodes - 1):
            cluster.add_node(num_cpus=3, object_store_memory=128 << 20)
        address = cluster.address
        yield {**RAY_JOINING, "RAY_ADDRESS": address, "VERITY_PREPARERS": str(n_nodes)}
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    sys.exit(main())
