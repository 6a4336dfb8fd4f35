"""Log lines for people: what is printed of a record."""

import logging

import pytest

from console.log_lines import LogLines


def test_extras_are_printed_and_private_ones_of_libraries_are_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = logging.LogRecord("jobs", logging.WARNING, "", 0, "not listed", None, None)
    record.why = "hidden"
    record._ray_internal = "0000ffff"
    LogLines().emit(record)
    assert capsys.readouterr().err.strip() == "not listed (why: hidden)"
