"""What a survey decoded is read back as it was, from memory or from a file without a name."""

import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.kept_sound import KeptSound
from pipeline.vocabulary import FloatArray

MONO = np.arange(30_000, dtype=np.float32).reshape(-1, 1)  # 120 kB
STEREO = -np.arange(30_000, dtype=np.float32).reshape(-1, 2)


def kept_tracks(in_memory_bytes: int, on_disk_bytes: int) -> KeptSound:
    kept = KeptSound(in_memory_bytes, on_disk_bytes)
    for track, sound in enumerate((MONO, STEREO)):
        for first in range(0, len(sound), 7_000):
            kept.add(track, sound[first : first + 7_000])
    return kept


def joined(kept: KeptSound, track: int) -> FloatArray | None:
    chunks = kept.chunks(track)
    return None if chunks is None else np.concatenate(list(chunks))


@pytest.fixture
def narrow_disk() -> Iterator[None]:
    """Let no file of this process become larger than 150 kB: writing fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("in_memory_bytes", [1_000_000, 130_000, 10_000])
def test_tracks_are_read_back_in_any_order_from_memory_or_disk(in_memory_bytes: int) -> None:
    kept = kept_tracks(in_memory_bytes, 1_000_000)
    for track, sound in ((1, STEREO), (0, MONO), (1, STEREO)):
        np.testing.assert_array_equal(joined(kept, track), sound)


def test_past_both_limits_no_track_is_kept() -> None:
    kept = kept_tracks(10_000, 200_000)
    assert joined(kept, 0) is None
    assert joined(kept, 1) is None


def test_a_small_file_is_not_unpacked_to_disk() -> None:
    kept = KeptSound(10_000, 1_000_000)
    kept.unpacked_from(1_000)  # 100 000 bytes are its share
    kept.add(0, MONO[:24_000])
    assert kept.chunks(0) is not None
    kept.add(0, MONO[24_000:])
    assert kept.chunks(0) is None


def test_a_sound_kept_on_disk_leaves_no_name_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = kept_tracks(10_000, 1_000_000)
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(joined(kept, 0), MONO)


@pytest.mark.usefixtures("narrow_disk")
def test_a_disk_that_becomes_full_costs_what_was_kept_and_nothing_else() -> None:
    kept = kept_tracks(10_000, 1_000_000)
    assert joined(kept, 0) is None
    assert joined(kept, 1) is None


def test_without_a_temporary_folder_a_long_sound_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert joined(kept_tracks(10_000, 1_000_000), 0) is None
    np.testing.assert_array_equal(joined(kept_tracks(1_000_000, 0), 0), MONO)
