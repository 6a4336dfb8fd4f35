"""Figures of transfer: errors with calibration and thresholds of other folds, for card and page.

They are what an unknown source will meet, as far as the inner folds can tell; the figures that were
measured where things were chosen stand beside them to show how much those flatter.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.calibrate import pooled_row
from pipeline.model_card import ErrorRow, Figure
from training.calibration import ScoredSegments, choose_thresholds, fit_pooled, make_items
from training.metrics import act_dcf, cllr, confusion_with_zone, eer, equal_error_rate, min_cllr
from training.transfer import FittedCalibration, HeldOutItems

DECISION_S = 4  # thresholds are set on items of this much voice (DESIGN.md §3)


def transferred_thresholds(
    held_out: Sequence[HeldOutItems], wanted_error: float
) -> Mapping[int, tuple[float, float]]:
    """Return (synthetic_below, no_evidence_above) for each fold, set on the other folds."""
    (decided,) = (held for held in held_out if held.voiced_s == DECISION_S)
    return {
        int(name): choose_thresholds(others.llr, others.items, wanted_error)
        for name in np.unique(decided.fold)
        for others in [decided.select(decided.fold != name)]
    }


def transferred_rows(
    held_out: Sequence[HeldOutItems], wanted_error: float, test: str
) -> tuple[ErrorRow, ...]:
    """Return the error rates with calibration and thresholds of the other folds.

    Args:
        held_out: for each amount of voice; one of them of `DECISION_S`.
        wanted_error: as the shipped thresholds are set with.
        test: what the rows' condition starts with.
    """
    zones = transferred_thresholds(held_out, wanted_error)
    rows = []
    for held in held_out:
        for condition in np.unique(held.items.condition):
            genuine = held.items.is_bonafide
            low = np.array([zones[int(name)][0] for name in held.fold])
            high = np.array([zones[int(name)][1] for name in held.fold])
            # 0 to 1 is each fold's inconclusive zone
            place = (held.llr - low) / np.maximum(high - low, 1e-9)
            chosen = held.items.condition == condition
            counts = confusion_with_zone(
                place[chosen & genuine], place[chosen & ~genuine], 0.0, 1.0
            )
            n_bonafide, n_spoof = int((chosen & genuine).sum()), int((chosen & ~genuine).sum())
            rows.append(
                ErrorRow(
                    condition=f"{test}, {condition}",
                    min_voiced_s=float(held.voiced_s),
                    bonafide_rejected_rate=round(counts.bonafide_rejected / max(n_bonafide, 1), 4),
                    spoof_accepted_rate=round(counts.spoof_accepted / max(n_spoof, 1), 4),
                    decided_share=round(counts.decided_share, 4) if n_bonafide + n_spoof else 0.0,
                    n_bonafide=n_bonafide,
                    n_spoof=n_spoof,
                )
            )
    return tuple(sorted(rows, key=lambda row: (row.condition, row.min_voiced_s)))


def transferred_figures(
    held_out: Sequence[HeldOutItems], calibration: FittedCalibration, test: str
) -> tuple[Figure, ...]:
    """Return EER, Cllr (of the shrunk LLRs), min Cllr, actDCF and HTER, nothing fitted on its fold.

    HTER is taken at the threshold of equal errors of the other folds.
    """
    limit, factor = calibration.calibration.llr_limit, calibration.shrinkage
    figures = []
    for held in held_out:
        for condition in np.unique(held.items.condition):
            part = held.select(held.items.condition == condition)
            genuine = part.items.is_bonafide
            llr = np.clip(factor * part.llr, -limit, limit)
            classes = llr[genuine], llr[~genuine]
            values = {
                "eer": eer(*classes),
                "cllr": cllr(*classes),
                "min_cllr": min_cllr(*classes),
                "act_dcf": act_dcf(*classes),
                "hter_transferred": transferred_hter(part),
            }
            figures += [
                Figure(
                    test=f"{test}, {condition}, {held.voiced_s} s",
                    metric=metric,
                    value=round(value, 4),
                    n_bonafide=int(genuine.sum()),
                    n_spoof=int((~genuine).sum()),
                )
                for metric, value in values.items()
                if np.isfinite(value)
            ]
    return tuple(figures)


def transferred_hter(held: HeldOutItems) -> float:
    """Return half the total error rate, each fold at the equal-error threshold of the others."""
    wrong = np.zeros(len(held.llr), dtype=np.bool_)
    for name in np.unique(held.fold):
        others = held.select(held.fold != name)
        genuine = others.items.is_bonafide
        threshold = equal_error_rate(others.llr[genuine], others.llr[~genuine]).threshold
        own = held.fold == name
        wrong[own] = (held.llr[own] >= threshold) != held.items.is_bonafide[own]
    rates = [wrong[of_class] for of_class in (held.items.is_bonafide, ~held.items.is_bonafide)]
    return float(np.mean([rate.mean() if len(rate) else np.nan for rate in rates]))


def transfer_lines(fitted: FittedCalibration, segments: ScoredSegments) -> list[str]:
    """Return a Markdown table: what the folds' own calibration flatters by, and what shrinking does."""
    lines = [
        "| condition | voice | Cllr, own folds | held out | held out, shrunk | worst fold | worst, "
        "shrunk | min Cllr | EER % | HTER %, transferred |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    rows = fit_pooled(segments)
    for held in fitted.held_out:
        own = pooled_row(rows, held.voiced_s)
        joined = make_items(segments, held.voiced_s)
        for condition in np.unique(held.items.condition):
            part = held.select(held.items.condition == condition)
            genuine = part.items.is_bonafide
            if not 0 < genuine.sum() < len(genuine):
                continue
            of_own = joined.select(joined.condition == condition)
            flattered = of_own.score * own.scale + own.offset
            folds = [part.select(part.fold == name) for name in np.unique(part.fold)]
            worst = [
                max(
                    cllr(k * one.llr[one.items.is_bonafide], k * one.llr[~one.items.is_bonafide])
                    for one in folds
                    if 0 < one.items.is_bonafide.sum() < len(one.llr)
                )
                for k in (1.0, fitted.shrinkage)
            ]
            classes = part.llr[genuine], part.llr[~genuine]
            shrunk = [fitted.shrinkage * scores for scores in classes]
            lines.append(
                f"| {condition} | {held.voiced_s} s "
                f"| {cllr(flattered[of_own.is_bonafide], flattered[~of_own.is_bonafide]):.2f} "
                f"| {cllr(*classes):.2f} | {cllr(*shrunk):.2f} | {worst[0]:.2f} | {worst[1]:.2f} "
                f"| {min_cllr(*classes):.2f} | {100 * eer(*classes):.1f} "
                f"| {100 * transferred_hter(part):.1f} |"
            )
    return lines
