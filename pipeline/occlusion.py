"""Which parts of a second a score came from: each part is hidden in turn and the score asked again.

Occlusion as in Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (2014),
section 4.2, over time: a part is a strip of all features, and what hides it is each feature's mean
over the same second. It passes the check of `training.attention_check`, which masks by this very
code; raw attention did not. It tells what moved the score, not where something was made.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import NonFiniteScoreError
from pipeline.model_card import ModelCard
from pipeline.score import Detector
from pipeline.strongest import StrongSegment
from pipeline.vocabulary import Features, FloatArray

N_PARTS = 14  # of a second, 71 ms each: a syllable has two or three; each costs a pass of the graph


def hide_parts(features: Features, chosen: NDArray[np.bool_]) -> Features:
    """Return features with whole stretches of time replaced by each feature's mean.

    Args:
        features: name -> (n, n_frames, ...); every front end covers the same second.
        chosen: (n, n_parts), parts in order of time.
    """
    hidden: dict[str, FloatArray] = {}
    for name, tensor in features.tensors.items():
        n_frames = tensor.shape[1]
        part = ((np.arange(n_frames) + 0.5) * chosen.shape[1] / n_frames).astype(np.int64)
        is_hidden = chosen[:, part].reshape(len(tensor), n_frames, *[1] * (tensor.ndim - 2))
        fill = tensor.mean(axis=1, keepdims=True)
        hidden[name] = np.where(is_hidden, fill, tensor).astype(np.float32)
    return Features(hidden)


def hide_each_part(features: Features, n_parts: int = N_PARTS) -> Features:
    """Return `n_parts` rows for each row, in each of them another part hidden."""
    n_rows = len(next(iter(features.tensors.values())))
    repeated = {
        name: np.repeat(tensor, n_parts, axis=0) for name, tensor in features.tensors.items()
    }
    return hide_parts(Features(repeated), np.tile(np.eye(n_parts, dtype=np.bool_), (n_rows, 1)))


def llr_changes(
    strongest: Sequence[StrongSegment], hidden: FloatArray, card: ModelCard
) -> FloatArray:
    """Return how far each segment's LLR moves when one of its parts is hidden, (n, n_parts).

    The limit of LLRs is left out, which would hide how far a strong score moves.

    Args:
        strongest: n segments of the recording as it is.
        hidden: (n * n_parts,) CM scores of what `hide_each_part` made of them.
        card: of the model that gave the scores.
    """
    whole = np.array([one.cm_score for one in strongest])
    moved = hidden.reshape(len(whole), -1) - whole[:, None]
    changes: FloatArray = (card.calibration["recorded"].segment_scale * moved).astype(np.float32)
    return changes


def pick_rows(strongest: Sequence[StrongSegment], batches: Mapping[int, Features]) -> Features:
    """Return the segments' rows of their batches, at least one; `batches` by number."""
    names = batches[strongest[0].batch].tensors.keys()
    return Features(
        {
            name: np.stack([batches[one.batch].tensors[name][one.scored_row] for one in strongest])
            for name in names
        }
    )


def explain(
    strongest: Sequence[StrongSegment], batches: Mapping[int, Features], detector: Detector
) -> FloatArray | None:
    """Return `llr_changes` of the segments, (n, N_PARTS): n * N_PARTS scorings.

    Args:
        strongest: at least one.
        batches: that they lie in, by number.
        detector: that scored them.

    Returns:
        None: of a segment with a hidden part this model makes no number; the item's own stand.
    """
    try:
        hidden = detector.score(hide_each_part(pick_rows(strongest, batches))).cm_score
    except NonFiniteScoreError:
        return None
    return llr_changes(strongest, hidden, detector.card)
