"""Mistakes that anybody can make: one line and an exit status, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.makers import silence, write_wav
from tests.models import TINY_DETECTOR

VERITY = Path(sys.executable).with_name("verity")


def verity(folder: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    done = subprocess.run(
        [str(VERITY), *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environ,
        cwd=folder,
        timeout=150,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", "a.wav", "--out", "afile"),
        ("scan", "a.wav", "--out", "/proc/nope"),
        ("scan", "x" * 300),
        ("submit", "x" * 300),
        ("submit", ""),
        ("submit", "s3://"),
        ("reports", "1", "--to", "afile"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "afile").touch()
    write_wav(tmp_path / "a.wav", silence(2.0))
    status, said = verity(tmp_path, *arguments)
    assert status == 2
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("var_folder", ["afile", "/proc/nope"])
def test_a_data_folder_that_cannot_be_used_is_a_wrong_setting(
    var_folder: str, tmp_path: Path
) -> None:
    (tmp_path / "afile").touch()
    status, said = verity(tmp_path, "jobs", VERITY_VAR=var_folder)
    assert status == 78
    assert "VERITY_VAR" in said


def test_a_temporary_folder_that_cannot_be_used_is_a_wrong_setting(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", silence(2.0))
    model = ("--model", str(TINY_DETECTOR))
    status, said = verity(tmp_path, "scan", "a.wav", *model, VERITY_TEMP="/proc/nope")
    assert status == 78
    assert "VERITY_TEMP" in said
    assert "/proc/nope" in said
    assert len(said.splitlines()) == 1
