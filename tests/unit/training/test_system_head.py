"""The head names systems that it met, leaves strangers unnamed, and goes into a detector's file."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from pipeline.errors import ModelMismatchError
from pipeline.model_card import METADATA_KEY, AttributionCard, FrontEndSpec, KnownSystem, ModelCard
from pipeline.model_card import read_card as parse_card
from pipeline.vocabulary import FloatArray
from training.attribution_export import add_to_detector
from training.export_onnx import export_detector, graph_sha256
from training.models.system_head import (
    HeadConfig,
    SpaceConfig,
    SystemHead,
    SystemSpace,
    fit_head,
    fit_space,
)
from training.models.vit import Vit, VitConfig
from training.recipes.tiny import tiny_card, write_tiny_detector

N_STATISTICS = 400
CLASSES = ("first", "second", "other")
SMALL = VitConfig(width=16, depth=1, n_heads=2, mlp_width=16, embedding_size=8)


def clouds(n_each: int, seed: int = 0) -> tuple[FloatArray, np.ndarray]:
    """Return three clouds of statistics far apart, with their class."""
    random = np.random.default_rng(seed)
    centres = 3 * np.random.default_rng(9).standard_normal((3, N_STATISTICS))
    values = np.repeat(centres, n_each, axis=0) + random.standard_normal((3 * n_each, N_STATISTICS))
    return values.astype(np.float32), np.repeat(CLASSES, n_each)


@pytest.fixture(scope="module")
def head() -> SystemHead:
    values, class_of = clouds(30)
    return fit_head(values, class_of, CLASSES, np.ones(len(values)), HeadConfig(n_centres=20))


@pytest.fixture(scope="module")
def space() -> SystemSpace:
    values, class_of = clouds(30)
    return fit_space(values, class_of, SpaceConfig(n_dimensions=8))


def phase_card() -> ModelCard:
    front_end = FrontEndSpec(input_name="phase", front_end="phase")
    return tiny_card().model_copy(update={"front_ends": (front_end,)})


def naming_part() -> AttributionCard:
    return AttributionCard(
        systems=(KnownSystem(name="first", family=""), KnownSystem(name="second", family="")),
        n_outside=1,
        named_above=0.0,
        min_voiced_s=2.0,
        known_named_rate=0.5,
        unknown_named_rate=0.05,
        figures=(),
    )


def frames() -> FloatArray:
    return np.random.default_rng(1).standard_normal((5, 112, 238)).astype(np.float32)


def test_new_rows_of_a_class_get_its_column(head: SystemHead) -> None:
    values, class_of = clouds(10, seed=1)
    columns = head.of_statistics(torch.from_numpy(values)).numpy()
    assert (np.array(CLASSES)[columns.argmax(axis=1)] == class_of).all()


def test_a_row_far_from_everything_belongs_to_no_class(head: SystemHead) -> None:
    far = torch.full((1, N_STATISTICS), -50.0)
    columns = head.of_statistics(far).numpy()
    assert (columns < 0.5).all()


def test_rows_of_one_group_lie_together_in_the_space(space: SystemSpace) -> None:
    values, class_of = clouds(10, seed=1)
    unit = space.of_statistics(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1.0, atol=1e-5)
    cosine = unit @ unit.T
    same = class_of[:, None] == class_of
    assert cosine[same].min() > cosine[~same].max()


def test_the_head_goes_into_a_detectors_file_and_leaves_its_scores(
    head: SystemHead, space: SystemSpace, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    path = tmp_path / "detector.onnx"
    example = frames()
    export_detector(Vit(SMALL).eval(), [torch.from_numpy(example)], phase_card(), path)
    before = onnxruntime.InferenceSession(str(path)).run(["cm_score"], {"phase": example})[0]

    graph_before = graph_sha256(path)
    for _ in range(2):  # the second time replaces the first head
        add_to_detector(path, phase_card(), head, space, naming_part(), {"phase": example})

    session = onnxruntime.InferenceSession(str(path))
    names = ["cm_score", "attribution", "embedding", "net_embedding", "attention"]
    score, columns, embedding, _, _ = session.run(names, {"phase": example})
    np.testing.assert_array_equal(score, before)
    assert columns.shape == (5, 3)
    expected = space(torch.from_numpy(example)).numpy()
    np.testing.assert_allclose(embedding, expected, atol=1e-4)
    card = parse_card(session.get_modelmeta().custom_metadata_map[METADATA_KEY])
    assert isinstance(card, ModelCard)
    assert card.attribution == naming_part()
    assert graph_sha256(path) == graph_before


def test_a_detector_without_the_phase_front_end_is_refused(
    head: SystemHead, space: SystemSpace, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.onnx"
    write_tiny_detector(path)
    with pytest.raises(ModelMismatchError, match="phase"):
        add_to_detector(path, tiny_card(), head, space, naming_part(), {})
