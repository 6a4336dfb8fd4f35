"""The test that an attention picture must pass: its top cells matter more than random ones."""

import numpy as np

from pipeline.vocabulary import Features, FloatArray
from training.attention_check import check_map, occlusion

N_SEGMENTS, N_FRAMES, N_VALUES, N_CELLS = 60, 20, 3, 10


def noise_features() -> Features:
    random = np.random.default_rng(0)
    shape = (N_SEGMENTS, N_FRAMES, N_VALUES)
    return Features({"frames": random.standard_normal(shape).astype(np.float32)})


def score_of_first_cell(features: Features) -> FloatArray:
    """Return a score that hears the first two frames only."""
    return np.asarray(5 * features.tensors["frames"][:, :2].mean(axis=(1, 2)), np.float32)


def test_a_map_of_what_is_heard_passes() -> None:
    importance = np.zeros((N_SEGMENTS, N_CELLS), np.float32)
    importance[:, 0] = 1
    figures = check_map(
        noise_features(),
        importance,
        np.arange(N_SEGMENTS),
        score_of_first_cell,
        np.random.default_rng(1),
    )
    assert (figures.n_masked, figures.n_cells) == (2, N_CELLS)
    assert figures.top_shift > figures.random_shift
    assert figures.is_passed


def test_a_map_that_points_elsewhere_fails() -> None:
    importance = np.zeros((N_SEGMENTS, N_CELLS), np.float32)
    importance[:, 5:] = 1
    figures = check_map(
        noise_features(),
        importance,
        np.arange(N_SEGMENTS),
        score_of_first_cell,
        np.random.default_rng(1),
    )
    assert not figures.is_passed


def test_a_map_drawn_by_chance_does_not_pass() -> None:
    random = np.random.default_rng(2)
    importance = random.random((N_SEGMENTS, N_CELLS)).astype(np.float32)
    figures = check_map(
        noise_features(), importance, np.arange(N_SEGMENTS), score_of_first_cell, random
    )
    assert figures.low < 0.1


def test_occlusion_finds_the_cell_that_is_heard() -> None:
    shift = occlusion(noise_features(), N_CELLS, score_of_first_cell)
    assert (shift.argmax(axis=1) == 0).all()
    np.testing.assert_allclose(shift[:, 1:], 0, atol=1e-6)
