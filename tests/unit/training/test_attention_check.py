"""The test that an attention picture must pass: its top cells matter more than random ones."""

import numpy as np

from pipeline.vocabulary import FloatArray
from training.attention_check import Tensors, check_map, mask_cells, occlusion

N_SEGMENTS, N_FRAMES, N_VALUES, N_CELLS = 60, 20, 3, 10


def noise_features() -> dict[str, FloatArray]:
    random = np.random.default_rng(0)
    shape = (N_SEGMENTS, N_FRAMES, N_VALUES)
    return {"frames": random.standard_normal(shape).astype(np.float32)}


def score_of_first_cell(features: Tensors) -> FloatArray:
    """Return a score that hears the first two frames only."""
    return np.asarray(5 * features["frames"][:, :2].mean(axis=(1, 2)), np.float32)


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


def test_masked_cells_hold_the_mean_and_others_stay() -> None:
    features = noise_features()
    chosen = np.zeros((N_SEGMENTS, N_CELLS), np.bool_)
    chosen[:, 1] = True
    masked = mask_cells(features, chosen)["frames"]
    mean = features["frames"].mean(axis=(0, 1))
    np.testing.assert_allclose(masked[:, 2:4], np.broadcast_to(mean, (N_SEGMENTS, 2, N_VALUES)))
    np.testing.assert_array_equal(masked[:, 4:], features["frames"][:, 4:])
    np.testing.assert_array_equal(masked[:, :2], features["frames"][:, :2])


def test_front_ends_of_other_frame_rates_lose_the_same_stretch_of_time() -> None:
    slow = np.arange(5, dtype=np.float32)[None, :, None]
    chosen = np.array([[True] + [False] * (N_CELLS // 2 - 1)])
    masked = mask_cells({"fast": np.repeat(slow, 4, axis=1), "slow": slow}, chosen)
    assert masked["slow"][0, 0, 0] == 2.0
    assert (masked["fast"][0, :4, 0] == 2.0).all()
    np.testing.assert_array_equal(masked["slow"][0, 1:, 0], slow[0, 1:, 0])


def test_occlusion_finds_the_cell_that_is_heard() -> None:
    shift = occlusion(noise_features(), N_CELLS, score_of_first_cell)
    assert (shift.argmax(axis=1) == 0).all()
    np.testing.assert_allclose(shift[:, 1:], 0, atol=1e-6)
