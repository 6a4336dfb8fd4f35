"""The tables of docs/validation.md, as Markdown lines, from scored segments and the card.

Rates are percent here, for readers; "genuine called synthetic" and the like are at the LLR 0 and at
the card's thresholds, between which nothing is decided.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.model_card import ModelCard
from training.calibration import Flags, Items, ScoredSegments, Scores, utterance_items
from training.card_limits import SMALLEST_GROUP, SPOOF
from training.detector_card import items_and_llr
from training.manifests import Utterance
from training.metrics import (
    Clustered,
    Confusion,
    act_dcf,
    auc,
    cllr,
    cluster_bootstrap,
    confusion_at,
    confusion_with_zone,
    eer,
    hter,
    min_cllr,
    min_dcf,
)
from training.validate import utterance_llr
from training.validation_conditions import MIXED, SINGLE

N_COPIES = 200  # of the bootstrap
WHOLE = "whole, up to 3.6 s"
VOICED_S = (1, 2, 4, 8)
UNKNOWN = "unknown"  # a language that the manifest does not name


def headline(segments: ScoredSegments, card: ModelCard) -> list[str]:
    """Return a row for each condition and amount of voice; the mixed ones have all amounts."""
    lines = [
        "| condition | voice | genuine / synthetic | EER % (95 %) | AUC | minDCF | Cllr | min Cllr "
        "| genuine called synthetic at llr 0 / shipped % | synthetic called genuine at llr 0 / "
        "shipped % | decided % | actDCF | HTER at llr 0 % |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for condition in conditions_of(segments):
        chosen = segments.select(segments.condition == condition)
        whole = utterance_items(chosen)
        lines.append(_row(condition, WHOLE, whole, utterance_llr(whole, card), card))
        for voiced_s in VOICED_S if condition in {one.name for one in MIXED} else ():
            items, llr = items_and_llr(chosen, voiced_s, card.calibration["recorded"])
            if 0 < items.is_bonafide.sum() < len(llr):
                lines.append(_row(condition, f"{voiced_s} s", items, llr, card))
    return lines


def decision_lines(segments: ScoredSegments, card: ModelCard) -> list[str]:
    """Return the confusion matrix at the shipped thresholds and what is read off it."""
    lines = [
        "| condition, voice | genuine: called genuine / synthetic / open | synthetic: called synthetic "
        "/ genuine / open | accuracy % | at 50/50 % | precision % | recall % | F1 | at llr 0: accuracy "
        "% | at 50/50 % | F1 |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for condition in conditions_of(segments):
        chosen = segments.select(segments.condition == condition)
        whole = utterance_items(chosen)
        lines.append(
            _decision_row(f"{condition}, {WHOLE}", whole, utterance_llr(whole, card), card)
        )
        for voiced_s in (4, 8) if condition in {one.name for one in MIXED} else ():
            items, llr = items_and_llr(chosen, voiced_s, card.calibration["recorded"])
            if len(llr):
                lines.append(_decision_row(f"{condition}, {voiced_s} s", items, llr, card))
    return lines


def group_lines(segments: ScoredSegments, card: ModelCard) -> list[str]:
    """Return the errors of each source and system with enough utterances, in the mixed conditions."""
    names = [one.name for one in MIXED]
    lines = [
        "| source or system | utterances | wrong at llr 0, clean % | web % | degraded % "
        "| wrong at the shipped threshold, clean % | web % | degraded % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    tables = {name: group_errors(segments, card, name) for name in names}
    for group, (count, _, _) in tables["clean"].items():
        if count >= SMALLEST_GROUP:
            nothing = (0, float("nan"), float("nan"))
            cells = [tables[name].get(group, nothing) for name in names]
            rates = [cell[1] for cell in cells] + [cell[2] for cell in cells]
            shown = " | ".join(f"{100 * rate:.0f}" for rate in rates)
            lines.append(f"| {group} | {count} | {shown} |")
    return lines


def group_errors(
    segments: ScoredSegments, card: ModelCard, condition: str
) -> Mapping[str, tuple[int, float, float]]:
    """Return, for each source and system, (utterances, wrong at llr 0, wrong at the thresholds)."""
    items = utterance_items(segments.select(segments.condition == condition))
    llr = utterance_llr(items, card)
    at_zero, shipped = wrong_answers(llr, items, card)
    return {
        str(name): (int(own.sum()), float(at_zero[own].mean()), float(shipped[own].mean()))
        for name in np.unique(items.group)
        for own in [items.group == name]
    }


def wrong_answers(llr: Scores, items: Items, card: ModelCard) -> tuple[Flags, Flags]:
    """Return which items lie on the wrong side of llr 0, and which are decided wrongly."""
    low, high = card.thresholds.synthetic_below, card.thresholds.no_evidence_above
    synthetic = llr <= low
    at_zero = (llr >= 0) != items.is_bonafide
    return at_zero, np.where(items.is_bonafide, synthetic, (llr >= high) & ~synthetic)


def kind_lines(
    segments: ScoredSegments, card: ModelCard, utterances: Sequence[Utterance]
) -> list[str]:
    """Return each kind of synthetic speech against all genuine utterances, by origin."""
    lines = [
        "| kind, origin | synthetic | EER clean % | web % | degraded % | called genuine at llr 0, "
        "clean % |",
        "|---|---|---|---|---|---|",
    ]
    kinds = np.array([f"{row.kind}, {row.source}" if row.kind else "" for row in utterances])
    sources = sorted({row.source for row in utterances if row.kind})
    of_utterance = kinds[segments.utterance]
    named = [(kind, of_utterance == kind) for kind in np.unique(of_utterance) if kind]
    named += [(f"all, {name}", np.char.endswith(of_utterance, f", {name}")) for name in sources]
    for kind, wanted in named:
        rates, count, accepted = [], 0, float("nan")
        for condition in ("clean", "web", "degraded"):
            chosen = (segments.condition == condition) & (segments.is_bonafide | wanted)
            items = utterance_items(segments.select(chosen))
            llr = utterance_llr(items, card)
            spoof = llr[~items.is_bonafide]
            rates.append(f"{100 * eer(llr[items.is_bonafide], spoof):.0f}")
            if condition == "clean" and len(spoof):
                count, accepted = len(spoof), float(np.mean(spoof >= 0))
        lines.append(f"| {kind} | {count} | {' | '.join(rates)} | {100 * accepted:.0f} |")
    return lines


def language_lines(
    segments: ScoredSegments, card: ModelCard, utterances: Sequence[Utterance]
) -> list[str]:
    """Return the errors by language, clean; languages that training did not hear are marked."""
    lines = [
        "| language, clean | genuine | called synthetic at llr 0 / shipped % | synthetic | called "
        "genuine at llr 0 / shipped % | EER % |",
        "|---|---|---|---|---|---|",
    ]
    items = utterance_items(segments.select(segments.condition == "clean"))
    llr = utterance_llr(items, card)
    at_zero, shipped = wrong_answers(llr, items, card)
    spoken = np.array([row.language or UNKNOWN for row in utterances])[items.utterance]
    for language in np.unique(spoken):
        own = spoken == language
        if own.sum() < SMALLEST_GROUP:
            continue
        cells = []
        for of_class in (own & items.is_bonafide, own & ~items.is_bonafide):
            rates = [f"{100 * wrong[of_class].mean():.0f}" if of_class.any() else "–"
                     for wrong in (at_zero, shipped)]  # fmt: skip
            cells.append(f"{of_class.sum()} | {' / '.join(rates)}")
        rate = eer(llr[own & items.is_bonafide], llr[own & ~items.is_bonafide])
        known = "" if language in {*card.languages, UNKNOWN} else ", not in training"
        both = "–" if np.isnan(rate) else f"{100 * rate:.0f}"
        lines.append(f"| {language}{known} | {' | '.join(cells)} | {both} |")
    return lines


def met_lines(segments: ScoredSegments, card: ModelCard) -> list[str]:
    """Return systems that training never met beside systems that it met with other speakers."""
    lines = [
        "| systems | systems / synthetic utterances | EER clean % | web % | degraded % | called "
        "genuine at llr 0, clean % |",
        "|---|---|---|---|---|---|",
    ]
    met = np.isin(segments.group, [SPOOF + name for name in card.training.generators])
    for words, wanted in (
        ("never met in training", ~met & ~segments.is_bonafide),
        ("met in training, other speakers", met & ~segments.is_bonafide),
    ):
        rates, count, accepted = [], "0 / 0", float("nan")
        for condition in ("clean", "web", "degraded"):
            chosen = (segments.condition == condition) & (segments.is_bonafide | wanted)
            items = utterance_items(segments.select(chosen))
            llr = utterance_llr(items, card)
            spoof = llr[~items.is_bonafide]
            rates.append(f"{100 * eer(llr[items.is_bonafide], spoof):.0f}")
            if condition == "clean" and len(spoof):
                n_systems = len(np.unique(items.group[~items.is_bonafide]))
                count, accepted = f"{n_systems} / {len(spoof)}", float(np.mean(spoof >= 0))
        lines.append(f"| {words} | {count} | {' | '.join(rates)} | {100 * accepted:.0f} |")
    return [line.replace(" nan ", " – ") for line in lines]


def conditions_of(segments: ScoredSegments) -> list[str]:
    """Return the names of the conditions that both classes were scored under, in the usual order."""
    usual = [one.name for one in (*MIXED, *SINGLE)]
    there = [
        str(name)
        for name in np.unique(segments.condition)
        if 0
        < segments.is_bonafide[segments.condition == name].sum()
        < np.sum(segments.condition == name)
    ]
    return sorted(there, key=lambda name: (usual.index(name) if name in usual else 99, name))


def zone_confusion(llr: Scores, is_bonafide: Flags, card: ModelCard) -> Confusion:
    """Return the confusion matrix at the card's thresholds."""
    low, high = card.thresholds.synthetic_below, card.thresholds.no_evidence_above
    return confusion_with_zone(llr[is_bonafide], llr[~is_bonafide], low, high)


def _row(condition: str, voice: str, items: Items, llr: Scores, card: ModelCard) -> str:
    """Return one line of the headline table; the interval draws whole speakers and systems."""
    genuine = items.is_bonafide
    classes = llr[genuine], llr[~genuine]
    interval = cluster_bootstrap(
        eer,
        Clustered(classes[0], items.voice[genuine]),
        Clustered(classes[1], items.group[~genuine]),
        np.random.default_rng(0),
        N_COPIES,
    )
    zero = confusion_at(*classes, 0.0)
    zone = zone_confusion(llr, genuine, card)
    n_genuine, n_spoof = len(classes[0]), len(classes[1])
    return (
        f"| {condition} | {voice} | {n_genuine} / {n_spoof} "
        f"| {100 * interval.value:.1f} ({100 * interval.low:.1f}–{100 * interval.high:.1f}) "
        f"| {auc(*classes):.3f} | {min_dcf(*classes):.2f} | {cllr(*classes):.2f} "
        f"| {min_cllr(*classes):.2f} "
        f"| {100 * zero.bonafide_rejected / n_genuine:.0f} "
        f"/ {100 * zone.bonafide_rejected / n_genuine:.0f} "
        f"| {100 * zero.spoof_accepted / n_spoof:.0f} / {100 * zone.spoof_accepted / n_spoof:.0f} "
        f"| {100 * zone.decided_share:.0f} | {act_dcf(*classes):.2f} "
        f"| {100 * hter(*classes, 0.0):.0f} |"
    )


def _decision_row(name: str, items: Items, llr: Scores, card: ModelCard) -> str:
    """Return one line of the confusion table."""
    zone = zone_confusion(llr, items.is_bonafide, card)
    zero = confusion_at(llr[items.is_bonafide], llr[~items.is_bonafide], 0.0)
    return (
        f"| {name} | {zone.bonafide_kept} / {zone.bonafide_rejected} / {zone.bonafide_undecided} "
        f"| {zone.spoof_caught} / {zone.spoof_accepted} / {zone.spoof_undecided} "
        f"| {100 * zone.accuracy:.0f} | {100 * zone.balanced_accuracy:.0f} "
        f"| {100 * zone.precision:.0f} | {100 * zone.recall:.0f} | {zone.f1:.2f} "
        f"| {100 * zero.accuracy:.0f} | {100 * zero.balanced_accuracy:.0f} | {zero.f1:.2f} |"
    )
