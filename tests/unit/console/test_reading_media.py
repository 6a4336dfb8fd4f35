"""A file that opens and does not read is named."""

from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.probe import hash_file


def test_a_file_that_does_not_read_is_an_input_error() -> None:
    with pytest.raises(InputError) as caught:
        hash_file("1", Path("/proc/self/mem"))  # offset 0 is never mapped: EIO
    assert caught.value.code == "not_readable"
