"""SVM on statistics of a segment: with the LFCC front end this is the LFCC-SVM of the field.

Mean and deviation over time of each value, standardised, then a support vector machine with
Gaussian kernels (scikit-learn).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from pipeline.vocabulary import FloatArray

Scores = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SvmConfig:
    """How the machine is fitted."""

    penalty: float = 2.0  # C; with `width` the values of SCIENCE.md §8, not tuned again
    width: float = 0.7  # gamma times the number of statistics


def mean_and_deviation(frames: FloatArray) -> FloatArray:
    """Return the statistics (n, 2 * n_values) of features (n, n_frames, n_values)."""
    return np.concatenate([frames.mean(axis=1), frames.std(axis=1)], axis=1, dtype=np.float32)


class StatisticsSvm:
    """Statistics in, CM scores out: the signed distance from the border; 0 is the 50/50 border."""

    def __init__(self, config: SvmConfig) -> None:
        """Make an unfitted machine."""
        self._config = config
        self._machine: Pipeline | None = None

    def fit(self, statistics: FloatArray, is_bonafide: Flags, weights: Scores) -> None:
        """Fit the machine.

        Args:
            statistics: (n, n_statistics).
            is_bonafide: (n,).
            weights: (n,) of any sum, of which each class has half.
        """
        gamma = self._config.width / statistics.shape[1]
        self._machine = make_pipeline(
            StandardScaler(), SVC(C=self._config.penalty, gamma=gamma, cache_size=1000)
        )
        even = weights * len(weights) / weights.sum()  # C counts per row of weight 1
        self._machine.fit(statistics, is_bonafide, svc__sample_weight=even)

    def score(self, statistics: FloatArray) -> Scores:
        """Return CM scores (n,)."""
        assert self._machine is not None
        return np.asarray(self._machine.decision_function(statistics), dtype=np.float64)
