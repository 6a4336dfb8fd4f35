"""What the held-back test says of a finished detector, written into its card.

Nothing is chosen here: weights, calibration and thresholds stay as they are, and the test's errors at
those thresholds go beside the ones that were measured where the thresholds were set.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.errors import ModelMismatchError
from pipeline.model_card import Figure, ModelCard
from training.calibration import ScoredSegments
from training.detector_card import (
    CHOSEN_ON,
    LIMITS,
    measured_figures,
    measured_rows,
)
from training.export_onnx import graph_sha256, replace_card
from training.shipping import enter_model
from training.validation_tables import SMALLEST_GROUP, SPOOF, group_errors

HELD_BACK = "fold 4 (never chosen on)"
OFTEN_PASSED = 0.3  # of a system's clips called genuine at llr 0, from which the card names it
OFTEN_ACCUSED = 0.2  # of a source's clips called synthetic at llr 0, likewise
SPELLED = {"griffinlim": "Griffin-Lim copies", "world": "WORLD copies", "voxceleb": "VoxCeleb"}


def annotate(path: Path, card: ModelCard, segments: ScoredSegments) -> str:
    """Write the held-back test's errors into a detector's card and its new SHA-256 into models.json.

    Args:
        path: the detector's file, beside models.json.
        card: what the file holds now.
        segments: of the held-back test, scored by this very file.

    Returns:
        the SHA-256 of the graph without its card, in hex; it is the same before and after.

    Raises:
        ModelMismatchError: the graph did not come through unchanged.
    """
    before = graph_sha256(path)
    sha256 = replace_card(path, annotated(card, segments))
    if graph_sha256(path) != before:
        raise ModelMismatchError(f"{path.name} has another graph after annotation: fit it again")
    enter_model(path.parent, card.name, sha256)
    return before


def annotated(card: ModelCard, segments: ScoredSegments) -> ModelCard:
    """Return the card with the held-back test's rows, figures and limits; older ones are replaced."""
    calibration = card.calibration["recorded"]
    rows = measured_rows(segments, calibration, card.thresholds, HELD_BACK)
    figures = measured_figures(segments, calibration, HELD_BACK)
    chosen_on = tuple(
        row.model_copy(
            update={"condition": f"{CHOSEN_ON}, {row.condition.removeprefix(f'{CHOSEN_ON}, ')}"}
        )
        for row in card.error_rates
        if not row.condition.startswith(HELD_BACK)
    )
    older = tuple(figure for figure in card.figures if not figure.test.startswith(HELD_BACK))
    return card.model_copy(
        update={
            "error_rates": (*rows, *chosen_on),
            "figures": (*figures, *older),
            "limits": (*held_back_limits(figures, segments, card), *LIMITS),
        }
    )


def held_back_limits(
    figures: Sequence[Figure], segments: ScoredSegments, card: ModelCard
) -> tuple[str, ...]:
    """Return in words what the held-back test found wrong."""
    errors = group_errors(segments, card, "clean")
    said = [
        f"On the held-back test (fold 4): EER {_span(figures, 'eer', 100.0, 0)} %, Cllr "
        f"{_span(figures, 'cllr')} (1 says nothing), by condition and amount of voice. Read every "
        "likelihood ratio with that in mind."
    ]
    for is_spoof, least, words in (
        (True, OFTEN_PASSED, "Often called genuine at llr 0 there"),
        (False, OFTEN_ACCUSED, "Often called synthetic at llr 0 there, though genuine"),
    ):
        worst = sorted(
            (
                (rate, name.partition(":")[2])
                for name, (count, rate, _) in errors.items()
                if name.startswith(SPOOF) is is_spoof and count >= SMALLEST_GROUP and rate >= least
            ),
            reverse=True,
        )
        if worst:
            named = ", ".join(f"{100 * rate:.0f} % of {SPELLED.get(n, n)}" for rate, n in worst)
            said.append(f"{words}: {named} (clean, whole clips).")
    return tuple(said)


def _span(figures: Sequence[Figure], metric: str, factor: float = 1.0, digits: int = 2) -> str:
    """Return the lowest and highest value of a metric, such as `0.93 to 1.24`."""
    values = np.array([figure.value for figure in figures if figure.metric == metric]) * factor
    return f"{values.min():.{digits}f} to {values.max():.{digits}f}"
