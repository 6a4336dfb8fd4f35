"""Temporary folders are private, removed at the end, and swept after a kill."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from workers.temp_folders import ProcessFolder, open_temp_root, sweep

HOLD = """
import sys, time
from pathlib import Path
from workers.temp_folders import ProcessFolder
folder = ProcessFolder(Path(sys.argv[1]))
with folder.item_folder() as item:
    (item / "media.bin").write_bytes(b"x" * 1000)
    print(item, flush=True)
    time.sleep(60)
"""


@contextmanager
def hold_in_child(root: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Give a process that has an item's folder, and that folder; it is killed at the end."""
    command = [sys.executable, "-c", HOLD, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            yield child, Path(child.stdout.readline().strip())
        finally:
            child.kill()


def test_an_item_folder_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    process_folder = ProcessFolder(tmp_path / "temp")

    with process_folder.item_folder() as folder:
        (folder / "media.wav").write_bytes(b"RIFF")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    assert not folder.exists()
    process_folder.close()
    assert list((tmp_path / "temp").iterdir()) == []


def test_an_item_folder_is_removed_after_an_error(tmp_path: Path) -> None:
    process_folder = ProcessFolder(tmp_path)

    with pytest.raises(ValueError, match="broken"), process_folder.item_folder() as folder:
        raise ValueError("broken")

    assert not folder.exists()
    process_folder.close()


def test_what_a_killed_process_left_is_swept_by_the_next_one(tmp_path: Path) -> None:
    with hold_in_child(tmp_path) as (child, item_folder):
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert item_folder.exists()

    ProcessFolder(tmp_path).close()

    assert not item_folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_living_process_keeps_its_folder(tmp_path: Path) -> None:
    with hold_in_child(tmp_path) as (_, item_folder):
        assert sweep(tmp_path) == 0
        assert (item_folder / "media.bin").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a folder of another user")
def test_a_temp_root_of_somebody_else_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)

    with pytest.raises(ConfigError, match="belongs to someone else"):
        open_temp_root(tmp_path)
