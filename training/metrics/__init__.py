"""Metrics of a countermeasure, in one place for training, validation and `verity evaluate`; no PyTorch.

Scores are higher for bona fide speech. Rates are fractions. A metric of an empty class is NaN, on
purpose: it is not known. Infinite scores are ordered like others. A score that is NaN is an error of
the caller (`InputError`).
"""

from training.metrics.bootstrap import Clustered, Interval, bootstrap, cluster_bootstrap
from training.metrics.confusion import Confusion, confusion_at, confusion_with_zone
from training.metrics.detection import (
    C_FALSE_ALARM,
    C_MISS,
    P_SPOOF,
    ErrorPoint,
    act_dcf,
    auc,
    det_points,
    eer,
    equal_error_rate,
    error_curve,
    error_rates,
    hter,
    min_dcf,
)
from training.metrics.likelihood import (
    ReliabilityBin,
    cllr,
    min_cllr,
    pav_llr,
    reliability,
)
from training.metrics.scores import Scores, checked
from training.metrics.tandem import (
    AsvErrors,
    AsvScores,
    TandemCosts,
    TandemForm,
    min_tdcf,
    read_asv_scores,
    tandem_weights,
)

__all__ = [
    "C_FALSE_ALARM",
    "C_MISS",
    "P_SPOOF",
    "AsvErrors",
    "AsvScores",
    "Clustered",
    "Confusion",
    "ErrorPoint",
    "Interval",
    "ReliabilityBin",
    "Scores",
    "TandemCosts",
    "TandemForm",
    "act_dcf",
    "auc",
    "bootstrap",
    "checked",
    "cllr",
    "cluster_bootstrap",
    "confusion_at",
    "confusion_with_zone",
    "det_points",
    "eer",
    "equal_error_rate",
    "error_curve",
    "error_rates",
    "hter",
    "min_cllr",
    "min_dcf",
    "min_tdcf",
    "pav_llr",
    "read_asv_scores",
    "reliability",
    "tandem_weights",
]
