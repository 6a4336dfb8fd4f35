"""Mean per-system EER: one number that counts every generator alike, for choosing settings.

Each system's utterances stand against all genuine ones under the same condition. Systems with few
utterances count as one together, for the EER of five clips is noise.
"""

import numpy as np

from pipeline.errors import InputError
from training.calibration import ScoredSegments, utterance_items
from training.metrics import eer

FEWEST_UTTERANCES = 20  # of a system that counts by itself, as in the tables of docs/validation.md
SMALL_SYSTEMS = "systems of few utterances"


def system_eers(
    segments: ScoredSegments, condition: str, fewest: int = FEWEST_UTTERANCES
) -> dict[str, float]:
    """Return each system's EER against all genuine utterances under one condition, 0 to 1.

    An utterance's score is the mean over its segments.
    """
    items = utterance_items(segments.select(segments.condition == condition))
    genuine = items.score[items.is_bonafide]
    systems = items.group[~items.is_bonafide]
    scores = items.score[~items.is_bonafide]
    names, inverse, count = np.unique(systems, return_inverse=True, return_counts=True)
    grouped = np.where(count[inverse] >= fewest, names[inverse], SMALL_SYSTEMS)
    return {str(name): eer(genuine, scores[grouped == name]) for name in np.unique(grouped)}


def mean_system_eer(segments: ScoredSegments, fewest: int = FEWEST_UTTERANCES) -> float:
    """Return the mean over conditions of the mean over systems of the EER, 0 to 1.

    Raises:
        InputError: a condition lacks genuine or synthetic utterances, or there is none.
    """
    means = []
    for condition in np.unique(segments.condition):
        eers = list(system_eers(segments, str(condition), fewest).values())
        if not eers or not np.isfinite(eers).all():
            raise InputError(
                f"nothing can be chosen on condition {condition}: it needs utterances of both classes"
            )
        means.append(float(np.mean(eers)))
    if not means:
        raise InputError("nothing can be chosen: there are no scored utterances")
    return float(np.mean(means))
