"""Seconds of work for a second of sound, by stage of the one path, and memory by length of the item.

    python -m bench.stages [--minutes 10] [--repeats 3]

One process, one thread a library, as a fleet's preparer and scorer run. Each line gives the median
and the spread over repeats; compare ratios within one run, not numbers of different machines.
"""

import argparse
import os
import platform
import resource
import statistics
import tempfile
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"  # noqa: TID251 - before numpy is imported, as the fleet's actors do

import numpy as np  # noqa: E402

from console.examiner import Examiner  # noqa: E402
from pipeline.vocabulary import AnalysisOptions, MediaItem  # noqa: E402
from tests.makers import speech_like, write_wav  # noqa: E402

PHRASE_S = 20.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    examiner = Examiner.load("", AnalysisOptions())
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    phrases = [speech_like(seed, PHRASE_S) for seed in range(3)]
    n_phrases = max(1, round(arguments.minutes * 60 / PHRASE_S))
    sound = np.concatenate([phrases[number % 3] for number in range(n_phrases)])
    duration_s = len(sound) / 16_000
    runs: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = write_wav(Path(folder) / "long.wav", sound)
        for _ in range(arguments.repeats):
            report = examiner.examine(MediaItem("bench", "bench", "bench", "bench"), path)
            assert report.failure is None, report.failure
            runs.append(report.timings_s | {"whole": sum(report.timings_s.values())})
    print(
        f"{duration_s / 60:.0f} minutes of sound, {arguments.repeats} runs; ms of work a second of sound"
    )
    for stage in runs[0]:
        values = sorted(1000 * run[stage] / duration_s for run in runs)
        print(
            f"  {stage:10} {statistics.median(values):7.2f}   ({values[0]:.2f} to {values[-1]:.2f})"
        )
    speed = duration_s / statistics.median(run["whole"] for run in runs)
    print(f"  {speed:.0f} times real time; peak memory {_peak_mib():.0f} MiB")


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
