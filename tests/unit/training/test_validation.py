"""Validation: what is scored, the tables and the pictures, with the tiny detector."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from tests.makers import speech_like
from tests.models import TINY_DETECTOR
from training.calibration import ScoredSegments, utterance_items
from training.commands.validation import NO_INNER, rows_of_test
from training.lossy_codecs import Codec
from training.manifests import Utterance
from training.plots import draw_learning_curve, read_learning_curve
from training.splits import CLOSED_FOLD
from training.validate import (
    ShippedDetector,
    load_segments,
    open_shipped,
    save_segments,
    score_conditions,
    utterance_llr,
)
from training.validation_conditions import MIXED, SINGLE, Condition, Step, spread
from training.validation_plots import draw_all
from training.validation_tables import (
    conditions_of,
    decision_lines,
    group_lines,
    headline,
    kind_lines,
    language_lines,
    met_lines,
)

MET = "tiny-system"  # a generator that the tests' card names is set below


@pytest.fixture(scope="module")
def shipped() -> ShippedDetector:
    opened = open_shipped(TINY_DETECTOR)
    facts = opened.card.training.model_copy(update={"generators": (MET,)})
    return ShippedDetector(opened.session, opened.card.model_copy(update={"training": facts}))


@pytest.fixture(scope="module")
def utterances(tmp_path_factory: pytest.TempPathFactory) -> list[Utterance]:
    folder = tmp_path_factory.mktemp("clips")
    rows = []
    for k in range(8):
        path = folder / f"{k}.wav"
        soundfile.write(path, speech_like(k, 1.1 + 0.3 * k), 16_000)
        label = Label.BONAFIDE if k % 2 else Label.SPOOF
        system, kind = ("", "") if k % 2 else ((MET, "tts") if k < 4 else ("other", "vc"))
        source = "room" if k % 2 else "made"
        rows.append(
            Utterance(path, label, source, f"s{k}", system, kind, "en", str(k), "", CLOSED_FOLD)
        )
    return rows


def made_segments(n_voices: int = 40) -> tuple[ScoredSegments, list[Utterance]]:
    """Return segments of two sources and two systems under two conditions, and their rows."""
    random = np.random.default_rng(0)
    rows = [
        Utterance(
            Path(f"{k}.wav"),
            Label.BONAFIDE if k % 2 else Label.SPOOF,
            f"source{k % 4}" if k % 2 else "made",
            f"v{k}",
            "" if k % 2 else (MET if k % 4 else "other"),
            "" if k % 2 else "tts",
            "en" if k < n_voices else "ko",
            str(k), "", CLOSED_FOLD,
        )
        for k in range(2 * n_voices)
    ]  # fmt: skip
    place = np.tile(np.repeat(np.arange(2 * n_voices), 8), 2)
    genuine = place % 2 == 1
    group = np.array(
        [f"bonafide:{row.source}" if row.system == "" else f"spoof:{row.system}" for row in rows]
    )
    condition = np.repeat(["clean", "telephone"], len(place) // 2)
    score = np.where(genuine, 1.0, -1.0) + random.normal(0, 1.5, len(place))
    voice = np.array([row.speaker for row in rows])[place]
    return ScoredSegments(score, place, genuine, voice, group[place], condition), rows


def test_every_condition_treats_the_utterances_and_keeps_their_places(
    shipped: ShippedDetector, utterances: list[Utterance]
) -> None:
    done: list[str] = []
    conditions = (
        MIXED[0],
        *(Condition(step.value, "", step=step, most_utterances=4) for step in Step),
        SINGLE[0],
    )
    segments = score_conditions(shipped, utterances, conditions, done.append)
    assert done == [one.name for one in conditions]
    assert set(np.unique(segments.condition)) == set(done)
    assert np.isfinite(segments.score).all()
    part = segments.select(segments.condition == "noise")
    assert len(np.unique(part.utterance)) == 4
    for place, genuine in zip(part.utterance, part.is_bonafide, strict=True):
        assert (utterances[place].label is Label.BONAFIDE) == genuine


def test_a_codec_that_ffmpeg_lacks_is_left_out_by_name(
    shipped: ShippedDetector, utterances: list[Utterance], caplog: pytest.LogCaptureFixture
) -> None:
    unknown = Condition("tape", "", codec=Codec("tape", ".wav", ("-c:a", "nosuchcodec")))
    segments = score_conditions(shipped, utterances[:2], (MIXED[0], unknown))
    assert set(segments.condition) == {"clean"}
    assert "left out tape" in caplog.text


def test_a_part_of_the_utterances_is_spread_over_groups_and_classes() -> None:
    _, rows = made_segments()
    chosen = [rows[place] for place in spread(rows, 16)]
    assert sum(row.label is Label.BONAFIDE for row in chosen) == 8
    assert sum(row.system == MET for row in chosen) == 4
    assert spread(rows, 16) == spread(rows, 16)
    assert spread(rows, 1_000) == list(range(len(rows)))


def test_the_longer_an_utterance_the_later_its_row(shipped: ShippedDetector) -> None:
    calibration = shipped.card.calibration["recorded"]
    segments, _ = made_segments(2)
    items = utterance_items(segments)
    rows = [row for row in calibration.pooled if row.min_voiced_s <= 7.0]
    limit = calibration.llr_limit
    expected = np.clip(rows[-1].scale * items.score + rows[-1].offset, -limit, limit)
    np.testing.assert_allclose(utterance_llr(items, shipped.card), expected)


def test_tables_have_a_line_for_each_condition_group_and_language(
    shipped: ShippedDetector,
) -> None:
    segments, rows = made_segments()
    assert conditions_of(segments) == ["clean", "telephone"]
    head = headline(segments, shipped.card)
    assert [line.split("|")[1].strip() for line in head[2:]] == ["clean"] * 5 + ["telephone"]
    tables = (
        head,
        decision_lines(segments, shipped.card),
        group_lines(segments, shipped.card),
        kind_lines(segments, shipped.card, rows),
        met_lines(segments, shipped.card),
        language_lines(segments, shipped.card, rows),
    )
    for lines in tables:
        assert len({line.count("|") for line in lines}) == 1
    assert [line.split("|")[1].strip() for line in tables[2][2:]] == [
        "bonafide:source1", "bonafide:source3", "spoof:other", f"spoof:{MET}",
    ]  # fmt: skip
    assert "2 / 40" not in "".join(tables[4])
    assert "| met in training, other speakers | 1 / 20 |" in tables[4][3]
    assert tables[5][3].startswith("| ko")


def test_a_class_that_is_missing_leaves_no_line_and_no_error(shipped: ShippedDetector) -> None:
    segments, rows = made_segments()
    alone = segments.select(segments.is_bonafide)
    assert len(headline(alone, shipped.card)) == 2
    assert len(language_lines(alone, shipped.card, rows)) == 4
    assert "–" in met_lines(alone, shipped.card)[2]


def test_kept_scores_are_those_that_were_saved_and_of_the_same_model(tmp_path: Path) -> None:
    segments, _ = made_segments(3)
    path = tmp_path / "scores.npz"
    save_segments(segments, path, "graph inner -1")
    loaded = load_segments(path, "graph inner -1")
    np.testing.assert_array_equal(loaded.score, segments.score)
    np.testing.assert_array_equal(loaded.voice, segments.voice)
    with pytest.raises(InputError, match="another model or fold"):
        load_segments(path, "graph inner 2")
    path.write_text("no scores")
    with pytest.raises(InputError, match="holds no scores"):
        load_segments(path, "graph inner -1")


def test_systems_that_were_met_stand_apart_and_codec_copies_nowhere() -> None:
    def row(name: str, system: str, kind: str, fold: int) -> Utterance:
        return Utterance(Path(name), Label.SPOOF, "demo", name, system, kind, "en", name, "", fold)

    rows = [
        row("a", "met", "tts", 4),
        row("b", "met", "tts", 0),
        row("c", "met", "tts", 1),
        row("d", "new", "tts", 4),
        row("e", "encodec", "codec", 4),
    ]
    test, met = rows_of_test(rows, NO_INNER)
    assert [one.path.name for one in test] == ["d"]
    assert [one.path.name for one in met] == ["a"]


def test_pictures_are_small_vector_files_in_plain_words(
    shipped: ShippedDetector, tmp_path: Path
) -> None:
    segments, _ = made_segments()
    paths = draw_all(segments, shipped.card, tmp_path)
    assert {path.name for path in paths} >= {
        "trade_off.svg", "reliability.svg", "scores_clean.svg", "tippett_clean.svg",
        "sources.svg", "systems.svg",
    }  # fmt: skip
    for path in paths:
        assert path.stat().st_size < 150_000
        words = "".join(ElementTree.fromstring(path.read_text()).itertext())  # noqa: S314 - our own
        assert "genuine" in words.lower()
    again = {path: path.read_bytes() for path in paths}
    draw_all(segments, shipped.card, tmp_path)
    assert {path: path.read_bytes() for path in paths} == again


def test_a_learning_curve_is_read_and_drawn(tmp_path: Path) -> None:
    log = tmp_path / "run.csv"
    log.write_text("step,loss,eer\n0,0.7,0.5\n10,0.5,0.4\n")
    columns = read_learning_curve(log)
    assert columns["loss"].tolist() == [0.7, 0.5]
    draw_learning_curve(columns, "A run", tmp_path / "run.svg")
    assert "training step" in (tmp_path / "run.svg").read_text()
    log.write_text("loss\n1\n")
    with pytest.raises(InputError, match="no column step"):
        read_learning_curve(log)
    log.write_text("step,loss\n1,high\n")
    with pytest.raises(InputError, match="no number"):
        read_learning_curve(log)
