"""Protocol: fits and measures one baseline, alike for all, and writes its row of the table.

Inner fold 0 (`training.splits.split_inner`): systems and genuine sources of the test part are unseen
in training; clean recordings of the corpus only, no augmentation. An utterance's score is the mean
of its 1-s windows. Intervals draw whole speakers and whole systems anew. The closed fold plays no
part.
"""

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pipeline.vocabulary import FloatArray
from training.baselines.fit_net import NetFitConfig, fit_net, score_windows
from training.baselines.rows import BaselineRow, read_row, write_row
from training.baselines.windows import Windows, describe_windows, open_features
from training.baselines.zoo import NETS, STATISTICS_MODELS, Baseline, NetPlan
from training.calibration import balanced_weights
from training.manifests import Utterance
from training.metrics import (
    Clustered,
    Interval,
    auc,
    cluster_bootstrap,
    eer,
    equal_error_rate,
    error_rates,
)
from training.models.feature_picture import find_photograph_weights, load_photograph_weights
from training.models.statistics_svm import mean_and_deviation

BOOTSTRAP_SEED = 7
READ_AT_ONCE = 512  # windows whose features are in memory for their statistics


@dataclass(frozen=True, slots=True)
class Protocol:
    """What all rows have in common."""

    fold: int = 0  # inner fold
    budget_s: float = 60.0  # of processor time, for nets
    seed: int = 1
    weights: Path | None = None  # folder of torchvision's weight files; None = from scratch


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model's scores of the test windows, and what they cost."""

    scores: FloatArray  # (n_test_windows,)
    n_parameters: int  # 0 for models without a fixed number
    n_windows_seen: int
    used_s: float
    pretrained: str = ""


def run_baseline(
    utterances: Sequence[Utterance],
    baseline: Baseline,
    protocol: Protocol,
    folder: Path,
    on_chunk: Callable[[int, int], None],
) -> BaselineRow:
    """Return a row of the table; made once, then read from `folder`/rows.

    Args:
        utterances: the corpus.
        baseline: which front end and model.
        protocol: fold, budget, seed.
        folder: outside git; features, checkpoints and rows of the fold.
        on_chunk: is told (windows done, windows in all) while features are computed.
    """
    path = row_path(folder, baseline, protocol)
    windows = describe_windows(utterances, protocol.fold, folder)
    if path.exists() and (row := read_row(path)).split_fingerprint == windows.fingerprint:
        return row
    fit = _fit_net if baseline.model in NETS else _fit_statistics
    fitted = fit(baseline, protocol, windows, folder, on_chunk)
    row = measure(baseline, protocol, windows, fitted)
    write_row(path, row)
    return row


def row_path(folder: Path, baseline: Baseline, protocol: Protocol) -> Path:
    """Return where a row is kept."""
    return folder / "rows" / f"{_run_name(baseline, protocol)}.json"


def measure(
    baseline: Baseline, protocol: Protocol, windows: Windows, fitted: Fitted
) -> BaselineRow:
    """Return the figures of the test windows' scores, an utterance being their mean."""
    test = ~windows.is_training
    _, first, inverse, count = np.unique(
        windows.utterance[test], return_index=True, return_inverse=True, return_counts=True
    )
    score = np.bincount(inverse, weights=fitted.scores) / count
    genuine, voice = windows.is_bonafide[test][first], windows.voice[test][first]
    bonafide, spoof = score[genuine], score[~genuine]
    clusters = Clustered(bonafide, voice[genuine]), Clustered(spoof, voice[~genuine])
    random = np.random.default_rng(BOOTSTRAP_SEED)
    at_eer = equal_error_rate(bonafide, spoof).threshold
    at_zero = error_rates(bonafide, spoof, 0.0)
    return BaselineRow(
        front_end=baseline.front_end,
        model=baseline.model,
        accuracy_at_eer=_accuracy(score, genuine, at_eer),
        accuracy_at_zero=_accuracy(score, genuine, 0.0),
        eer=_as_tuple(cluster_bootstrap(eer, *clusters, random)),
        auc=_as_tuple(cluster_bootstrap(auc, *clusters, random)),
        bonafide_rejected_at_zero=at_zero.bonafide_rejected_rate,
        spoof_accepted_at_zero=at_zero.spoof_accepted_rate,
        n_bonafide=len(bonafide),
        n_spoof=len(spoof),
        n_training_windows=int(windows.is_training.sum()),
        split_fingerprint=windows.fingerprint,
        n_windows_seen=fitted.n_windows_seen,
        n_parameters=fitted.n_parameters,
        used_s=round(fitted.used_s, 1),
        fold=protocol.fold,
        budget_s=protocol.budget_s,
        seed=protocol.seed,
        machine=f"{platform.machine()}, one thread",
        finished_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        pretrained=fitted.pretrained,
    )


def _fit_net(
    baseline: Baseline,
    protocol: Protocol,
    windows: Windows,
    folder: Path,
    on_chunk: Callable[[int, int], None],
) -> Fitted:
    """Fit a net within the budget and score the test windows."""
    features = open_features(folder, baseline.front_end, on_chunk)
    plan = NETS[baseline.model]
    torch.manual_seed(protocol.seed)
    net = plan.make(features.values.shape[1], features.values.shape[2])
    pretrained = _start_from_weights(net, plan, protocol)
    config = NetFitConfig(
        budget_s=protocol.budget_s, learning_rate=plan.learning_rate, seed=protocol.seed
    )
    checkpoint = folder / "nets" / f"{_run_name(baseline, protocol)}-{windows.fingerprint}.pt"
    fit = fit_net(net, features, windows, config, checkpoint)
    return Fitted(
        scores=score_windows(fit.net, features, np.flatnonzero(~windows.is_training)),
        n_parameters=sum(parameter.numel() for parameter in net.parameters()),
        n_windows_seen=fit.n_windows_seen,
        used_s=fit.used_s,
        pretrained=pretrained,
    )


def _start_from_weights(net: nn.Module, plan: NetPlan, protocol: Protocol) -> str:
    """Load weights of photographs where a folder of them has some; return the file's name or ""."""
    if protocol.weights is None or not plan.weights_stem:
        return ""
    path = find_photograph_weights(protocol.weights, plan.weights_stem)
    if path is None:
        return ""
    backbone = net.get_submodule("backbone")
    load_photograph_weights(backbone, path, plan.weights_prefix)
    return path.name


def _fit_statistics(
    baseline: Baseline,
    protocol: Protocol,
    windows: Windows,
    folder: Path,
    on_chunk: Callable[[int, int], None],
) -> Fitted:
    """Fit a model of statistics on all training windows and score the test windows."""
    parts = []
    for front_end in baseline.front_ends:
        features = open_features(folder, front_end, on_chunk)
        rows = np.arange(len(features.values))
        parts.append(
            np.concatenate(
                [
                    mean_and_deviation(features.take(rows[at : at + READ_AT_ONCE]))
                    for at in range(0, len(rows), READ_AT_ONCE)
                ]
            )
        )
    statistics = np.concatenate(parts, axis=1)  # (n_windows, n_statistics)
    train = windows.is_training
    model = STATISTICS_MODELS[baseline.model](protocol.seed)
    started = time.process_time()
    weights = balanced_weights(windows.is_bonafide[train], windows.group[train])
    model.fit(statistics[train], windows.is_bonafide[train], weights)
    used_s = time.process_time() - started
    scores = model.score(statistics[~train]).astype(np.float32)
    return Fitted(scores, n_parameters=0, n_windows_seen=int(train.sum()), used_s=used_s)


def _run_name(baseline: Baseline, protocol: Protocol) -> str:
    """Return the name of a run's files: what differs between runs in one folder."""
    budget = f"-{protocol.budget_s:g}s" if baseline.model in NETS else ""
    start = "-weights" if protocol.weights is not None and baseline.model in NETS else ""
    return f"{baseline.name}{budget}{start}-seed{protocol.seed}"


def _accuracy(score: NDArray[np.float64], genuine: NDArray[np.bool_], threshold: float) -> float:
    """Return the share of utterances on the right side of a threshold."""
    return float(((score >= threshold) == genuine).mean())


def _as_tuple(interval: Interval) -> tuple[float, float, float]:
    """Return value and bounds."""
    return interval.value, interval.low, interval.high
