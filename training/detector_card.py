"""The shipped detector's card, filled from held-out scores of the inner folds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.calibrate import pooled_row
from pipeline.frontends import compute
from pipeline.model_card import (
    Calibration,
    ErrorRow,
    Figure,
    FrontEndSpec,
    ModelCard,
    Thresholds,
    TrainingFacts,
)
from training.calibration import (
    VOICE_AMOUNTS_S,
    Items,
    ScoredSegments,
    by_group,
    calibrated_llr,
    choose_thresholds,
    make_items,
    measure_errors,
    pooled_llr,
    utterance_items,
)
from training.card_limits import limits_of
from training.feature_cache import SAMPLE_RATE, read_speech
from training.manifests import Utterance
from training.metrics import cllr, eer, min_cllr
from training.recipes.phase_fusion import DATA_CUTOFF, NAME, Recipe
from training.splits import system_name
from training.transfer import fit_calibration
from training.transfer_figures import transferred_figures, transferred_rows

FRONT_END_NAMES = ("phase", "fbank")  # in the order of the graph's inputs
DECISION_S = 4  # a decision asks for this much voice (DESIGN.md §3)
SPAN_ITEM_S = 60
FALSE_SPAN_SHARE = 0.01  # of genuine items of 60 s
FALSE_DOUBT_SHARE = 0.05  # of the genuine items of 60 s that nothing else speaks against

CHOSEN_ON = "inner folds (calibration and thresholds of the other folds)"

SAID_OF_FOLDS = "On the inner folds (systems and sources held out)"
LIMITS = (  # of every release by this recipe; what a test found is said by `limits_of`
    "Low-rate codecs, telephone bands, rooms, noise and music raise the error.",
    "Synthesis by a method of which nothing was in training may pass as genuine.",
    "Speech after a neural codec is neither class here: it was left out of training and figures.",
    "Where much else sounds beside the voice, a decision needs the recording and the separated voice "
    "to agree (docs/separation.md); the error rates here were measured without that rule.",
    "Singing was not tested. Most languages are represented by few voices.",
)


def example_inputs(utterances: Sequence[Utterance]) -> list[Tensor]:
    """Return the first second of some utterances as the graph's inputs, for comparing runtimes."""
    samples = np.stack([read_speech(row.path)[:SAMPLE_RATE] for row in utterances])
    return [torch.from_numpy(compute(name, {}, samples)) for name in FRONT_END_NAMES]


@dataclass(frozen=True, slots=True)
class Decisions:
    """What is chosen on the held-out scores, and what it does to a fold that had no part in it."""

    calibration: Calibration
    thresholds: Thresholds
    error_rates: tuple[ErrorRow, ...]
    figures: tuple[Figure, ...]


def decide_on(
    segments: ScoredSegments,
    fold: NDArray[np.int64],
    scores_without: Mapping[int, NDArray[np.float64]],
    recipe: Recipe,
) -> Decisions:
    """Return calibration and thresholds for these held-out segments.

    Args:
        segments: of all inner folds, with the fused score.
        fold: (n_segments,) the inner fold that each was held out in.
        scores_without: for each fold, all scores with fusion weights that had no part of it.
        recipe: the errors that are wanted.
    """
    limit = float(np.log(n_witnesses(segments)))
    fitted = fit_calibration(segments, fold, limit, scores_without)
    (decided,) = (held for held in fitted.held_out if held.voiced_s == DECISION_S)
    llr = np.clip(fitted.shrinkage * decided.llr, -limit, limit)
    low, high = choose_thresholds(llr, decided.items, recipe.wanted_error)
    thresholds = Thresholds(
        synthetic_below=round(low, 3),
        no_evidence_above=round(high, 3),
        span_below=choose_span_threshold(segments, fitted.calibration, recipe.span_window_s),
        doubt_below=choose_doubt_threshold(segments, fitted.calibration, round(high, 3)),
        span_window_s=float(recipe.span_window_s),
        min_voiced_s=float(DECISION_S),
    )
    return Decisions(
        fitted.calibration,
        thresholds,
        transferred_rows(fitted.held_out, recipe.wanted_error, CHOSEN_ON),
        transferred_figures(fitted.held_out, fitted, CHOSEN_ON),
    )


def items_and_llr(
    segments: ScoredSegments, voiced_s: int, calibration: Calibration
) -> tuple[Items, NDArray[np.float64]]:
    """Return items with this much voice and their LLRs, as the product would give them."""
    items = make_items(segments, voiced_s)
    row = pooled_row(calibration.pooled, voiced_s)
    return items, pooled_llr(items, row, calibration.llr_limit)


def n_witnesses(segments: ScoredSegments) -> int:
    """Return the number of independent witnesses of the smaller class: speakers, or systems.

    No LLR beyond its logarithm is supported: a system that nobody met may be the next one.
    """
    speakers = np.unique(segments.voice[segments.is_bonafide])
    systems = np.unique(segments.group[~segments.is_bonafide])
    return min(len(speakers), len(systems))


def choose_span_threshold(
    segments: ScoredSegments, calibration: Calibration, window_s: int
) -> float:
    """Return the LLR under which 1 % of genuine 60-s items would show a false span.

    Items are joined from one source under one condition; in each, the lowest window counts.
    """
    limit = calibration.llr_limit
    lowest = np.clip(lowest_windows(segments, calibration, window_s)[0], -limit, limit)
    wanted = float(np.quantile(lowest, FALSE_SPAN_SHARE))
    return round(max(wanted - 0.05, -limit - 0.01), 3)


def choose_doubt_threshold(
    segments: ScoredSegments, calibration: Calibration, no_evidence_above: float
) -> float:
    """Return the LLR of a stretch at which 5 % of unsuspicious genuine 60-s items lose that word."""
    lowest, whole = lowest_windows(segments, calibration, DECISION_S)
    return round(float(np.quantile(lowest[whole >= no_evidence_above], FALSE_DOUBT_SHARE)), 3)


def lowest_windows(
    segments: ScoredSegments, calibration: Calibration, window_s: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, of genuine 60-s items, the lowest LLR of any window of segments, and the whole's LLR."""
    row = pooled_row(calibration.pooled, window_s)
    of_whole = pooled_row(calibration.pooled, SPAN_ITEM_S)
    genuine = segments.select(segments.is_bonafide)
    keys = np.char.add(np.char.add(genuine.group, "|"), genuine.condition)
    lowest, whole = [], []
    random = np.random.default_rng(0)
    for key in np.unique(keys):
        of_key = np.flatnonzero(keys == key)
        if len(of_key) < SPAN_ITEM_S:
            continue
        utterances = np.unique(genuine.utterance[of_key])
        for _ in range(20):  # utterances in random order, as many items as give steady numbers
            order = random.permutation(utterances)
            place = {name: i for i, name in enumerate(order)}
            joined = of_key[
                np.argsort([place[name] for name in genuine.utterance[of_key]], kind="stable")
            ][:SPAN_ITEM_S]
            scores = genuine.score[joined]
            means = np.convolve(scores, np.ones(window_s) / window_s, "valid")
            lowest.append(row.scale * float(means.min()) + row.offset)
            whole.append(of_whole.scale * float(scores.mean()) + of_whole.offset)
    return np.array(lowest, dtype=np.float64), np.array(whole, dtype=np.float64)


def measured_rows(
    segments: ScoredSegments, calibration: Calibration, thresholds: Thresholds, test: str
) -> tuple[ErrorRow, ...]:
    """Return the error rates for each condition and amount of voice of a named test."""
    rows = []
    for condition in np.unique(segments.condition):
        of_condition = segments.select(segments.condition == condition)
        for voiced_s in VOICE_AMOUNTS_S:
            items, llr = items_and_llr(of_condition, voiced_s, calibration)
            name = f"{test}, {condition}"
            rows.append(measure_errors(llr, items, thresholds, name, float(voiced_s)))
    return tuple(rows)


def measured_figures(
    segments: ScoredSegments, calibration: Calibration, test: str
) -> tuple[Figure, ...]:
    """Return EER, Cllr and min Cllr for each condition and amount of voice."""
    figures = []
    for condition in np.unique(segments.condition):
        of_condition = segments.select(segments.condition == condition)
        for voiced_s in VOICE_AMOUNTS_S:
            items, llr = items_and_llr(of_condition, voiced_s, calibration)
            genuine, spoof = llr[items.is_bonafide], llr[~items.is_bonafide]
            for name, metric in (("eer", eer), ("cllr", cllr), ("min_cllr", min_cllr)):
                figures.append(
                    Figure(
                        test=f"{test}, {condition}, {voiced_s} s",
                        metric=name,
                        value=round(metric(genuine, spoof), 4),
                        n_bonafide=len(genuine),
                        n_spoof=len(spoof),
                    )
                )
    return tuple(figures)


def make_card(
    segments: ScoredSegments, decisions: Decisions, train: Sequence[Utterance], seed: int
) -> ModelCard:
    """Return the card of the detector that was fitted on `train`.

    Args:
        segments: of all inner folds, with the fused score.
        decisions: what was chosen on them.
        train: what the release was fitted on.
        seed: of the fit.
    """
    clean = utterance_items(segments.select(segments.condition == "clean"))
    wrong = by_group(calibrated_llr(clean, decisions.calibration), clean, 0.0)
    said = {name: (count, rate) for name, (rate, count) in wrong.items()}
    return ModelCard(
        name=NAME,
        sample_rate=16_000,
        segment_samples=16_000,
        front_ends=tuple(FrontEndSpec(input_name=name, front_end=name) for name in FRONT_END_NAMES),
        members=("vit", "kernel_machine", "encoding_net"),
        has_attention=True,
        calibration={"recorded": decisions.calibration},
        thresholds=decisions.thresholds,
        error_rates=decisions.error_rates,
        figures=decisions.figures,
        training=TrainingFacts(
            recipe="training/recipes/phase_fusion.py",
            data=(
                f"{len(train)} utterances (about {len(train) * 3 / 3600:.1f} hours) of the project "
                "corpus, folds 0 to 3, of speech in public packages and of copies made from genuine "
                "speech, as they are and through codecs, rooms, noise and music; speaker encoder "
                "CAM++ of 3D-Speaker (Apache-2.0), frozen"
            ),
            generators=tuple(sorted({system_name(row) for row in train} - {""})),
            cutoff=DATA_CUTOFF,
            seed=seed,
        ),
        languages=tuple(sorted({row.language for row in train} - {""})),
        limits=(*limits_of(SAID_OF_FOLDS, decisions.figures, said), *LIMITS),
        licence="Apache-2.0",
    )
