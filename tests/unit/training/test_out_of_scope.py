"""Made sounds are what they say, and the distance to training grows away from it."""

import numpy as np
import pytest

from training.feature_cache import SAMPLE_RATE
from training.out_of_scope import MADE, PROCESSED, clip_means, fit_region, measure_scope


@pytest.mark.parametrize("name", sorted(MADE))
def test_a_made_sound_is_finite_within_full_scale_and_the_seeds_own(name: str) -> None:
    one, again, other = (MADE[name](np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert one.dtype == np.float32
    assert np.isfinite(one).all()
    assert np.abs(one).max() <= 1
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", sorted(PROCESSED))
def test_processing_changes_the_sound_and_keeps_it_finite(name: str) -> None:
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    sound = (0.1 * np.sin(2 * np.pi * 200 * at * (1 + 0.1 * at))).astype(np.float32)
    changed = PROCESSED[name](sound, np.random.default_rng(0))
    assert np.isfinite(changed).all()
    assert not np.array_equal(changed[: len(sound)], sound[: len(changed)])


def test_what_lies_elsewhere_is_far_and_training_is_not() -> None:
    random = np.random.default_rng(0)
    training = random.standard_normal((2000, 12)) * np.arange(1, 13)
    region = fit_region(training.astype(np.float32))
    near = region.distance(training.astype(np.float32))
    far = region.distance((training + 10 * np.arange(1, 13)).astype(np.float32))
    assert near.mean() == pytest.approx(1.0, abs=0.1)
    assert (near > region.far_from).mean() == pytest.approx(0.005, abs=0.002)
    assert far.min() > region.far_from


def test_refusing_far_clips_is_counted_among_decided_ones() -> None:
    clips, distance = clip_means(np.array([1.0, 3.0, 9.0]), np.array([4, 4, 7]))
    assert clips.tolist() == [4, 7]
    assert distance.tolist() == [2.0, 9.0]
    figures = measure_scope(
        np.array([1.0, 1.0, 9.0, 9.0]),
        np.array([3.0, -3.0, -3.0, 0.0]),
        np.array([True, False, True, True]),
        5.0,
        (-1.0, 1.0),
    )
    assert figures.far_share == 0.5
    assert figures.wrong_share == pytest.approx(1 / 3)
    assert figures.wrong_if_far == 1.0
    assert figures.wrong_if_near == 0.0
