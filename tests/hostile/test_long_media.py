"""Ten hours: memory does not grow with the length, and the speech in it is found.

Each length runs in a process of its own, since the largest memory of a process never shrinks.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hostile import hostile_files as made

_EXAMINE = """
import json, sys
from pathlib import Path
from bench.cpu_clock import peak_mib
from pipeline.analyse import examine
from pipeline.vocabulary import AnalysisOptions, MediaItem
from tests.hostile.shipped_models import load_models

report = examine(MediaItem("i", "j", "", ""), Path(sys.argv[1]), load_models(), AnalysisOptions())
print(json.dumps([peak_mib(), len(report.scores.facts.start_s), report.verdict.voiced_s]))
"""
ROOT = Path(__file__).parents[2]
MOST_GROWTH_MIB = 120.0  # 36 000 segments with their embeddings; the sound alone is 2.3 GB


@dataclass(frozen=True, slots=True)
class Measured:
    """What an analysis took and found."""

    own_mib: float
    n_segments: int
    voiced_s: float


def _examine(path: Path) -> Measured:
    done = subprocess.run(
        [sys.executable, "-c", _EXAMINE, str(path)],
        cwd=ROOT,
        env={"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return Measured(*json.loads(done.stdout))


@pytest.mark.slow
@pytest.mark.timeout(900)  # the mask net hears all ten hours: five minutes of one core
def test_ten_hours_take_no_more_memory_than_ten_minutes(tmp_path: Path) -> None:
    ten_minutes = _examine(made.long_wav(tmp_path, hours=1 / 6, speech_every_h=1 / 12))
    ten_hours = _examine(made.long_wav(tmp_path, hours=10.0, speech_every_h=1.0))
    assert ten_hours.n_segments == pytest.approx(36_000, abs=1)
    assert ten_hours.voiced_s > 10 * 3.0
    assert ten_hours.own_mib < ten_minutes.own_mib + MOST_GROWTH_MIB
