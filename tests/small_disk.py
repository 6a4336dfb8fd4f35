"""A disk of a few megabytes for tests: only root may mount one."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size_bytes: int, n_names: int = 0) -> Iterator[Path]:
    """Mount a disk of a size on a new folder until the block is left; skip where that is not allowed.

    Args:
        folder: is made.
        size_bytes: of the disk.
        n_names: files and folders that fit on it; 0: any number.
    """
    folder.mkdir()
    options = f"size={size_bytes},nr_inodes={n_names}"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small disk needs root and the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
