"""The benchmark of the fleet runs from S3 to reports and counts, at a tiny size."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.ray
@pytest.mark.postgres
@pytest.mark.s3
@pytest.mark.slow
@pytest.mark.timeout(240)  # a Ray, a PostgreSQL and the shipped models of its own
def test_the_fleet_benchmark_finishes_every_item_and_prints_where_time_goes() -> None:
    sizes = ["--short", "6", "--long", "0", "--nodes"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.fleet", *sizes],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for figure in ("items/s", "the fleet itself", "survey", "exactly one report each"):
        assert figure in done.stdout
