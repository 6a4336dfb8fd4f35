"""Release: from the feature cache to the shipped detector and its measured card.

1. On each inner fold: fit the members on what does not leak, score what was held out.
2. On those scores: fusion weights, calibration, thresholds, error rates.
3. Fit the members again on all open folds, export with the card.
Fold 4 plays no part here; `training.validate` opens it.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pipeline.errors import InputError
from pipeline.vocabulary import FloatArray, Label
from training.calibration import (
    Flags,
    ScoredSegments,
    Scores,
    balanced_weights,
    fit_logistic,
    join_scores,
    make_items,
)
from training.development import encoding_development, hold_back, vit_judge
from training.early_stop import KEY, EarlyStop
from training.feature_cache import manifest_key
from training.fit import CropSampler, fit_vit
from training.manifests import Utterance
from training.models.camplusplus import N_STATISTICS, load_encoder
from training.models.encoding_net import EncodingNet, fit_encoding_net
from training.models.fusion import FusionDetector, FusionWeights, Members
from training.models.kernel_machine import KernelMachine, fit_kernel_machine
from training.models.vit import Vit
from training.recipes.phase_fusion import TEST_COPIES, Recipe
from training.segment_scores import score_segments, training_statistics
from training.speaker_encodings import fetch_checkpoint, open_encodings
from training.splits import OPEN_FOLDS, Split, group_name, split_inner, split_release

_log = logging.getLogger(__name__)

Rows = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class InnerScores:
    """Held-out segments of all inner folds with each member's score of them."""

    segments: ScoredSegments  # score = 0 until fused
    members: np.ndarray[tuple[int, int], np.dtype[np.float64]]  # (n_segments, 3)
    fold: Rows  # (n_segments,)

    def select(self, wanted: Flags) -> "InnerScores":
        """Return the segments where `wanted` is true."""
        return InnerScores(self.segments.select(wanted), self.members[wanted], self.fold[wanted])


def check_origin(utterances: Sequence[Utterance], cache: Path, recipe: Recipe) -> None:
    """Make sure that the kept nets and scores are of these clips and this recipe; note it at first.

    They are found by name: without this, a manifest that grew would be served what was made before.

    Raises:
        InputError: they are of others.
    """
    trained = replace(recipe, wanted_error=0.0, span_window_s=0)  # these two train nothing
    origin = f"{manifest_key(utterances)}\n{trained}\n"
    noted = cache / "nets" / "origin.txt"
    if not noted.exists():
        noted.parent.mkdir(exist_ok=True)
        noted.write_text(origin, encoding="utf-8")
    elif noted.read_text(encoding="utf-8") != origin:
        raise InputError(
            f"{noted.parent} holds nets of other clips or of another recipe: name the manifests that "
            "`fit` was given (--more, --made), another --folder, or delete that folder"
        )


def fit_members(
    utterances: Sequence[Utterance], split: Split, cache: Path, recipe: Recipe, name: str
) -> Members:
    """Return members fitted on a split's training part; the ViT's run can be resumed."""
    check_origin(utterances, cache, recipe)
    rows = rows_of(utterances, [row for row in split.train if not row.is_codec])
    nets = cache / "nets"
    vit = fit_member_vit(utterances, rows, cache, recipe, nets / f"vit_{name}.pt")
    kernel_machine = fit_kernel(utterances, rows, cache, recipe)
    return Members(vit, kernel_machine, fit_encoding(utterances, rows, cache, recipe, name))


def fit_member_vit(
    utterances: Sequence[Utterance], rows: Rows, cache: Path, recipe: Recipe, checkpoint: Path
) -> Vit:
    """Return a ViT fitted on these rows, or, where it stops early, on most of them."""
    trained, held_out = _held_back(utterances, rows, recipe.fit.early_stop)
    sampler = CropSampler(utterances, trained, cache, recipe.fit, recipe.vit.n_frames)
    judge = None
    if held_out is not None:
        judge = vit_judge(utterances, held_out, cache, _judged_copies(recipe))
    return fit_vit(sampler, recipe.vit, recipe.fit, checkpoint, judge)


def fit_kernel(
    utterances: Sequence[Utterance], rows: Rows, cache: Path, recipe: Recipe
) -> KernelMachine:
    """Return a kernel machine fitted on these rows, classes equal, groups by root of size."""
    names = [name for name, _ in (*recipe.kernel_copies, *recipe.kernel_pseudo)]
    parts = [training_statistics(rows, cache, name, recipe.kernel_hop_frames) for name in names]
    statistics = np.concatenate([part[0] for part in parts])
    owner = np.concatenate([part[1] for part in parts])
    copy_name = np.repeat(names, [len(part[1]) for part in parts])
    is_pseudo = np.isin(copy_name, [name for name, _ in recipe.kernel_pseudo])
    genuine = np.array([row.label is Label.BONAFIDE for row in utterances])[owner] & ~is_pseudo
    group = np.array([group_name(row) for row in utterances])[owner]
    weight = np.zeros(len(owner))
    weight[~is_pseudo] = balanced_weights(genuine[~is_pseudo], group[~is_pseudo])
    for name, factor in recipe.kernel_copies:
        weight[copy_name == name] *= factor
    spoof_weight = weight[~genuine].sum()
    for name, share in recipe.kernel_pseudo:
        weight[copy_name == name] = share * spoof_weight / (copy_name == name).sum()
    targets = np.where(genuine, 1.0, -1.0).astype(np.float32)
    return fit_kernel_machine(statistics, targets, weight, recipe.kernel)


def fit_encoding(
    utterances: Sequence[Utterance], rows: Rows, cache: Path, recipe: Recipe, name: str
) -> EncodingNet:
    """Return encoding nets fitted on these rows, or those that an earlier run kept."""
    kept = cache / "nets" / f"encoding_{name}.pt"
    if kept.exists():
        fitted = EncodingNet(N_STATISTICS, recipe.encoding)
        state = torch.load(kept, weights_only=True)
        fitted.load_state_dict(state.get("net", state))
        return fitted.eval()
    fitted = fit_new_encoding(utterances, rows, cache, recipe, kept)
    state = fitted.state_dict()
    torch.save({"net": state, KEY: fitted.early_stops} if fitted.early_stops else state, kept)
    return fitted


def fit_new_encoding(
    utterances: Sequence[Utterance], rows: Rows, cache: Path, recipe: Recipe, kept: Path | None
) -> EncodingNet:
    """Return encoding nets fitted on these rows, or, where they stop early, on most of them.

    Args:
        utterances: all that the cache holds, in its order.
        rows: which of them are trained on.
        cache: folder of the encodings.
        recipe: sizes, training, shares of the copies.
        kept: where the caller will keep them; the learning curves lie beside it.
    """
    rows, held_out = _held_back(utterances, rows, recipe.encoding.early_stop)
    development = None
    if held_out is not None:
        development = encoding_development(utterances, held_out, cache, _judged_copies(recipe))
    label = np.array([row.label is Label.BONAFIDE for row in utterances])
    group = np.array([group_name(row) for row in utterances])
    values, weights, genuine = [], [], []
    spoof_share = 1.0 - sum(share for _, share in recipe.fit.pseudo)
    plans = [(copy, shares, False) for copy, *shares in recipe.fit.copies]
    plans += [(copy, [0.0, share], True) for copy, share in recipe.fit.pseudo]
    for copy, (of_bonafide, of_spoof), is_pseudo in plans:
        encodings = open_encodings(cache, copy)
        wanted = np.isin(encodings.owner, rows)
        owner = encodings.owner[wanted]
        is_bonafide = np.zeros(len(owner), dtype=np.bool_) if is_pseudo else label[owner]
        share = np.where(
            is_bonafide, of_bonafide, of_spoof if is_pseudo else of_spoof * spoof_share
        )
        values.append(encodings.values[wanted].astype(np.float32))
        weights.append(balanced_weights(is_bonafide, group[owner]) * share)
        genuine.append(is_bonafide)
    return fit_encoding_net(
        np.concatenate(values),
        np.concatenate(genuine),
        np.concatenate(weights),
        recipe.encoding,
        kept,
        development,
    )


def _held_back(
    utterances: Sequence[Utterance], rows: Rows, early_stop: EarlyStop | None
) -> tuple[Rows, Rows | None]:
    """Return the rows to train on and the development part's, if there shall be one."""
    return (rows, None) if early_stop is None else hold_back(utterances, rows, early_stop)


def _judged_copies(recipe: Recipe) -> list[str]:
    """Return the copies that early stop is judged on: the first and the last, clean and degraded."""
    names = [name for name, _, _ in recipe.fit.copies]
    return [*dict.fromkeys((names[0], names[-1]))]


def score_inner_folds(
    utterances: Sequence[Utterance],
    cache: Path,
    recipe: Recipe,
    inner_folds: Sequence[int] = OPEN_FOLDS,
) -> InnerScores:
    """Return the held-out scores of inner folds, each fitted without what it is tested on."""
    check_origin(utterances, cache, recipe)
    copies = [(condition, plan.name) for condition, plan in TEST_COPIES]
    parts, scores, folds = [], [], []
    for fold in inner_folds:
        kept = cache / "nets" / f"scores_inner{fold}.npz"
        if not kept.exists():
            split = split_inner(utterances, fold)
            members = fit_members(utterances, split, cache, recipe, f"inner{fold}")
            rows = rows_of(utterances, [row for row in split.test if not row.is_codec])
            _write_scores(kept, *score_segments(utterances, rows, cache, copies, scorers(members)))
        segments, scored = _read_scores(kept)
        parts.append(segments)
        scores.append(scored)
        folds.append(np.full(len(scored), fold))
        _log.info("inner fold %d: %d scored segments", fold, len(scored))
    return InnerScores(
        join_scores(parts), np.concatenate(scores).astype(np.float64), np.concatenate(folds)
    )


def _write_scores(path: Path, segments: ScoredSegments, scored: FloatArray) -> None:
    """Keep a fold's scores, so that a run that was broken off need not score it again."""
    columns = {field.name: getattr(segments, field.name) for field in fields(ScoredSegments)}
    np.savez(path, scored=scored, **columns)


def _read_scores(path: Path) -> tuple[ScoredSegments, FloatArray]:
    """Return what `_write_scores` kept."""
    with np.load(path) as stored:
        columns = [stored[field.name] for field in fields(ScoredSegments)]
        return ScoredSegments(*columns), stored["scored"]


def scorers(members: Members) -> tuple[Callable[[Tensor, Tensor], Tensor], ...]:
    """Return each member as a function of segments and encodings, in the order of the weights."""
    return (
        lambda frames, encoded: members.vit(frames, encoded)[0],
        lambda frames, encoded: members.kernel_machine(frames),
        lambda frames, encoded: members.encoding_net(encoded),
    )


def fit_fusion(inner: InnerScores) -> FusionWeights:
    """Return weights by logistic regression on items of 2 s; no member's is negative."""
    n_members = inner.members.shape[1]
    columns = [
        make_items(inner.segments.with_score(inner.members[:, k]), 2) for k in range(n_members)
    ]
    items = columns[0]
    design = np.stack([column.score for column in columns] + [np.ones(len(items.score))], axis=1)
    weights = balanced_weights(items.is_bonafide, items.group)
    *parts, offset = fit_logistic(design, items.is_bonafide, weights)
    vit, kernel, encoding = (round(max(float(part), 0.0), 4) for part in parts)
    return FusionWeights(vit, kernel, encoding, round(float(offset), 4))


def fuse(inner: InnerScores, weights: FusionWeights) -> ScoredSegments:
    """Return the inner segments with the fused score."""
    parts = np.array([weights.vit, weights.kernel, weights.encoding])
    return inner.segments.with_score(inner.members @ parts + weights.offset)


def fuse_without(inner: InnerScores) -> dict[int, Scores]:
    """Return, for each fold, all segments' scores with weights that had no part of the fold."""
    return {
        int(name): fuse(inner, fit_fusion(inner.select(inner.fold != name))).score
        for name in np.unique(inner.fold)
    }


def fit_release(
    utterances: Sequence[Utterance], cache: Path, recipe: Recipe, weights: FusionWeights
) -> FusionDetector:
    """Return the detector fitted on all open folds that do not leak into the closed one."""
    members = fit_members(utterances, split_release(utterances), cache, recipe, "release")
    return FusionDetector(members, load_encoder(fetch_checkpoint(cache)), weights).eval()


def rows_of(utterances: Sequence[Utterance], chosen: Sequence[Utterance]) -> Rows:
    """Return the places of some utterances among all."""
    place = {row.path: i for i, row in enumerate(utterances)}
    return np.array([place[row.path] for row in chosen], dtype=np.int64)
