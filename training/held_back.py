"""What the held-back test says of a finished detector, written into its card.

Nothing is chosen here: weights, calibration and thresholds stay as they are, and the test's errors at
those thresholds go beside the ones that were measured where the thresholds were set.
"""

from pathlib import Path

from pipeline.errors import ModelMismatchError
from pipeline.model_card import ModelCard
from training.calibration import ScoredSegments
from training.card_limits import limits_of
from training.detector_card import (
    CHOSEN_ON,
    measured_figures,
    measured_rows,
)
from training.export_onnx import graph_sha256, replace_card
from training.shipping import enter_model
from training.validation_tables import group_errors

HELD_BACK = "fold 4 (never chosen on)"
SAID_OF_IT = "On the held-back test (fold 4)"


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
    wrong = {
        name: (count, at_zero)
        for name, (count, at_zero, _) in group_errors(segments, card, "clean").items()
    }
    said = limits_of(SAID_OF_IT, figures, wrong)
    older = tuple(figure for figure in card.figures if not figure.test.startswith(HELD_BACK))
    return card.model_copy(
        update={
            "error_rates": (*rows, *chosen_on),
            "figures": (*figures, *older),
            "limits": (*said, *(x for x in card.limits if not x.startswith(SAID_OF_IT))),
        }
    )
