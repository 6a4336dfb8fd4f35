"""The shipped detector: card readable, checksum right, small enough, as the page says."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from pipeline.decide import error_rates
from pipeline.frontends import compute
from pipeline.model_card import METADATA_KEY, ModelCard, read_card
from training.detector_card import CHOSEN_ON
from training.export_onnx import graph_sha256
from training.held_back import HELD_BACK

VALIDATION = Path(__file__).parents[3] / "docs" / "validation.md"
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
    measured = {row.condition for row in card.error_rates}
    assert measured == {
        f"{test}, {condition}"
        for test in (CHOSEN_ON, HELD_BACK)
        for condition in ("clean", "web", "degraded")
    }
    assert all(figure.value > 0 for figure in card.figures)
    assert card.limits


@pytest.mark.parametrize("voiced_s", [1.0, 2.0, 4.0, 8.0, 600.0])
def test_a_report_is_given_the_worst_measured_errors(card: ModelCard, voiced_s: float) -> None:
    rates = error_rates(card.error_rates, voiced_s)
    assert rates is not None
    amount = max(row.min_voiced_s for row in card.error_rates if row.min_voiced_s <= voiced_s)
    assert rates.bonafide_rejected_rate + rates.spoof_accepted_rate == pytest.approx(
        max(
            row.bonafide_rejected_rate + row.spoof_accepted_rate
            for row in card.error_rates
            if row.min_voiced_s == amount
        )
    )
    assert f"at least {amount:g} s" in rates.condition


def test_the_limits_say_what_the_held_back_test_found(card: ModelCard) -> None:
    cllrs = [f.value for f in card.figures if f.test.startswith(HELD_BACK) and f.metric == "cllr"]
    said = " ".join(card.limits)
    assert f"Cllr {min(cllrs):.2f} to {max(cllrs):.2f} (1 says nothing)" in said
    for method in ("SAM", "WORLD", "Open JTalk"):
        assert method in said


def test_the_graph_is_the_one_that_the_validation_page_measured(shipped: tuple[Path, str]) -> None:
    assert graph_sha256(shipped[0]) in VALIDATION.read_text(encoding="utf-8")


def test_the_validation_page_gives_the_cards_error_rates(card: ModelCard) -> None:
    lines = VALIDATION.read_text(encoding="utf-8").splitlines()
    for row in card.error_rates:
        if row.condition.startswith(HELD_BACK):
            condition = row.condition.removeprefix(f"{HELD_BACK}, ")
            (line,) = (
                x for x in lines if x.startswith(f"| {condition} | {row.min_voiced_s:g} s |")
            )
            cells = [cell.strip() for cell in line.split("|")]
            assert cells[3] == f"{row.n_bonafide} / {row.n_spoof}"
            assert cells[9].endswith(f"/ {100 * row.bonafide_rejected_rate:.0f}")
            assert cells[10].endswith(f"/ {100 * row.spoof_accepted_rate:.0f}")
            assert float(cells[11]) == pytest.approx(100 * row.decided_share, abs=0.51)


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
    features = {
        spec.input_name: compute(spec.front_end, spec.config, segments.astype(np.float32))
        for spec in card.front_ends
    }
    score, embedding, attention = session.run(["cm_score", "embedding", "attention"], features)
    assert score.shape == (3,)
    np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1.0, atol=1e-4)
    np.testing.assert_allclose(attention.sum(axis=1), 1.0, atol=1e-4)
    first = {name: tensor[:1] for name, tensor in features.items()}
    alone = session.run(["cm_score"], first)[0]
    np.testing.assert_allclose(alone, score[:1], atol=1e-4)
