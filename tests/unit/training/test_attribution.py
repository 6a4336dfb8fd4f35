"""Who is known, what is measured on whom, and where the margin falls."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.vocabulary import Label
from training.attribution import (
    CODEC,
    GENUINE,
    NOT_NAMED,
    OTHER,
    Clips,
    NamedClips,
    attribution_class,
    family_of,
    fit_systems,
    known_systems,
    name_clips,
)
from training.attribution_figures import Measured, choose_margin, figures_at
from training.manifests import Utterance
from training.models.system_head import HeadConfig

N_STATISTICS = 30


def utterance(number: int, system: str, kind: str = "tts", fold: int = 0) -> Utterance:
    """Return a synthetic clip, or a genuine one where no system is named."""
    return Utterance(
        path=Path(f"{system or 'genuine'}{number}.wav"),
        label=Label.SPOOF if system else Label.BONAFIDE,
        source="made" if system else "room",
        speaker=f"{system or 'person'}{number}",
        system=system,
        kind=kind if system else "",
        language="",
        clip_id=f"{system or 'genuine'}{number}",
        paired_with="",
        fold=fold,
    )


def corpus() -> tuple[Utterance, ...]:
    """Return two large systems, a small one, one that is never named, codecs and people."""
    named = [("large", 40), ("other-large", 40), ("small", 5), (NOT_NAMED[0], 40), ("", 40)]
    rows = [utterance(i, name) for name, count in named for i in range(count)]
    rows += [utterance(i, f"codec{i % 4}", "codec") for i in range(32)]
    return tuple(rows)


def test_known_are_systems_with_enough_clips_and_codecs_as_one_class() -> None:
    assert known_systems(corpus()) == (CODEC, "large", "other-large")


def test_clips_of_the_closed_fold_make_no_system_known() -> None:
    closed = tuple(utterance(i, "large", fold=4) for i in range(40))
    assert known_systems((*closed, utterance(0, "small"))) == ()


def test_a_codec_is_no_system_and_a_person_is_genuine() -> None:
    assert attribution_class(utterance(0, "encodec", "codec")) == CODEC
    assert attribution_class(utterance(0, "")) == GENUINE
    assert family_of("hifigan") == "gan vocoder"
    assert family_of("never-heard-of") == ""


def test_a_met_system_is_named_and_a_stranger_has_a_lower_margin() -> None:
    rows = corpus()
    names = np.array([attribution_class(row) for row in rows])
    random = np.random.default_rng(0)
    places = {name: 3 * random.standard_normal(N_STATISTICS) for name in np.unique(names)}
    statistics = np.stack([places[name] for name in names])
    statistics = statistics + random.standard_normal(statistics.shape)
    owner = np.arange(len(rows))
    clips = Clips(statistics.astype(np.float32), owner, np.full(len(rows), "clean"))
    systems = ("large", "other-large")
    is_trained = (owner % 2 == 0) & (names != "small")

    head = fit_systems(clips, rows, systems, is_trained, HeadConfig(n_centres=40))
    known = name_clips(head, clips, systems, np.isin(names, systems) & ~is_trained)
    strangers = name_clips(head, clips, systems, names == "small")

    assert (known.best == names[known.owner]).all()
    assert known.margin.min() > strangers.margin.max()
    assert OTHER not in systems


def named(margins: list[float], best: str = "large") -> NamedClips:
    n_clips = len(margins)
    return NamedClips(
        np.arange(n_clips), np.full(n_clips, "clean"), np.full(n_clips, best), np.array(margins)
    )


def test_the_margin_is_set_by_the_worse_kind_of_stranger() -> None:
    low, high = list(np.linspace(-2, -1, 101)), list(np.linspace(-1, 0, 101))
    class_of = np.full(200, "large")
    measured = Measured(named([0.5, 0.6]), named(low), {"other-large": named(high)}, class_of)
    assert choose_margin(measured) == pytest.approx(-0.05, abs=0.01)


def test_figures_count_right_names_wrong_names_and_strangers() -> None:
    class_of = np.array(["large", "large", "other-large", "large"])
    known = named([1.0, -1.0, 1.0, 1.0])
    measured = Measured(known, named([1.0, -1.0]), {"large": named([-1.0, -1.0])}, class_of)
    figures = figures_at(measured, 0.0, "clean")
    assert figures.closed_accuracy == pytest.approx(3 / 4)
    assert figures.named_right == pytest.approx(2 / 4)
    assert figures.named_wrong == pytest.approx(1 / 4)
    assert figures.strangers_named == pytest.approx(1 / 2)
    assert figures.left_out_named == 0.0
    assert figures.right_by_system == {"large": pytest.approx(2 / 3), "other-large": 0.0}
