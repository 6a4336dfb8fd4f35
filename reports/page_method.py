"""The method's part of the pages: scale of words, decision rule, error rates, figures."""

import math
from collections.abc import Mapping, Sequence

from pipeline.model_card import ErrorRow, Figure
from pipeline.vocabulary import VerdictKind
from reports.canonical_json import Json
from reports.document import MethodPart
from reports.findings import Findings, VerdictFindings, rounded
from reports.page_rows import pairs
from reports.quantities import duration, exact_ratio, grouped, ratio, share, signed
from reports.scale import Step
from reports.wording import condition_text
from reports.words import Words

_MAX_CARD_TEXT = 4_000  # a card is ours: its lists are printed whole


def scale_part(verdict: VerdictFindings, words: Words) -> Json:
    """Return the words for LRs, and the most that may be claimed."""
    bounds = ["1–2", "2–10", "10–100", f"100–{grouped(1_000)}",
              f"{grouped(1_000)}–{grouped(10_000)}", f"> {grouped(10_000)}"]  # fmt: skip
    cap = ""
    if verdict.llr_limit > 0:
        cap = words.paragraphs["cap"].format(limit=exact_ratio(math.exp(verdict.llr_limit)))
    return {
        "text": words.paragraphs["scale"],
        "rows": [[bounds[step], words.steps[step]] for step in Step],
        "cap": cap,
    }


def method_part(method: MethodPart | None, findings: Findings, words: Words) -> Json:
    """Return the method in prose, its decision rule and its measured errors."""
    if method is None or findings.verdict is None:
        return {
            "text": words.paragraphs["method_none"],
            "decision": "",
            "rates": [],
            "figures": None,
        }
    limits = method.thresholds
    return {
        "text": words.paragraphs["method"].format(
            sample_rate=grouped(method.sample_rate),
            segment=duration(method.segment_s),
            hop=duration(findings.options.hop_s),
            model=method.detector,
        ),
        "decision": words.paragraphs["decision"].format(
            min_voiced=duration(limits.min_voiced_s),
            synthetic=_threshold(limits.synthetic_below, words),
            no_evidence=_threshold(limits.no_evidence_above, words),
            span_window=duration(limits.span_window_s),
            span=_threshold(limits.span_below, words),
        ),
        "rates_text": words.paragraphs["rates"],
        "rates": [
            {
                "here": _applies(row, findings.verdict),
                "cells": [
                    condition_text(row.condition, words),
                    duration(row.min_voiced_s),
                    share(row.bonafide_rejected_rate, form=words.share),
                    share(row.spoof_accepted_rate, form=words.share),
                    share(row.decided_share, 0, words.share),
                    f"{grouped(row.n_bonafide)} + {grouped(row.n_spoof)}",
                ],
            }
            for row in method.error_rates
        ],
        "figures": _figures(method.figures, words),
    }


def _figures(figures: Sequence[Figure], words: Words) -> Json:
    """Return a table with one row per test and one column per measure."""
    metrics = list(dict.fromkeys(figure.metric for figure in figures))
    tests = dict.fromkeys((figure.test, figure.n_bonafide, figure.n_spoof) for figure in figures)
    values = {(figure.test, figure.metric): f"{figure.value:.3f}" for figure in figures}
    return {
        "names": [
            words.labels["figure_test"],
            *(words.metrics.get(metric, metric) for metric in metrics),
            words.labels["rates_items"],
        ],
        "rows": [
            [
                condition_text(test, words),
                *(values.get((test, metric), "") for metric in metrics),
                f"{grouped(n_bonafide)} + {grouped(n_spoof)}",
            ]
            for test, n_bonafide, n_spoof in tests
        ],
    }


def _applies(row: ErrorRow, verdict: VerdictFindings) -> bool:
    """Tell whether the verdict's error rates are this row of the card; no row is of stretches."""
    rates = verdict.error_rates
    if rates is None or verdict.kind is VerdictKind.PARTLY_SYNTHETIC:
        return False
    return (
        rates.n_bonafide,
        rates.n_spoof,
        rates.bonafide_rejected_rate,
        rates.spoof_accepted_rate,
    ) == (
        row.n_bonafide,
        row.n_spoof,
        rounded(row.bonafide_rejected_rate),
        rounded(row.spoof_accepted_rate),
    )


def _threshold(llr: float, words: Words) -> str:
    """Return a threshold as a ratio and the proposition that it favours, and as the LLR."""
    side = words.labels["hp_bonafide" if llr > 0 else "hp_spoof"]
    times = ratio(math.exp(abs(llr))) if abs(llr) >= math.log(10) else f"{math.exp(abs(llr)):.2g}"
    return words.paragraphs["threshold"].format(times=times, side=side, llr=signed(llr))


def model_facts(method: MethodPart | None, labels: Mapping[str, str]) -> list[Json]:
    """Return what the detector was made from."""
    if method is None:
        return []
    return pairs(
        [
            (labels["trained_on"], method.training_data),
            (labels["generators"], ", ".join(method.generators)),
            (labels["cutoff"], method.cutoff),
            (labels["languages"], ", ".join(method.languages)),
            (labels["licence"], method.licence),
        ],
        _MAX_CARD_TEXT,
    )
