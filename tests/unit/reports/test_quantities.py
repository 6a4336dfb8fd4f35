import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.quantities import clock, duration, file_size, ratio


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (7.5, "0:07.5"),
        (59.999, "1:00"),
        (61.25, "1:01.25"),
        (3_600, "1:00:00"),
        (36_000, "10:00:00"),
    ],
)
def test_clock_times(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.25, "0.25 s"), (7.54, "7.5 s"), (200, "3 min 20 s"), (36_120, "10 h 2 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_204, "1.2 kB"),
        (3_214_567, "3.21 MB"),
        (5e12, "5e+03 GB"),
    ],
)
def test_file_sizes(size: float, text: str) -> None:
    assert file_size(int(size)).replace("\u00a0", " ").startswith(text)


@given(st.floats(1, 1e6), st.floats(1, 1e6))
def test_a_printed_ratio_never_exceeds_its_limit(times: float, most: float) -> None:
    number = int(ratio(min(times, most), most).replace("\u202f", ""))
    assert number <= most * (1 + 1e-8)  # exp(ln 2) may lie a hair under 2
    assert math.isfinite(number)
