"""The shipped detector: card readable, checksum right, small enough, fast enough."""

import hashlib
import json
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from pipeline.frontends import compute
from pipeline.model_card import METADATA_KEY, ModelCard, read_card

MODELS = Path(__file__).parents[3] / "storage" / "models"


@pytest.fixture(scope="module")
def shipped() -> tuple[Path, str]:
    entries = json.loads((MODELS / "models.json").read_text(encoding="utf-8"))
    chosen = [e for e in entries.values() if e["role"] == "detector" and e["default"]]
    assert len(chosen) == 1
    return MODELS / chosen[0]["file"], chosen[0]["sha256"]


@pytest.fixture(scope="module")
def session(shipped: tuple[Path, str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(shipped[0]), options, providers=["CPUExecutionProvider"]
    )


@pytest.fixture(scope="module")
def card(session: onnxruntime.InferenceSession) -> ModelCard:
    read = read_card(session.get_modelmeta().custom_metadata_map[METADATA_KEY])
    assert isinstance(read, ModelCard)
    return read


def test_the_checksum_is_that_of_the_file(shipped: tuple[Path, str]) -> None:
    assert hashlib.sha256(shipped[0].read_bytes()).hexdigest() == shipped[1]


def test_all_models_together_stay_small() -> None:
    assert sum(path.stat().st_size for path in MODELS.glob("*.onnx")) < 40_000_000


def test_the_card_carries_measured_figures(card: ModelCard) -> None:
    assert {figure.metric for figure in card.figures} >= {"eer", "cllr", "min_cllr"}
    assert {row.condition for row in card.error_rates} >= {"clean", "degraded"}
    assert all(figure.value > 0 for figure in card.figures)
    assert card.limits


def test_the_calibration_is_in_order(card: ModelCard) -> None:
    rows = card.calibration["recorded"].pooled
    assert rows[0].min_voiced_s == 0.0
    assert [row.min_voiced_s for row in rows] == sorted(row.min_voiced_s for row in rows)
    assert all(row.scale > 0 for row in rows)
    assert card.thresholds.synthetic_below <= card.thresholds.no_evidence_above


def test_the_graph_keeps_the_contract(
    session: onnxruntime.InferenceSession, card: ModelCard
) -> None:
    segments = 0.1 * np.random.default_rng(0).standard_normal((3, card.segment_samples))
    spec = card.front_ends[0]
    features = compute(spec.front_end, spec.config, segments.astype(np.float32))
    score, embedding, attention = session.run(
        ["cm_score", "embedding", "attention"], {spec.input_name: features}
    )
    assert score.shape == (3,)
    np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1.0, atol=1e-4)
    np.testing.assert_allclose(attention.sum(axis=1), 1.0, atol=1e-4)
    alone = session.run(["cm_score"], {spec.input_name: features[:1]})[0]
    np.testing.assert_allclose(alone, score[:1], atol=1e-4)


def test_a_segment_is_scored_in_four_milliseconds(
    session: onnxruntime.InferenceSession, card: ModelCard
) -> None:
    spec = card.front_ends[0]
    segments = np.zeros((card.batch_size, card.segment_samples), dtype=np.float32)
    features = compute(spec.front_end, spec.config, segments)
    durations = []
    for _ in range(5):  # the best of five: other programs share this machine
        start = time.process_time()
        session.run(["cm_score"], {spec.input_name: features})
        durations.append(time.process_time() - start)
    assert min(durations) / card.batch_size < 0.004
