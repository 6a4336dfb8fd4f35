"""The path that hostile files walk here: probe to verdict, in this process, with shipped models."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.analyse import Models, examine
from pipeline.vocabulary import AnalysisOptions, MediaItem, MediaReport
from tests.hostile.shipped_models import load_models

Judge = Callable[[Path], MediaReport]


@pytest.fixture(scope="session")
def models() -> Models:
    """Return the shipped detector and separator."""
    return load_models()


@pytest.fixture(scope="session")
def judge(models: Models) -> Judge:
    """Return a function from a file to its report, which may be that of a failure."""

    def _judge(path: Path) -> MediaReport:
        item = MediaItem("item", "job", path.name, path.name)
        return examine(item, path, models, AnalysisOptions())

    return _judge


@pytest.fixture(scope="session")
def outcome(judge: Judge) -> Callable[[Path], str]:
    """Return a function from a file to its error code, its reason or its verdict, as one word."""

    def _outcome(path: Path) -> str:
        report = judge(path)
        if report.failure is not None:
            assert report.failure.message
            assert str(path.parent) not in report.failure.message  # no local path is shown
            return report.failure.code
        assert report.verdict is not None
        return str(report.verdict.reason or report.verdict.kind)

    return _outcome
