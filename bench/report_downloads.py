"""How long the report of a large job takes by HTTP, what the server holds, and how others fare meanwhile.

`python -m bench.report_downloads` fills a database as `bench.job_reports` does, starts `verity serve` on
it, and takes each file of the second job's report as a program would, while another one asks whether the
server lives ten times a second.
"""

import argparse
import hashlib
import threading
import time

import httpx
import numpy as np

from bench.cpu_clock import machine
from bench.job_reports import fill, filling_server
from bench.served_api import cpu_s, peak, resident, served_api
from console.people.keys import KeyDesk
from console.people.roles import Role
from storage.database import connect_engine

MIB = 1 << 20
FILES = ("pdf", "json", "xlsx", "csv", "pdf", "zip?with_items=false")
EVERY_S = 0.1


class Bystander:
    """Somebody else who asks a small thing again and again."""

    def __init__(self, url: str) -> None:
        """Begin to ask."""
        self.times: list[float] = []
        self._url, self._is_over = url, threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Ask no more."""
        self._is_over.set()
        self._thread.join()

    def _ask(self) -> None:
        with httpx.Client(base_url=self._url, timeout=600) as http:
            while not self._is_over.wait(EVERY_S):
                at = time.monotonic()
                http.get("/v1/health/live").raise_for_status()
                self.times.append(time.monotonic() - at)


def main() -> None:
    """Print seconds, bytes and memory of each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    n_items = parser.parse_args().items
    with filling_server() as server:
        job_id = fill(server.url, n_items)
        engine = connect_engine(server.url)
        key = KeyDesk(engine).make_key("default", "bench", Role.READER).key
        engine.dispose()
        with served_api({"VERITY_DATABASE_URL": server.url}) as (url, pid):
            _download(url, pid, key, job_id)


def _download(url: str, pid: int, key: str, job_id: int) -> None:
    headers = {"authorization": f"Bearer {key}"}
    print(f"{machine()}; the server holds {resident(pid) / MIB:.0f} MiB before")
    print(
        f"{'file':22} {'first byte s':>12} {'s':>7} {'CPU s':>6} {'MB':>6} {'peak MiB':>8}  others' answers"
    )
    with httpx.Client(base_url=url, headers=headers, timeout=600) as http:
        for name in FILES:
            bystander, used_s, at = Bystander(url), cpu_s(pid), time.monotonic()
            sha256, n_bytes = hashlib.sha256(), 0
            with http.stream("GET", f"/v1/jobs/{job_id}/report.{name}") as answer:
                answer.raise_for_status()
                first_s = time.monotonic() - at
                for piece in answer.iter_bytes():
                    sha256.update(piece)
                    n_bytes += len(piece)
                assert answer.headers["etag"] == f'"{sha256.hexdigest()}"', "not what was written"
            took_s = time.monotonic() - at
            bystander.end()
            slow = np.percentile(bystander.times or [0.0], [50, 99])
            print(
                f"{name:22} {first_s:12.1f} {took_s:7.1f} {cpu_s(pid) - used_s:6.1f}"
                f" {n_bytes / 1e6:6.1f} {peak(pid) / MIB:8.0f}  median {slow[0] * 1000:.0f} ms,"
                f" p99 {slow[1] * 1000:.0f} ms",
                flush=True,
            )
    print(f"{machine()}; the server holds {resident(pid) / MIB:.0f} MiB afterwards")


if __name__ == "__main__":
    main()
