"""Precision of searches: measured as they are asked, on clips that the space never met."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.vocabulary import FloatArray, Label
from training.attribution import Clips
from training.manifests import Utterance
from training.models.system_head import SpaceConfig
from training.search_answers import CLEAN, aligned_likeness
from training.search_precision import measure_search

N_SYSTEMS, N_CLIPS, N_SEGMENTS = 12, 6, 4


def corpus() -> tuple[Utterance, ...]:
    """Return a manifest of open folds: each system has its own fold."""
    return tuple(
        Utterance(
            path=Path(f"{system}-{clip}.flac"),
            label=Label.SPOOF,
            seconds=4.0,
            source="demo",
            speaker=f"page {system}",
            system=f"system {system}",
            kind="tts",
            language="en",
            licence="",
            origin="",
            clip_id=f"{system}-{clip}",
            paired_with="",
            fold=system % 4,
        )
        for system in range(N_SYSTEMS)
        for clip in range(N_CLIPS)
    )


def clips_of(utterances: tuple[Utterance, ...], spread: float) -> Clips:
    """Return statistics in which systems lie apart, and a copy through a codec close to its clip."""
    random = np.random.default_rng(1)
    centres = {row.system: random.standard_normal(40) for row in utterances}
    clean = np.concatenate(
        [
            centres[row.system] * spread + random.standard_normal((N_SEGMENTS, 40))
            for row in utterances
        ]
    )
    web = clean + 0.05 * random.standard_normal(clean.shape)
    owner = np.repeat(np.arange(len(utterances)), N_SEGMENTS)
    statistics: FloatArray = np.concatenate([clean, web]).astype(np.float32)
    return Clips(statistics, np.tile(owner, 2), np.repeat([CLEAN, "web"], [len(clean), len(web)]))


def test_systems_that_lie_apart_are_found_and_copies_too() -> None:
    utterances = corpus()
    figures = measure_search(utterances, clips_of(utterances, 3.0), SpaceConfig(n_dimensions=8))
    clean = figures.systems[0]
    assert (clean.n_queries, clean.n_systems) == (N_SYSTEMS * N_CLIPS, N_SYSTEMS)
    assert clean.at_1 == pytest.approx(1.0)
    (web,) = figures.recordings
    assert web.at_1 > 0.9
    assert web.aligned_at_1 > 0.9


def test_where_nothing_tells_systems_apart_a_blind_draw_is_as_good() -> None:
    utterances = corpus()
    figures = measure_search(utterances, clips_of(utterances, 0.0), SpaceConfig(n_dimensions=8))
    clean = figures.systems[0]
    assert clean.at_1 < clean.chance + 0.2
    assert figures.recordings[0].at_1 > 0.9  # the same sound is still itself


def test_a_higher_limit_keeps_fewer() -> None:
    utterances = corpus()
    figures = measure_search(utterances, clips_of(utterances, 1.0), SpaceConfig(n_dimensions=8))
    kept = [row.system_kept for row in figures.pairs]
    strangers = [row.strangers for row in figures.pairs]
    assert kept == sorted(kept, reverse=True)
    assert strangers == sorted(strangers, reverse=True)


def test_seconds_are_compared_at_the_same_place() -> None:
    first = np.eye(4, dtype=np.float32)
    assert aligned_likeness(first, first) == 1.0
    assert aligned_likeness(first, first[::-1]) == 0.0
    assert aligned_likeness(first[:2], first) == 1.0
