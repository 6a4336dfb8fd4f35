import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.scale import Side, Step, weigh

NO_LIMIT = math.log(1e6)


@pytest.mark.parametrize(
    ("times", "step"),
    [
        (1, Step.EVEN),
        (1.9, Step.EVEN),
        (2, Step.WEAK),
        (9.9, Step.WEAK),
        (10, Step.MODERATE),
        (99, Step.MODERATE),
        (100, Step.MODERATELY_STRONG),
        (1_000, Step.STRONG),
        (10_000, Step.VERY_STRONG),
        (900_000, Step.VERY_STRONG),
    ],
)
def test_steps_change_at_powers_of_ten(times: float, step: Step) -> None:
    assert weigh(math.log(times), NO_LIMIT).step is step


@given(st.floats(-1e6, 1e6), st.floats(0, 20))
def test_no_strength_exceeds_what_the_validation_supports(llr: float, limit: float) -> None:
    assert weigh(llr, limit).times <= math.exp(limit) * (1 + 1e-9)


@given(st.floats(-50, 50))
def test_the_sign_alone_decides_the_side(llr: float) -> None:
    side = weigh(llr, NO_LIMIT).side
    assert side is Side.NEITHER or (side is Side.BONAFIDE) == (llr > 0)


def test_only_a_number_at_the_limit_is_marked_as_capped() -> None:
    assert weigh(-9.0, 3.0).capped
    assert weigh(3.0, 3.0).capped
    assert not weigh(2.9, 3.0).capped
