"""The folder that a command writes into."""

from pathlib import Path

import pytest

from console.output_folder import make_output_folder
from pipeline.errors import InputError


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    make_output_folder(tmp_path / "a" / "b", "--out")
    make_output_folder(tmp_path / "a" / "b", "--out")
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("name", ["file", "file/below", "x" * 300, "/proc/nope"])
def test_what_cannot_be_a_folder_is_named_with_its_option(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="--to") as caught:
        make_output_folder(tmp_path / name, "--to")
    assert caught.value.code == "output_not_writable"
