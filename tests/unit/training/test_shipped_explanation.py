"""The map that reports show of the shipped model passes the deletion test where speech is at hand."""

import numpy as np
import pytest

from pipeline.calibrate import segment_llr
from pipeline.frontends import compute
from pipeline.occlusion import N_PARTS
from pipeline.score import Detector
from pipeline.vocabulary import Features, FloatArray
from storage.model_store import resolve
from tests.makers import synthetic_sample
from training.attention_check import check_map, occlusion

N_SECONDS = 8


@pytest.mark.timeout(240)
def test_parts_that_the_map_points_at_move_the_score_more_than_others() -> None:
    detector = Detector(*resolve("", "detector"))
    card = detector.card
    spoken = [synthetic_sample(system=system) for system in ("hibari", "piper")]
    seconds = np.concatenate(
        [one[: N_SECONDS // 2 * 16_000].reshape(-1, card.segment_samples) for one in spoken]
    )
    features = Features(
        {spec.input_name: compute(spec.front_end, spec.config, seconds) for spec in card.front_ends}
    )
    unlimited = card.calibration["recorded"].model_copy(update={"llr_limit": float("inf")})

    def score(given: Features) -> FloatArray:
        return segment_llr(detector.score(given).cm_score, unlimited)

    importance = occlusion(features, N_PARTS, score)
    owner = np.arange(len(seconds))
    figures = check_map(features, importance, owner, score, np.random.default_rng(1))
    assert figures.n_segments == N_SECONDS
    assert figures.is_passed
