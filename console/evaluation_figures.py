"""The figures that `verity evaluate` prints: fractions, never percent.

What a reader of reports meets is the verdict: it asks for enough voice and for spans besides the
whole recording's LLR, so its error rates are counted from verdicts, beside those of the LLR alone.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from console.evaluation import FAILED, ScoredPath
from console.evaluation_groups import CALLED_GENUINE, CALLED_SYNTHETIC, groups_of, worst_source
from console.examiner import load_detector
from pipeline.vocabulary import Label, VerdictKind

Figure = float | int | str | None

FIGURE_WORDS: Mapping[str, str] = {
    "model": "model",
    "n_rows": "rows",
    "n_failed": "  failed (no report)",
    "n_without_llr": "  without any scored voice",
    "n_bonafide": "scored, genuine",
    "n_spoof": "scored, synthetic",
    "eer": "EER",
    "cllr": "Cllr",
    "min_cllr": "min Cllr",
    "auc": "AUC",
    "min_dcf": "minDCF (5 % synthetic, costs 1 and 10)",
    "act_dcf": "actDCF, at the LLR that these costs ask for",
    "bonafide_rejected_rate_at_0": "genuine called synthetic, at LLR 0",
    "spoof_accepted_rate_at_0": "synthetic called genuine, at LLR 0",
    "hter_at_0": "HTER, at LLR 0: half of both",
    "accuracy_at_0": "accuracy, at LLR 0",
    "f1_at_0": "F1 of synthetic, at LLR 0",
    "worst_source": "genuine source that is called synthetic most, at LLR 0",
    "worst_source_rate_at_0": "  how often",
    "bonafide_rejected_rate": "genuine called synthetic, by verdict",
    "spoof_accepted_rate": "synthetic called genuine, by verdict",
    "synthetic_below": "shipped threshold: synthetic at or below LLR",
    "bonafide_at_or_below_rate": "  genuine with an LLR at or below it",
    "no_evidence_above": "shipped threshold: no evidence at or above LLR",
    "spoof_at_or_above_rate": "  synthetic with an LLR at or above it",
    "decided_share": "share of rows with a decision",
    "decided_wrong_share": "  of these, wrong",
    "bonafide_kept": "verdicts: genuine called genuine",
    "bonafide_rejected": "  genuine called synthetic",
    "bonafide_undecided": "  genuine, undecided",
    "spoof_caught": "  synthetic called synthetic",
    "spoof_accepted": "  synthetic called genuine",
    "spoof_undecided": "  synthetic, undecided",
    "accuracy": "of verdicts: accuracy",
    "balanced_accuracy": "  accuracy at 50/50",
    "precision": "  precision of synthetic",
    "recall": "  recall of synthetic, undecided counts as missed",
    "f1": "  F1 of synthetic",
}


def figures_of(rows: Sequence[ScoredPath], model: str) -> dict[str, Figure]:
    """Return the figures of scored rows; None where a class is missing.

    Args:
        rows: as `evaluate_rows` yields them.
        model: a name or a file; empty: the default.
    """
    from training import metrics

    card = load_detector(model).card
    thresholds = card.thresholds
    bonafide, spoof = (_llrs(rows, label) for label in (Label.BONAFIDE, Label.SPOOF))
    figures: dict[str, Figure] = dict.fromkeys(FIGURE_WORDS)
    figures |= {
        "model": card.name,
        "n_rows": len(rows),
        "n_failed": sum(row.verdict == FAILED for row in rows),
        "n_without_llr": sum(row.llr is None and row.verdict != FAILED for row in rows),
        "n_bonafide": len(bonafide),
        "n_spoof": len(spoof),
        "synthetic_below": thresholds.synthetic_below,
        "no_evidence_above": thresholds.no_evidence_above,
        **_decided(rows),
        "bonafide_rejected_rate": _rate_of_verdicts(rows, Label.BONAFIDE, CALLED_SYNTHETIC),
        "spoof_accepted_rate": _rate_of_verdicts(rows, Label.SPOOF, CALLED_GENUINE),
        **_of_verdicts(rows),
    }
    if len(bonafide) and len(spoof):
        at_zero = metrics.error_rates(bonafide, spoof, 0.0)
        counts = metrics.confusion_at(bonafide, spoof, 0.0)
        figures |= {
            "eer": metrics.eer(bonafide, spoof),
            "cllr": metrics.cllr(bonafide, spoof),
            "min_cllr": metrics.min_cllr(bonafide, spoof),
            "auc": metrics.auc(bonafide, spoof),
            "bonafide_rejected_rate_at_0": at_zero.bonafide_rejected_rate,
            "spoof_accepted_rate_at_0": at_zero.spoof_accepted_rate,
            "min_dcf": metrics.min_dcf(bonafide, spoof),
            "act_dcf": metrics.act_dcf(bonafide, spoof),
            "hter_at_0": metrics.hter(bonafide, spoof, 0.0),
            "accuracy_at_0": counts.accuracy,
            "f1_at_0": counts.f1,
        }
    worst = worst_source(groups_of(rows))
    if worst is not None:
        figures |= {"worst_source": worst.name, "worst_source_rate_at_0": worst.wrong_rate_at_0}
    if len(bonafide):
        share = float(np.mean(bonafide <= thresholds.synthetic_below))
        figures["bonafide_at_or_below_rate"] = share
    if len(spoof):
        figures["spoof_at_or_above_rate"] = float(np.mean(spoof >= thresholds.no_evidence_above))
    return figures


def write_figures(path: Path, figures: Mapping[str, Figure]) -> None:
    """Write figures.json; null = not known, because nothing of that kind was scored."""
    text = json.dumps(figures, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _decided(rows: Sequence[ScoredPath]) -> dict[str, Figure]:
    """Return how many rows got a decision, and how many of these are wrong."""
    right = {
        VerdictKind.NO_EVIDENCE.value: Label.BONAFIDE.value,
        VerdictKind.SYNTHETIC.value: Label.SPOOF.value,
        VerdictKind.PARTLY_SYNTHETIC.value: Label.SPOOF.value,
    }
    decided = [row for row in rows if row.verdict in right]
    wrong = sum(row.row.label != right[row.verdict] for row in decided)
    return {
        "decided_share": len(decided) / len(rows),
        "decided_wrong_share": wrong / len(decided) if decided else None,
    }


def _of_verdicts(rows: Sequence[ScoredPath]) -> dict[str, Figure]:
    """Return the confusion matrix of the verdicts on rows with an LLR, and what is read off it."""
    from training.metrics import Confusion

    truths = (Label.BONAFIDE.value, Label.SPOOF.value)
    given: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.llr is not None and row.row.label in truths:
            said = "synthetic" if row.verdict in CALLED_SYNTHETIC else "undecided"
            given[row.row.label, "genuine" if row.verdict in CALLED_GENUINE else said] += 1
    bonafide, spoof = truths
    counts = Confusion(
        bonafide_kept=given[bonafide, "genuine"],
        bonafide_rejected=given[bonafide, "synthetic"],
        bonafide_undecided=given[bonafide, "undecided"],
        spoof_caught=given[spoof, "synthetic"],
        spoof_accepted=given[spoof, "genuine"],
        spoof_undecided=given[spoof, "undecided"],
    )
    shares = {
        "accuracy": counts.accuracy,
        "balanced_accuracy": counts.balanced_accuracy,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
    }
    # a share of nothing is not known, and JSON has no word for NaN
    known = {name: None if math.isnan(share) else share for name, share in shares.items()}
    return {**asdict(counts), **known}


def _rate_of_verdicts(
    rows: Sequence[ScoredPath], label: Label, verdicts: frozenset[str]
) -> float | None:
    """Return the share of a class's rows with an LLR whose verdict is one of these."""
    scored = [row for row in rows if row.row.label == label.value and row.llr is not None]
    if not scored:
        return None
    return sum(row.verdict in verdicts for row in scored) / len(scored)


def _llrs(rows: Sequence[ScoredPath], label: Label) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    kept = [row.llr for row in rows if row.row.label == label.value and row.llr is not None]
    return np.array(kept, dtype=np.float64)
