"""The confusion matrix and what is read off it: accuracy, precision, recall, F1.

What is looked for is synthetic speech: it is the positive class of precision, recall and F1. A
share of nothing (no synthetic utterance, nothing called synthetic) is NaN.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from training.metrics.scores import checked


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts by truth (first word) and answer."""

    bonafide_kept: int  # genuine called genuine
    bonafide_rejected: int  # genuine called synthetic
    bonafide_undecided: int
    spoof_caught: int  # synthetic called synthetic
    spoof_accepted: int  # synthetic called genuine
    spoof_undecided: int

    @property
    def n_decided(self) -> int:
        """Return how many got an answer."""
        wrong = self.bonafide_rejected + self.spoof_accepted
        return self.bonafide_kept + self.spoof_caught + wrong

    @property
    def decided_share(self) -> float:
        """Return the share that got an answer."""
        undecided = self.bonafide_undecided + self.spoof_undecided
        return _share(self.n_decided, self.n_decided + undecided)

    @property
    def accuracy(self) -> float:
        """Return the share of right answers; it depends on how many of each class there are."""
        return _share(self.bonafide_kept + self.spoof_caught, self.n_decided)

    @property
    def balanced_accuracy(self) -> float:
        """Return the accuracy if half of the decided were synthetic (50/50 priors)."""
        genuine = _share(self.bonafide_kept, self.bonafide_kept + self.bonafide_rejected)
        return (genuine + _share(self.spoof_caught, self.spoof_caught + self.spoof_accepted)) / 2

    @property
    def precision(self) -> float:
        """Return the share of the accused that are synthetic."""
        return _share(self.spoof_caught, self.spoof_caught + self.bonafide_rejected)

    @property
    def recall(self) -> float:
        """Return the share of synthetic speech that is called so; undecided counts as missed."""
        n_spoof = self.spoof_caught + self.spoof_accepted + self.spoof_undecided
        return _share(self.spoof_caught, n_spoof)

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall; NaN without any synthetic speech."""
        missed = self.spoof_accepted + self.spoof_undecided
        return _share(
            2 * self.spoof_caught, 2 * self.spoof_caught + self.bonafide_rejected + missed
        )


def confusion_at(bonafide: ArrayLike, spoof: ArrayLike, threshold: float) -> Confusion:
    """Return the counts at one threshold: at or above it is called genuine."""
    return confusion_with_zone(bonafide, spoof, float(np.nextafter(threshold, -np.inf)), threshold)


def confusion_with_zone(
    bonafide: ArrayLike, spoof: ArrayLike, synthetic_below: float, no_evidence_above: float
) -> Confusion:
    """Return the counts with an inconclusive zone, edges decided as `pipeline.decide` does.

    Args:
        bonafide: LLRs (n_bonafide,).
        spoof: LLRs (n_spoof,).
        synthetic_below: at or below it is called synthetic.
        no_evidence_above: at or above it, and not synthetic, is called genuine.
    """
    counts: list[int] = []
    for scores in (checked(bonafide), checked(spoof)):
        synthetic = scores <= synthetic_below
        genuine = (scores >= no_evidence_above) & ~synthetic
        counts += [int(genuine.sum()), int(synthetic.sum()), int((~(genuine | synthetic)).sum())]
    kept, rejected, genuine_open, accepted, caught, spoof_open = counts
    return Confusion(kept, rejected, genuine_open, caught, accepted, spoof_open)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
