"""Samples in memory and the same samples in a file give the same findings."""

from pathlib import Path

import numpy as np

from pipeline.analyse import analyse
from pipeline.probe import open_media
from pipeline.vocabulary import AnalysisOptions, MediaItem
from tests.makers import speech_like, write_wav
from tests.models import tiny_models
from training.walk import walk


def test_a_walk_in_memory_is_the_products_own(tmp_path: Path) -> None:
    samples = speech_like(1, 6.0)
    path = write_wav(tmp_path / "a.wav", samples, is_float=True, bits=32)
    item = MediaItem("item", "job", "a.wav", "a file")
    report = analyse(item, open_media("item", path), tiny_models(), AnalysisOptions())

    walked = walk(samples, tiny_models())

    assert report.scores is not None
    assert report.verdict is not None
    np.testing.assert_allclose(walked.scores.cm_score, report.scores.cm_score, atol=1e-4)
    np.testing.assert_array_equal(walked.scores.facts.reason, report.scores.facts.reason)
    assert walked.verdict.kind is report.verdict.kind
