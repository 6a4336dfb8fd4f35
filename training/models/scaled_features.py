"""Scaled-features classifier: five hand-made features, standardised, then an MLP or a logistic.

Mean and deviation over time of MFCC, chroma, log-mel, spectral contrast and tonnetz in one row, as
in the popular notebooks on deepfake detection; `StandardScaler` and the classifiers are
scikit-learn's. Which features: `FRONT_ENDS_USED`, in this order.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from pipeline.vocabulary import FloatArray

Scores = NDArray[np.float64]
Flags = NDArray[np.bool_]

FRONT_ENDS_USED = ("mfcc", "chroma", "log_mel", "contrast", "tonnetz")
SURE = 1e-9  # shares nearer to 0 or 1 have no finite log-odds


class Classifier(Enum):
    """What stands behind the scaler."""

    MLP = "mlp"  # one hidden layer, stopped early on a tenth of the training rows
    LOGISTIC = "logistic"  # linear


@dataclass(frozen=True, slots=True)
class ScaledFeaturesConfig:
    """How the classifier is fitted."""

    classifier: Classifier = Classifier.MLP
    hidden_width: int = 128
    weight_decay: float = 1e-3  # of the MLP, alpha in scikit-learn
    seed: int = 1


class ScaledFeatures:
    """Statistics in, CM scores out: log-odds of bona fide at even classes."""

    def __init__(self, config: ScaledFeaturesConfig) -> None:
        """Make an unfitted classifier."""
        self._config = config
        self._pipeline: Pipeline | None = None

    def fit(self, statistics: FloatArray, is_bonafide: Flags, weights: Scores) -> None:
        """Fit the classifier.

        Args:
            statistics: (n, n_statistics), as `mean_and_deviation` gives them for each feature.
            is_bonafide: (n,).
            weights: (n,) of any sum, of which each class has half.
        """
        config = self._config
        even = weights * len(weights) / weights.sum()
        if config.classifier is Classifier.MLP:
            last = MLPClassifier(
                (config.hidden_width,),
                alpha=config.weight_decay,
                early_stopping=True,
                random_state=config.seed,
            )
            self._pipeline = make_pipeline(StandardScaler(), last)
            self._pipeline.fit(statistics, is_bonafide, mlpclassifier__sample_weight=even)
        else:
            last = LogisticRegression(max_iter=2000, random_state=config.seed)
            self._pipeline = make_pipeline(StandardScaler(), last)
            self._pipeline.fit(statistics, is_bonafide, logisticregression__sample_weight=even)

    def score(self, statistics: FloatArray) -> Scores:
        """Return CM scores (n,)."""
        assert self._pipeline is not None
        share = self._pipeline.predict_proba(statistics)[:, 1].astype(np.float64)
        share = np.clip(share, SURE, 1 - SURE)  # in float32 the upper end would be 1 again
        return np.asarray(np.log(share) - np.log(1 - share), dtype=np.float64)
