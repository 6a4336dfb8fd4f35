"""A process that is guarded uses its own items' paths and nobody else's."""

import subprocess
import sys
from pathlib import Path

import pytest

from workers.settings import NodePlace

GUARDED = """
import os, shutil, subprocess, sys
from pathlib import Path
from workers.path_guard import ForeignPathError, guard_paths
from workers.temp_folders import ProcessFolder

root, foreign = Path(sys.argv[1]), Path(sys.argv[2])
mine = ProcessFolder(root)
guard_paths()
with mine.item_folder() as folder:
    own = folder / "media.wav"
    own.write_bytes(b"RIFF")
    subprocess.run(["true", f"file:{own}"])
    attempts = (
        lambda: foreign.read_bytes(),
        lambda: os.listdir(foreign.parent),
        lambda: foreign.unlink(),
        lambda: shutil.copy(foreign, folder),
        lambda: subprocess.run(["true", f"file:{foreign}"]),
    )
    for attempt in attempts:
        try:
            attempt()
        except ForeignPathError:
            print("refused")
mine.close()
"""


def test_another_process_s_item_is_neither_read_nor_listed_nor_removed_nor_handed_on(
    tmp_path: Path,
) -> None:
    foreign = tmp_path / "other root" / "0a1b2c3d" / "verity-item-x" / "media.wav"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"RIFF")

    answer = subprocess.run(
        [sys.executable, "-c", GUARDED, str(tmp_path / "root"), str(foreign)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout.split() == ["refused"] * 5
    assert foreign.read_bytes() == b"RIFF"


@pytest.mark.parametrize(
    ("may_differ", "environ", "root"),
    [
        (True, {"VERITY_TEMP": "/node"}, "/node"),
        (True, {}, "/driver"),
        (False, {"VERITY_TEMP": "/node"}, "/driver"),  # a Ray of our own: the settings count
    ],
)
def test_a_node_of_a_cluster_may_have_a_temp_root_of_its_own(
    may_differ: bool, environ: dict[str, str], root: str
) -> None:
    place = NodePlace(Path("/driver"), may_differ=may_differ)
    assert place.here(environ) == Path(root)
