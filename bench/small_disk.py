"""A 4-GB medium on a 1-GB disk, from the web and from a bucket: how it ends, and what room was left.

    .venv/bin/python -m bench.small_disk [--disk-gb 1] [--medium-gb 4]

Mounts a disk of that size (root only), puts the folder for temporary files there, and walks a giant by
a link that tells its length, by one that does not, by a page and by S3, each between small media that
must be analysed as ever. Exits with 1 where a giant ends otherwise than with its name, the disk came
near full, a small medium failed, or anything stayed behind. The same at a small scale:
tests/integration/jobs/test_sources_small_disk.py.
"""

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from console.examiner import Examiner
from console.one_item import examine_item
from jobs.settings import JobsSettings
from jobs.sources import FetchLimits, S3Access, SourceAccess
from jobs.sources.items import NewItem
from jobs.sources.sink import SPARE_DISK_BYTES
from pipeline.vocabulary import AnalysisOptions, MediaItem
from tests.giant_site import BUCKET, GiantSite, giant_site
from tests.makers import speech_like, write_wav
from tests.small_disk import small_disk

GB = 10**9
SLACK_BYTES = 24 << 20  # what yt-dlp writes between two words to us
EXPECTED = "medium_larger_than_disk"


def main() -> int:
    """Print a line a medium; return 1 where something did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--disk-gb", type=float, default=1.0)
    parser.add_argument("--medium-gb", type=float, default=4.0)
    arguments = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="verity-small-disk-"))
    troubles: list[str] = []
    try:
        with (
            small_disk(root / "disk", round(arguments.disk_gb * GB)) as disk,
            giant_site(round(arguments.medium_gb * GB)) as site,
        ):
            tempfile.tempdir = str(disk)  # yt-dlp's and archives' folders too
            small = root / "small.wav"
            write_wav(small, speech_like(1, 6.0))
            site.small["small.wav"] = small.read_bytes()
            troubles = _walk_all(site, disk)
            troubles += [f"left behind: {path.name}" for path in disk.iterdir()]
    finally:
        tempfile.tempdir = None
        shutil.rmtree(root)
    for trouble in troubles:
        print(f"BROKEN: {trouble}")
    return 1 if troubles else 0


def _walk_all(site: GiantSite, disk: Path) -> list[str]:
    settings = JobsSettings.from_env({"VERITY_FETCH_ALLOW": site.host})
    examiner = Examiner.load("", AnalysisOptions())
    s3 = S3Access(site.url(""), "us-east-1", None, SecretStr("key"), SecretStr("word"))
    giants = [
        NewItem(site.url("/known.wav"), "link that tells its length", "", {"via": "link"}),
        NewItem(site.url("/endless.wav"), "link that does not", "", {"via": "link"}),
        NewItem(site.url("/watch"), "page", "", {"via": "site"}),
        NewItem(f"s3://{BUCKET}/giant.wav", "bucket", ""),
    ]
    small = NewItem(site.url("/small.wav"), "small", "", {"via": "link"})
    troubles: list[str] = []
    with settings.open_guard() as guard:
        access = settings.source_access(guard, allow_local=False)
        limits = FetchLimits(max_bytes=2 * site.size_bytes)
        access = replace(access, s3=s3, limits=limits)
        for item in giants:
            troubles += _walk(item, EXPECTED, examiner, access, disk)
            troubles += _walk(small, "", examiner, access, disk)
    return troubles


def _walk(
    item: NewItem, expected: str, examiner: Examiner, access: SourceAccess, disk: Path
) -> list[str]:
    began_at = time.monotonic()
    with _least_room(disk) as least, tempfile.TemporaryDirectory(dir=disk) as folder:
        media_item = MediaItem("1", "1", item.source_uri, item.title)
        report = examine_item(media_item, item, examiner, access, Path(folder) / "item")
    code = report.failure.code if report.failure else ""
    outcome = code or str(report.verdict.kind if report.verdict else "")
    took_s = time.monotonic() - began_at
    print(f"{item.title:<28} {outcome:<26} {took_s:6.1f} s, least room {least[0] / 1e6:.0f} MB")
    troubles = []
    if code != expected:
        troubles.append(f"{item.title} ends as {outcome}")
    if least[0] < SPARE_DISK_BYTES - SLACK_BYTES:
        troubles.append(f"{item.title} left {least[0] / 1e6:.0f} MB")
    return troubles


@contextmanager
def _least_room(disk: Path) -> Iterator[list[int]]:
    """Watch a disk from beside; the one number is the least room that was seen."""
    least, is_over = [shutil.disk_usage(disk).free], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.02):
            least[0] = min(least[0], shutil.disk_usage(disk).free)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield least
    finally:
        is_over.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
