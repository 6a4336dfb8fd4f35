"""What `python -m bench.reports` measures of a ten-hour item stays under the aims that do not hang on speed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MOST_MIB = 300_000_000 / (1 << 20)
MOST_PAGES = 60


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ten_hours_take_less_than_300_megabytes_and_60_pages() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.reports", "10 hours"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    *_, n_pages, peak_mib = done.stdout.split()
    assert int(n_pages) < MOST_PAGES
    assert float(peak_mib) < MOST_MIB
