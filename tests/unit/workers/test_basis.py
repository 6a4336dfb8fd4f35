"""Anything that a number rests on makes another basis; what changes no number does not."""

from dataclasses import replace

import pytest

from pipeline.vocabulary import AnalysisOptions, ModelUse
from workers.basis import basis_of

DETECTOR = ModelUse("tiny", "a" * 64, "detector", "CPUExecutionProvider")
SEPARATOR = ModelUse("mask", "b" * 64, "separator", "CPUExecutionProvider")
BASIS = basis_of((DETECTOR, SEPARATOR), AnalysisOptions())


@pytest.mark.parametrize(
    ("models", "options"),
    [
        ((replace(DETECTOR, sha256="c" * 64), SEPARATOR), AnalysisOptions()),
        ((DETECTOR, replace(SEPARATOR, sha256="c" * 64)), AnalysisOptions()),
        ((replace(DETECTOR, provider="CUDAExecutionProvider"), SEPARATOR), AnalysisOptions()),
        ((DETECTOR,), AnalysisOptions()),
        ((DETECTOR, SEPARATOR), AnalysisOptions(hop_s=0.5)),
        ((DETECTOR, SEPARATOR), AnalysisOptions(max_duration_s=60.0)),
        ((DETECTOR, SEPARATOR), AnalysisOptions(max_channels=1)),
        ((DETECTOR, SEPARATOR), AnalysisOptions(keep_clips=True)),
        ((DETECTOR, SEPARATOR), AnalysisOptions(explain=True)),
    ],
)
def test_another_model_or_option_is_another_basis(
    models: tuple[ModelUse, ...], options: AnalysisOptions
) -> None:
    assert basis_of(models, options) != BASIS


def test_block_length_order_and_name_change_nothing() -> None:
    models = (SEPARATOR, replace(DETECTOR, name="renamed"))
    assert basis_of(models, AnalysisOptions(block_s=10.0)) == BASIS
