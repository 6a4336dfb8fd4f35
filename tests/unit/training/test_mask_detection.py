"""Detection with and without separation: the draw of clips, the mixtures, the table."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.model_card import Calibration, PooledRow
from pipeline.vocabulary import Label
from training.manifests import Utterance
from training.mask_detection import (
    Condition,
    Heard,
    calibrate_apart,
    choose_clips,
    join_heard,
    read_scores,
    scores_as_json,
    table_lines,
    tabulate,
)


def utterance(index: int, label: Label, source: str, system: str = "") -> Utterance:
    return Utterance(
        path=Path(f"{index}.flac"),
        label=label,
        source=source,
        speaker=f"{source}:{index}",
        system=system,
        kind="tts" if system else "",
        language="en",
        clip_id=str(index),
        paired_with="",
        fold=0,
    )


def heard(name: str, shift: float) -> Heard:
    """Ten groups of four clips, alternately genuine and synthetic; separation shifts all scores."""
    rng = np.random.default_rng(1)
    is_bonafide = np.repeat(np.arange(10) % 2 == 0, 4)
    score = np.where(is_bonafide, 1.0, -1.0) + rng.normal(0, 1.5, 40)
    return Heard(
        Condition(name, np.inf if name == "clean" else 5.0),
        score,
        score + shift,
        np.full(40, 0.4),
        np.full(40, np.nan if name == "clean" else 6.0),
        is_bonafide,
        np.repeat([f"g{i}" for i in range(10)], 4),
    )


def test_small_sources_are_drawn_as_often_as_large_ones() -> None:
    rows = [utterance(i, Label.BONAFIDE, "large") for i in range(90)]
    rows += [utterance(100 + i, Label.BONAFIDE, "small") for i in range(10)]

    chosen = choose_clips(rows, 20, np.random.default_rng(0))

    assert len(chosen) == 20
    assert sum(row.source == "small" for row in chosen) == 10


def test_no_more_is_drawn_than_there_is() -> None:
    rows = [utterance(i, Label.SPOOF, "made", f"s{i}") for i in range(3)]

    assert len(choose_clips(rows, 20, np.random.default_rng(0))) == 3


def test_a_shift_of_the_scores_costs_calibration_and_not_the_eer() -> None:
    rows = tabulate([heard("clean", -3.0), heard("music", -3.0)], scale=1.0, offset=0.0)
    of_music = {row.listened: row for row in rows if row.condition.name == "music"}

    recorded, separated = of_music["recorded"], of_music["separated"]
    assert separated.eer == pytest.approx(recorded.eer)
    assert separated.cllr > recorded.cllr
    assert separated.bonafide_rejected_rate > recorded.bonafide_rejected_rate
    assert of_music["separated, calibrated apart"].cllr < separated.cllr


def test_folds_are_joined_and_every_condition_has_its_lines() -> None:
    joined = join_heard([heard("music", 0.0), heard("music", 0.0)])
    lines = table_lines(tabulate([joined], 1.0, 0.0), [joined])

    assert len(joined.recorded) == 80
    assert sum(line.startswith("| music | 5 |") for line in lines) == 5


def test_the_separated_voice_gets_the_calibration_that_undoes_its_shift() -> None:
    rows = tuple(PooledRow(min_voiced_s=s, scale=1 + s / 8, offset=0) for s in (0, 2, 8))
    recorded = Calibration(segment_scale=1, segment_offset=0, pooled=rows, llr_limit=9.0)

    plain = calibrate_apart([heard("music", 0.0)], recorded)
    shifted = calibrate_apart([heard("music", -3.0)], recorded)

    for one, other in zip(plain.pooled, shifted.pooled, strict=True):
        assert other.scale == pytest.approx(one.scale, abs=1e-3)
        assert other.offset == pytest.approx(one.offset + 3 * one.scale, abs=1e-2)
    assert plain.pooled[2].scale / plain.pooled[1].scale == pytest.approx(2 / 1.25, abs=1e-3)
    assert plain.llr_limit == pytest.approx(np.log(20), abs=0.01)


def test_scores_come_back_as_they_were_written() -> None:
    parts = [heard("clean", 0.5), heard("music", 0.5)]

    again = read_scores(scores_as_json(parts))

    assert [part.condition for part in again] == [part.condition for part in parts]
    np.testing.assert_allclose(again[1].separated, parts[1].separated, atol=1e-4)
    np.testing.assert_array_equal(again[0].group, parts[0].group)
