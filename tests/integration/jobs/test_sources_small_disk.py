"""A medium that is larger than the disk ends with a name, never fills the disk, and others go on.

The ratio is that of 4 GB on a disk of 1 GB; `python -m bench.small_disk` has the full size.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from jobs.sources import FetchLimits, S3Access, SourceAccess, fetch, list_items
from jobs.sources.items import NewItem
from jobs.sources.sink import SPARE_DISK_BYTES
from pipeline.errors import VerityError
from storage.egress import EgressGuard
from storage.egress_policy import EgressPolicy, parse_allow
from tests.giant_site import BUCKET, GiantSite, giant_site
from tests.small_disk import small_disk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

DISK_BYTES = 320 << 20
GIANT_BYTES = 4 * DISK_BYTES
SLACK_BYTES = 24 << 20  # what yt-dlp writes between two words to us


@pytest.fixture
def site() -> Iterator[GiantSite]:
    with giant_site(GIANT_BYTES) as site:
        site.small["small.wav"] = b"RIFF" + bytes(100_000)
        yield site


@pytest.fixture
def access(site: GiantSite) -> Iterator[SourceAccess]:
    s3 = S3Access(site.url(""), "us-east-1", None, SecretStr("key"), SecretStr("word"))
    with EgressGuard(EgressPolicy(parse_allow(site.host))) as guard:
        yield SourceAccess(guard, s3, limits=FetchLimits(max_bytes=2 * GIANT_BYTES))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", DISK_BYTES) as folder:
        yield folder


def error_of(item: NewItem, disk: Path, access: SourceAccess) -> tuple[VerityError, int]:
    """Return the error of a fetch, and the least room that was left while it ran."""
    least = [shutil.disk_usage(disk).free]

    def watch(_done: int, _total: int | None) -> None:
        least[0] = min(least[0], shutil.disk_usage(disk).free)

    with pytest.raises(VerityError) as caught:
        fetch(item, disk / "giant", access, watch)
    assert not list((disk / "giant").iterdir())
    return caught.value, least[0]


@pytest.mark.parametrize(
    ("path", "via"), [("/known.wav", "link"), ("/endless.wav", "link"), ("/watch", "site")]
)
def test_a_giant_from_the_web_ends_with_a_name_and_leaves_room(
    site: GiantSite, access: SourceAccess, disk: Path, path: str, via: str
) -> None:
    error, least = error_of(NewItem(site.url(path), "t", "k", {"via": via}), disk, access)
    assert (error.code, error.retryable) == ("medium_larger_than_disk", False)
    assert least >= SPARE_DISK_BYTES - SLACK_BYTES
    if path == "/known.wav":
        assert site.n_sent < 16 << 20, "what the server announces is believed before it is fetched"
    small = NewItem(site.url("/small.wav"), "t", "k", {"via": "link"})
    assert fetch(small, disk / "small", access).size_bytes == 100_004


def test_a_giant_in_a_bucket_fails_alone(site: GiantSite, access: SourceAccess, disk: Path) -> None:
    giant, small = list_items(f"s3://{BUCKET}/", access)
    error, least = error_of(giant, disk, access)
    assert (error.code, least) == ("medium_larger_than_disk", shutil.disk_usage(disk).free)
    assert site.n_sent < 16 << 20
    assert fetch(small, disk / "small", access).size_bytes == 100_004


def take_room(disk: Path, n_bytes: int) -> None:
    """Fill some of the disk, as other items do."""
    with (disk / "of others").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, n_bytes)


def test_a_medium_for_which_others_leave_no_room_is_tried_again(
    site: GiantSite, access: SourceAccess, disk: Path
) -> None:
    take_room(disk, 120 << 20)
    site.size_bytes = 150 << 20  # more than is left, less than the disk
    for path in ("/known.wav", "/endless.wav"):
        item = NewItem(site.url(path), "t", "k", {"via": "link"})
        error, least = error_of(item, disk, access)
        assert (error.code, error.retryable) == ("no_room_for_medium", True)
        assert least >= SPARE_DISK_BYTES - (1 << 20)
    (disk / "of others").unlink()
    assert fetch(item, disk / "giant", access).size_bytes == site.size_bytes


def test_a_disk_that_is_full_without_the_medium_is_named_so(
    site: GiantSite, access: SourceAccess, disk: Path
) -> None:
    take_room(disk, DISK_BYTES - SPARE_DISK_BYTES)
    site.size_bytes = 1 << 20
    for path in ("/small.wav", "/endless.wav"):
        item = NewItem(site.url(path), "t", "k", {"via": "link"})
        error, _ = error_of(item, disk, access)
        assert (error.code, error.retryable) == ("disk_full", True)
