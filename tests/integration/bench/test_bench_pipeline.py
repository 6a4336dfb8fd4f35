"""The benchmark of the pipeline runs and prints its figures, at a tiny size."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.timeout(180)
def test_the_pipeline_benchmark_prints_every_figure() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.pipeline", "--minutes", "0.2", "--repeats", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for figure in ("times real time a core", "over ffmpeg", "AASIST", "mask net", "scored twice"):
        assert figure in done.stdout
