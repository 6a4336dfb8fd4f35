"""Validate: the shipped file itself on held-out utterances, from samples to decisions.

Segments are cut and scored as the product does it, but for voice activity: the utterances are
trimmed speech, of which near-silent seconds are dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from pipeline.frontends import compute
from pipeline.model_card import METADATA_KEY, ModelCard, read_card
from pipeline.vocabulary import FloatArray
from training.calibration import Items, ScoredSegments, by_group, join_scores, utterance_items
from training.detector_card import items_and_llr
from training.feature_cache import CopyPlan, make_waveforms
from training.manifests import Utterance
from training.metrics import auc, bootstrap, cllr, eer, error_rates, min_cllr, min_dcf
from training.segment_scores import QUIET_SHARE, describe

SMALLEST_GROUP = 20  # utterances from which a group has a line of its own


@dataclass(frozen=True, slots=True)
class ShippedDetector:
    """An ONNX file opened with its card; one session for a run's life."""

    session: onnxruntime.InferenceSession
    card: ModelCard

    def score(self, segments: FloatArray) -> FloatArray:
        """Return CM scores of segments (n, segment_samples)."""
        spec = self.card.front_ends[0]
        features = compute(spec.front_end, spec.config, segments)
        scores: FloatArray = self.session.run(["cm_score"], {spec.input_name: features})[0]
        return scores


def open_shipped(path: Path) -> ShippedDetector:
    """Return a detector file of ours, opened."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    card = read_card(session.get_modelmeta().custom_metadata_map[METADATA_KEY])
    assert isinstance(card, ModelCard)
    return ShippedDetector(session, card)


def score_shipped(
    shipped: ShippedDetector,
    utterances: Sequence[Utterance],
    conditions: Sequence[tuple[str, CopyPlan]],
) -> ScoredSegments:
    """Return the utterances' segments under each condition, scored by the file."""
    parts = []
    for condition, plan in conditions:
        waveforms = make_waveforms(utterances, plan)
        for row, (utterance, samples) in enumerate(zip(utterances, waveforms, strict=True)):
            score = shipped.score(cut_samples(samples, shipped.card.segment_samples))
            facts = describe(utterance, row, condition, len(score))
            parts.append(facts.with_score(score.astype(np.float64)))
    return join_scores(parts)


def cut_samples(samples: FloatArray, segment_samples: int) -> FloatArray:
    """Return segments (n, segment_samples), the last aligned to the end, quiet ones dropped."""
    last = max(0, len(samples) - segment_samples)
    starts = list(range(0, last + 1, segment_samples))
    if last > starts[-1]:
        starts.append(last)
    padded = np.resize(samples, max(len(samples), segment_samples))
    segments = np.stack([padded[at : at + segment_samples] for at in starts])
    power = (segments**2).mean(axis=1)
    return np.asarray(segments[power > QUIET_SHARE * power.max()], dtype=np.float32)


def headline(segments: ScoredSegments, card: ModelCard) -> list[str]:
    """Return the headline table as Markdown lines: a row for each condition and length."""
    lines = [
        "| condition | voice | genuine / synthetic | EER % (95 %) | AUC | minDCF | Cllr | min Cllr "
        "| genuine called synthetic at llr 0 / shipped % | synthetic called genuine at llr 0 / "
        "shipped % | decided % |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for condition in ("clean", "web", "degraded"):
        chosen = segments.select(segments.condition == condition)
        if len(chosen.score):
            items = utterance_items(chosen)
            lines.append(
                _row(condition, "whole, up to 3.6 s", items, utterance_llr(items, card), card)
            )
            for voiced_s in (1, 2, 4, 8):
                joined, llr = items_and_llr(chosen, voiced_s, card.calibration["recorded"])
                if 0 < joined.is_bonafide.sum() < len(joined.score):
                    lines.append(_row(condition, f"{voiced_s} s", joined, llr, card))
    return lines


def group_lines(segments: ScoredSegments, card: ModelCard) -> list[str]:
    """Return the errors of each source and system with enough utterances, clean and degraded."""
    lines = [
        "| source or system | utterances | wrong at llr 0, clean % | web % | degraded % |",
        "|---|---|---|---|---|",
    ]
    tables = {}
    for condition in ("clean", "web", "degraded"):
        items = utterance_items(segments.select(segments.condition == condition))
        tables[condition] = by_group(utterance_llr(items, card), items, 0.0)
    for name, (_, count) in tables["clean"].items():
        if count >= SMALLEST_GROUP:
            wrong = " | ".join(
                f"{100 * tables[condition].get(name, (float('nan'), 0))[0]:.0f}"
                for condition in ("clean", "web", "degraded")
            )
            lines.append(f"| {name} | {count} | {wrong} |")
    return lines


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
    origins = [*np.unique(kinds[kinds != ""]), *(f"all, {name}" for name in ("demo", "made"))]
    for kind in origins:
        rates, count, accepted = [], 0, 0.0
        for condition in ("clean", "web", "degraded"):
            of_kind = kinds[segments.utterance]
            wanted = np.char.endswith(of_kind, kind[4:]) if kind[:4] == "all," else of_kind == kind
            chosen = (segments.condition == condition) & (segments.is_bonafide | wanted)
            items = utterance_items(segments.select(chosen))
            spoof = items.score[~items.is_bonafide]
            rates.append(f"{100 * eer(items.score[items.is_bonafide], spoof):.0f}")
            if condition == "clean":
                count = len(spoof)
                accepted = float(np.mean(utterance_llr(items, card)[~items.is_bonafide] >= 0))
        lines.append(f"| {kind} | {count} | {' | '.join(rates)} | {100 * accepted:.0f} |")
    return lines


def _row(
    condition: str,
    voice: str,
    items: Items,
    llr: np.ndarray[tuple[int], np.dtype[np.float64]],
    card: ModelCard,
) -> str:
    """Return one line of the headline table."""
    genuine, spoof = llr[items.is_bonafide], llr[~items.is_bonafide]
    raw = items.score[items.is_bonafide], items.score[~items.is_bonafide]
    interval = bootstrap(eer, *raw, np.random.default_rng(0), 200)
    zero = error_rates(genuine, spoof, 0.0)
    low, high = card.thresholds.synthetic_below, card.thresholds.no_evidence_above
    decided = (llr < low) | (llr > high)
    return (
        f"| {condition} | {voice} | {len(genuine)} / {len(spoof)} "
        f"| {100 * interval.value:.1f} ({100 * interval.low:.1f}–{100 * interval.high:.1f}) "
        f"| {auc(*raw):.3f} | {min_dcf(*raw):.2f} | {cllr(genuine, spoof):.2f} "
        f"| {min_cllr(*raw):.2f} "
        f"| {100 * zero.bonafide_rejected_rate:.0f} / {100 * np.mean(genuine < low):.0f} "
        f"| {100 * zero.spoof_accepted_rate:.0f} / {100 * np.mean(spoof > high):.0f} "
        f"| {100 * np.mean(decided):.0f} |"
    )


def utterance_llr(items: Items, card: ModelCard) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the LLR of whole utterances, by the row for 2 s: most have 2 to 3.6 s."""
    calibration = card.calibration["recorded"]
    row = [row for row in calibration.pooled if row.min_voiced_s <= 2.0][-1]
    limit = calibration.llr_limit
    return np.asarray(np.clip(row.scale * items.score + row.offset, -limit, limit))
