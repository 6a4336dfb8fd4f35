"""Which parts of a second a score came from: found where it is so, and nothing else is touched."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from pipeline.analyse import examine
from pipeline.model_card import METADATA_KEY, FrontEndSpec
from pipeline.occlusion import N_PARTS, explain, hide_each_part, hide_parts, pick_rows
from pipeline.score import Detector
from pipeline.strongest import N_EACH, SoundKeeper, strongest_segments
from pipeline.vocabulary import AnalysisOptions, Features, MediaItem, MediaReport
from reports.findings import findings_sha256, to_findings
from tests.cards import make_card, make_scores
from tests.makers import speech_like, write_wav
from tests.models import tiny_models

N_FRAMES, N_VALUES = 98, 80
HEARD = 5  # the part that the toy model hears
FRAMES = slice(HEARD * 7, HEARD * 7 + 7)  # 98 frames in 14 parts


def toy_detector(path: Path, *, divides: bool = False) -> Detector:
    """Return a detector whose score is three times the mean of part `HEARD`, or one divided by its range.

    Args:
        path: where the ONNX file goes.
        divides: by how far the part's values change in time: no number once it is hidden.
    """
    constants = {
        "begins": np.array([FRAMES.start]),
        "ends": np.array([FRAMES.stop]),
        "axis": np.array([1]),
        "gain": np.array(3.0, np.float32),
        "one": np.array([1.0], np.float32),
        "zero": np.array(0.0, np.float32),
    }
    last = ["gain", "apart"] if divides else ["gain", "part_mean"]
    nodes = [
        helper.make_node("Slice", ["fbank", "begins", "ends", "axis"], ["part"]),
        helper.make_node("ReduceMean", ["part"], ["part_mean"], axes=[1, 2], keepdims=0),
        helper.make_node("ReduceMax", ["part"], ["most"], axes=[1], keepdims=1),
        helper.make_node("ReduceMin", ["part"], ["least"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["most", "least"], ["range"]),
        helper.make_node("ReduceMean", ["range"], ["apart"], axes=[1, 2], keepdims=0),
        helper.make_node("Div" if divides else "Mul", last, ["cm_score"]),
        helper.make_node("Mul", ["part_mean", "zero"], ["nothing"]),
        helper.make_node("Unsqueeze", ["nothing", "axis"], ["column"]),
        helper.make_node("Add", ["column", "one"], ["embedding"]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "toy",
        [value("fbank", TensorProto.FLOAT, ("n", N_FRAMES, N_VALUES))],
        [
            value("cm_score", TensorProto.FLOAT, ("n",)),
            value("embedding", TensorProto.FLOAT, ("n", 1)),
        ],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    spec = FrontEndSpec(input_name="fbank", front_end="fbank")
    card = make_card().model_copy(update={"front_ends": (spec,)})
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, card.model_dump_json()
    onnx.save(model, str(path))
    return Detector(path, hashlib.sha256(path.read_bytes()).hexdigest())


def noise(n: int) -> Features:
    random = np.random.default_rng(7)
    return Features({"fbank": random.normal(0, 1, (n, N_FRAMES, N_VALUES)).astype(np.float32)})


def test_the_part_that_moves_the_score_is_found_and_the_change_has_its_sign(
    tmp_path: Path,
) -> None:
    detector, features = toy_detector(tmp_path / "toy.onnx"), noise(6)
    tensor = features.tensors["fbank"]
    tensor[:, FRAMES] += np.array([2, 1, 0.5, -0.5, -1, -2], np.float32)[:, None, None]
    scores = detector.score(features).cm_score
    facts = make_scores([0.0] * 6).facts
    strongest = strongest_segments([facts], [scores], {0})
    changes = explain(strongest, {0: features}, detector)
    assert changes is not None
    assert changes.shape == (2 * N_EACH, N_PARTS)
    assert (np.abs(changes).argmax(axis=1) == HEARD).all()
    np.testing.assert_allclose(np.delete(changes, HEARD, axis=1), 0, atol=1e-6)
    for one, moved in zip(strongest, changes, strict=True):  # the LLR goes to that of the mean
        assert moved[HEARD] == pytest.approx(3 * tensor[one.row].mean() - one.cm_score, abs=1e-4)
        assert moved[HEARD] * one.cm_score < 0


def test_a_model_without_a_number_for_a_hidden_part_gives_no_map(tmp_path: Path) -> None:
    detector, features = toy_detector(tmp_path / "toy.onnx", divides=True), noise(2)
    scores = detector.score(features).cm_score
    assert np.isfinite(scores).all()
    strongest = strongest_segments([make_scores([0.0] * 2).facts], [scores], {0})
    assert explain(strongest, {0: features}, detector) is None


def test_hidden_parts_hold_the_mean_of_their_own_second_and_all_else_stays() -> None:
    features = noise(2)
    whole = features.tensors["fbank"]
    rows = hide_each_part(features).tensors["fbank"]
    assert rows.shape == (2 * N_PARTS, N_FRAMES, N_VALUES)
    for number, row in enumerate(rows):
        second, part = divmod(number, N_PARTS)
        frames = slice(part * 7, part * 7 + 7)
        mean = np.broadcast_to(whole[second].mean(axis=0), (7, N_VALUES))
        np.testing.assert_allclose(row[frames], mean, atol=1e-6)
        np.testing.assert_array_equal(
            np.delete(row, np.r_[frames], axis=0), np.delete(whole[second], np.r_[frames], axis=0)
        )


def test_front_ends_of_other_frame_rates_lose_the_same_stretch_of_time() -> None:
    slow = np.arange(5, dtype=np.float32)[None, :, None]
    chosen = np.array([[True, False, False, False, False]])
    both = Features({"fast": np.repeat(slow, 4, axis=1), "slow": slow})
    hidden = hide_parts(both, chosen).tensors
    assert hidden["slow"][0, 0, 0] == 2.0
    assert (hidden["fast"][0, :4, 0] == 2.0).all()
    np.testing.assert_array_equal(hidden["slow"][0, 1:], slow[0, 1:])


def test_ten_hours_cost_no_more_rows_than_a_minute() -> None:
    random = np.random.default_rng(3)
    part = make_scores([0.0] * 30).facts
    scores = [random.normal(0, 1, 30).astype(np.float32) for _ in range(1_200)]
    features = noise(30)
    keeper = SoundKeeper[Features]()
    for batch, cm_score in enumerate(scores):
        keeper.add(batch, part, cm_score, features)
    assert len(keeper.kept) <= 2 * N_EACH
    strongest = strongest_segments([part] * 1_200, scores, keeper.kept)
    rows = hide_each_part(pick_rows(strongest, keeper.kept)).tensors["fbank"]
    assert len(rows) == 2 * N_EACH * N_PARTS == 56


def heard(path: Path, *, explained: bool) -> MediaReport:
    options = AnalysisOptions(explain=explained)
    return examine(MediaItem("1", "1", "", ""), path, tiny_models(), options)


@pytest.mark.parametrize(("seconds", "n_shown"), [(0.3, 0), (1.0, 1), (9.0, 4)])
def test_explaining_changes_no_finding_whatever_the_length(
    seconds: float, n_shown: int, tmp_path: Path
) -> None:
    path = write_wav(tmp_path / "speech.wav", speech_like(1, seconds))
    plain, explained = heard(path, explained=False), heard(path, explained=True)
    assert findings_sha256(to_findings(plain)) == findings_sha256(to_findings(explained))
    assert plain.verdict == explained.verdict
    assert [one.row for one in plain.traces.heard] == [one.row for one in explained.traces.heard]
    assert len(explained.traces.heard) == n_shown
    assert all(one.llr_changes is None for one in plain.traces.heard)
    for one in explained.traces.heard:
        assert one.llr_changes is not None
        assert np.isfinite(one.llr_changes).all()
        assert one.llr_changes.shape == (N_PARTS,)


def test_where_nothing_was_judged_nothing_is_explained(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "silence.wav", np.zeros(64_000, np.float32))
    report = heard(path, explained=True)
    assert report.traces.heard == ()
    assert "explain" not in report.timings_s


def test_the_same_item_gets_the_same_map_again(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "speech.wav", speech_like(2, 6.0))
    first, second = heard(path, explained=True), heard(path, explained=True)
    for one, other in zip(first.traces.heard, second.traces.heard, strict=True):
        assert one.llr_changes is not None
        np.testing.assert_array_equal(one.llr_changes, other.llr_changes)
