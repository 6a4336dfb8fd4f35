"""A bucket of tiny objects: no media, next to no sound; what a fleet does with each, and what it holds meanwhile.

A quarter each: empty files, texts, WAV of 0.2 s, MP3 of 0.2 s. Half of them fail, all have a report.
"""

import io
import os
import random
import wave
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, text

from jobs.spec import JobCounts
from tests.makers import encode, noise

KINDS = 4
_RATE, _SAMPLES = 16_000, 3_200
_STATES = "SELECT state::text, count(*) FROM item WHERE job_id = :job AND kind = 'media' GROUP BY 1"
_TABLES = (
    "SELECT sum(pg_total_relation_size(relid)) FROM pg_stat_user_tables WHERE schemaname = 'public'"
)


@dataclass(slots=True)
class Bounds:
    """The most that was seen while a job ran, and where its progress lied."""

    threads: int = 0  # of the driver
    memory_mib: float = 0.0  # of the driver
    disk_mib: float = 0.0  # in the worker's temporary folder
    n_looks: int = 0
    lies: int = 0  # looks at which the counts went back, or named more than there is
    _ended: int = 0
    _total: int = 0

    def look(self, driver: int, temp: Path, counts: JobCounts) -> None:
        """Take one look at a running worker and at what its job says of itself."""
        status = Path(f"/proc/{driver}/status").read_text()
        facts = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        self.threads = max(self.threads, int(facts["Threads"]))
        self.memory_mib = max(self.memory_mib, int(facts["VmRSS"].split()[0]) / 1024)
        self.disk_mib = max(self.disk_mib, _size(temp) / (1 << 20))
        ended = counts.done + counts.failed
        self.n_looks += 1
        self.lies += ended < self._ended or counts.total < self._total or ended > counts.total
        self._ended, self._total = ended, counts.total


def fill_tiny(folder: Path, n_items: int, scratch: Path) -> None:
    """Put tiny objects into a folder, each with bytes of its own where it has any.

    Args:
        folder: is made.
        n_items: how many.
        scratch: for a sound that is encoded once.
    """
    folder.mkdir(parents=True)
    sound = encode(scratch / "tiny.mp3", noise(1, _SAMPLES / _RATE, level=0.1)).read_bytes()
    for number in range(n_items):
        kind, name = number % KINDS, f"{number:06}"
        if kind == 0:
            (folder / f"{name}.wav").write_bytes(b"")
        elif kind == 1:
            (folder / f"{name}.txt").write_text(f"object {number}\n")
        elif kind == 2:
            (folder / f"{name}.wav").write_bytes(_wave(number))
        else:
            tag = b"TAG" + name.encode().ljust(125, b"\0")  # ID3v1
            (folder / f"{name}.mp3").write_bytes(sound + tag)


def states(engine: Engine, job_id: str) -> dict[str, int]:
    """Return how many of a job's media stand where, counted in their rows."""
    with engine.connect() as connection:
        rows = connection.execute(text(_STATES), {"job": job_id}).all()
    return {state: n_items for state, n_items in rows}


def table_mib(engine: Engine) -> float:
    """Return how much the database's tables take, with their indexes."""
    with engine.connect() as connection:
        return float(connection.execute(text(_TABLES)).scalar_one()) / (1 << 20)


def _wave(seed: int) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(_RATE)
        out.writeframes(random.Random(seed).randbytes(2 * _SAMPLES))  # noqa: S311 (noise)
    return made.getvalue()


def _size(folder: Path) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(path) / name).lstat().st_size
            except OSError:  # gone meanwhile
                continue
    return total
