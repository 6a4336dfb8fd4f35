"""Write what the fleet does, and when, as a Chrome trace (opens in Perfetto or chrome://tracing).

One event a line in the JSON array form, whose end bracket readers may miss: a killed worker's trace
is still readable. Times are the wall clock of the machine where the work ran.
"""

import json
import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

_log = logging.getLogger(__name__)
KEPT_TRACES = 20  # of earlier workers, in the same folder
MAX_BYTES = 64 << 20  # about 300 000 events; a longer run keeps its beginning
Fact = str | int | float | Mapping[str, int]


class FleetTrace:
    """One trace file, open for the fleet's life; safe to use from several threads."""

    def __init__(self, path: Path | None) -> None:
        """Start a new file, or record nothing where there is no path."""
        self._guard = threading.Lock()
        self._lanes: dict[str, int] = {}
        self._n_bytes = 0
        self._file: IO[str] | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            _prune(path.parent)
            self._file = path.open("w", encoding="utf-8")
            self._file.write("[\n")

    def span(
        self,
        lane: str,
        name: str,
        started_at: float,
        ended_at: float,
        facts: Mapping[str, Fact],
    ) -> None:
        """Record one piece of work.

        Args:
            lane: where it ran, such as `preparer 1`; one row in the viewer.
            name: the stage, such as `fetch`.
            started_at: seconds since the epoch.
            ended_at: seconds since the epoch.
            facts: such as the item's id.
        """
        with self._guard:
            self._write(
                {
                    "name": name,
                    "ph": "X",
                    "ts": round(started_at * 1e6),
                    "dur": max(0, round((ended_at - started_at) * 1e6)),
                    "pid": 1,
                    "tid": self._lane(lane),
                    "args": dict(facts),
                }
            )

    def close(self) -> None:
        """End the array and close the file."""
        with self._guard:
            if self._file is not None:
                with suppress(OSError):
                    self._file.write('{"name": "end", "ph": "M", "pid": 1}\n]\n')
                with suppress(OSError):
                    self._file.close()
                self._file = None

    def __enter__(self) -> "FleetTrace":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def _lane(self, lane: str) -> int:
        if lane not in self._lanes:
            self._lanes[lane] = len(self._lanes) + 1
            self._write(
                {
                    "name": "thread_name",
                    "ph": "M",
                    "pid": 1,
                    "tid": self._lanes[lane],
                    "args": {"name": lane},
                }
            )
        return self._lanes[lane]

    def _write(self, event: Mapping[str, object]) -> None:
        if self._file is None or self._n_bytes > MAX_BYTES:
            return
        line = json.dumps(event) + ",\n"
        self._n_bytes += len(line)
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:  # a full disk costs the trace its rest, and no item anything
            _log.warning("trace ends early: %s", error.strerror)
            with suppress(OSError):
                self._file.close()
            self._file = None


def _prune(folder: Path) -> None:
    """Keep the newest traces of earlier workers."""
    traces = sorted(folder.glob("worker-*.json"), key=lambda path: path.stat().st_mtime)
    for path in traces[:-KEPT_TRACES]:
        path.unlink(missing_ok=True)
