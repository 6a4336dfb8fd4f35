"""Figures of attribution: are known systems named, and strangers left unnamed?

- known: half of each known system's clips are trained on, the other half named (other speakers or
  other originals where the system has several; the same voice where it has one);
- strangers: demo-page systems of an inner fold, whose systems are not trained on;
- left out: each known system in turn is not trained on, and becomes the stranger. It is the harder
  test: same pages, rooms and originals as its neighbours, only the generator is new.

The margin is set on both kinds of strangers. Families of systems never met were tried as well
(`measure_families`), and the embedding is measured on systems that its space never met
(`measure_space`): see docs/attribution.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import silhouette_score

from pipeline.vocabulary import IntArray, Label
from training.attribution import (
    FAMILIES,
    GENUINE,
    OTHER,
    OUTSIDE,
    Clips,
    NamedClips,
    attribution_class,
    family_of,
    fit_systems,
    known_systems,
    mean_columns,
    name_clips,
    usable,
)
from training.manifests import Utterance
from training.metrics import auc, eer
from training.models.system_head import HeadConfig, SpaceConfig, fit_head, fit_space
from training.splits import OPEN_FOLDS, group_name, split_inner, system_name

WANTED_FALSE_NAMES = 0.05  # of strangers, in the worst of both tests
SMALLEST_FAMILY = 10  # clips of unmet systems from which a family has a figure
SMALLEST_SHARE, LARGEST_SHARE = 4, 12  # clips of a system in the test of the embedding


@dataclass(frozen=True, slots=True)
class OpenSetFigures:
    """How naming works under one condition, at one margin."""

    condition: str
    n_known: int
    n_strangers: int
    n_left_out: int
    closed_accuracy: float  # of known clips, right among the known systems, no "unknown" allowed
    named_right: float  # of known clips, named and rightly so
    named_wrong: float  # of known clips, named as another
    strangers_named: float  # of strangers, given any name
    left_out_named: float  # of left-out systems' clips, given any name, mean over systems
    auroc: float  # known against strangers, by the margin
    fpr95: float  # strangers above the margin that 95 % of known clips reach
    right_by_system: Mapping[str, float]  # share named rightly
    named_by_left_out: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SpaceFigures:
    """How well clips of one unmet system lie together under one condition, mean over inner folds."""

    condition: str
    n_pairs: int
    eer: float  # same or different system, by the cosine
    page_eer: float  # the same, pairs of one demo page only
    silhouette: float  # of clips by system, cosine distance


@dataclass(frozen=True, slots=True)
class _Trials:
    """Pairs of clips; one entry a pair."""

    cosine: NDArray[np.float64]
    is_same: NDArray[np.bool_]  # one system
    is_one_page: NDArray[np.bool_]
    silhouette: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The raw answers of all three tests, to choose a margin on and to count at it."""

    known: NamedClips
    strangers: NamedClips
    left_out: Mapping[str, NamedClips]
    class_of: NDArray[np.str_]  # (n_utterances,)


def measure_systems(
    utterances: Sequence[Utterance], clips: Clips, config: HeadConfig, seed: int = 0
) -> Measured:
    """Return the answers of the three tests that the module's docstring describes."""
    systems = known_systems(utterances)
    class_of = np.array([attribution_class(row) for row in utterances])
    is_open = usable(utterances)
    is_known = np.isin(class_of, systems) & is_open
    is_first_half = _halves(utterances, class_of, np.random.default_rng(seed))
    known, strangers = [], []
    for fold in OPEN_FOLDS:
        held_out = {row.path for row in split_inner(utterances, fold).test}
        is_test = np.array([row.path in held_out for row in utterances])
        test_systems = {system_name(row) for row in utterances if row.path in held_out} - {""}
        is_stranger = is_open & ~is_known & np.isin(class_of, sorted(test_systems))
        trained = is_open & ~is_stranger & ~(is_test & ~is_known) & ~(is_known & ~is_first_half)
        head = fit_systems(clips, utterances, systems, trained, config)
        asked = is_known & ~is_first_half & is_test
        known.append(name_clips(head, clips, systems, asked))
        strangers.append(name_clips(head, clips, systems, is_stranger & is_test))
    left_out = {}
    for system in systems:
        rest = [name for name in systems if name != system]
        is_system = class_of == system
        trained = is_open & ~is_system & ~(is_known & ~is_first_half)
        head = fit_systems(clips, utterances, rest, trained, config)
        left_out[system] = name_clips(head, clips, rest, is_system & is_open)
    return Measured(_join(known), _join(strangers), left_out, class_of)


def choose_margin(measured: Measured) -> float:
    """Return the margin above which a name is given: few strangers get one, in either test."""
    left_out = np.concatenate([named.margin for named in measured.left_out.values()])
    return round(
        max(
            float(np.quantile(margins, 1 - WANTED_FALSE_NAMES))
            for margins in (measured.strangers.margin, left_out)
        ),
        3,
    )


def figures_at(measured: Measured, margin: float, condition: str) -> OpenSetFigures:
    """Return how naming works under a condition at a margin."""
    known, strangers = measured.known.under(condition), measured.strangers.under(condition)
    true = measured.class_of[known.owner]
    is_right = known.best == true
    named = known.margin >= margin
    left_out = {
        name: float((named_clips.under(condition).margin >= margin).mean())
        for name, named_clips in measured.left_out.items()
    }
    return OpenSetFigures(
        condition=condition,
        n_known=len(known.owner),
        n_strangers=len(strangers.owner),
        n_left_out=sum(len(clips.under(condition).owner) for clips in measured.left_out.values()),
        closed_accuracy=float(is_right.mean()),
        named_right=float((named & is_right).mean()),
        named_wrong=float((named & ~is_right).mean()),
        strangers_named=float((strangers.margin >= margin).mean()),
        left_out_named=float(np.mean(list(left_out.values()))),
        auroc=auc(known.margin, strangers.margin),
        fpr95=float((strangers.margin >= np.quantile(known.margin, 0.05)).mean()),
        right_by_system={
            str(name): float((named & is_right)[true == name].mean()) for name in np.unique(true)
        },
        named_by_left_out=left_out,
    )


def measure_families(
    utterances: Sequence[Utterance], clips: Clips, config: HeadConfig
) -> dict[tuple[str, str], tuple[int, float]]:
    """Return, for (family, condition), clips and AUROC among spoof of systems never trained on.

    The codec class is also held against genuine and against spoof clips, as (1 - EER).
    """
    families = tuple(FAMILIES)
    family = np.array([family_of(attribution_class(row)) for row in utterances])
    is_open = usable(utterances)
    genuine = np.array([row.label is Label.BONAFIDE for row in utterances])
    system = np.array([system_name(row) for row in utterances])
    label = np.where(genuine, GENUINE, np.where(family == "", OTHER, family))
    group = np.array([group_name(row) for row in utterances])
    owners: list[IntArray] = []
    conditions: list[NDArray[np.str_]] = []
    means: list[NDArray[np.float64]] = []
    for fold in OPEN_FOLDS:
        held_out = {row.path for row in split_inner(utterances, fold).test}
        is_test = np.array([row.path in held_out for row in utterances]) & is_open
        met = np.isin(system, sorted(set(system[is_test]) - {""}))
        chosen = (is_open & ~is_test & ~met)[clips.owner]
        owner = clips.owner[chosen]
        _, inverse, count = np.unique(group[owner], return_inverse=True, return_counts=True)
        columns = (*families, *OUTSIDE)
        weights = count[inverse].astype(np.float64) ** -0.5
        head = fit_head(clips.statistics[chosen], label[owner], columns, weights, config)
        tested, under_condition, columns_of = mean_columns(head, clips, is_test)
        owners.append(tested)
        conditions.append(under_condition)
        means.append(columns_of)
    owner, condition = np.concatenate(owners), np.concatenate(conditions)
    mean = np.concatenate(means)
    result: dict[tuple[str, str], tuple[int, float]] = {}
    for name in np.unique(condition):
        under = condition == name
        spoof = under & ~genuine[owner]
        for column, family_name in enumerate(families):
            ours = spoof & (label[owner] == family_name)
            others = spoof & ~ours
            if ours.sum() >= SMALLEST_FAMILY:
                value = auc(mean[ours, column], mean[others, column])
                result[family_name, str(name)] = int(ours.sum()), value
        codec = families.index("neural codec")
        evidence = mean[:, codec] - mean[:, -1]  # against the genuine column
        ours = under & (label[owner] == "neural codec")
        real = under & genuine[owner]
        result["codec or genuine", str(name)] = (
            int(ours.sum()),
            1 - eer(evidence[ours], evidence[real]),
        )
        rest = np.delete(mean, codec, axis=1).max(axis=1)
        evidence = mean[:, codec] - rest
        spoof_only = spoof & ~ours
        value = 1 - eer(evidence[ours], evidence[spoof_only])
        result["codec or spoof", str(name)] = int(ours.sum()), value
    return result


def measure_space(
    utterances: Sequence[Utterance], clips: Clips, config: SpaceConfig
) -> list[SpaceFigures]:
    """Return how well clips of one system lie together in spaces that never met the system.

    Trials are pairs of clips of an inner fold's systems, `LARGEST_SHARE` clips of each at most. A
    pair of one page shares its channel, so different systems of one page are the harder trials.
    """
    group = np.array([group_name(row) for row in utterances])
    system = np.array([system_name(row) for row in utterances])
    page = np.array([row.speaker for row in utterances])
    random = np.random.default_rng(0)
    trials: dict[str, list[_Trials]] = {}
    for fold in OPEN_FOLDS:
        split = split_inner(utterances, fold)
        is_train = np.isin(_paths(utterances), _paths(split.train))
        chosen = is_train[clips.owner]
        space = fit_space(clips.statistics[chosen], group[clips.owner[chosen]], config)
        is_asked = np.isin(_paths(utterances), _paths(split.test)) & (system != "")
        rows = _few_of_each(np.flatnonzero(is_asked), system, random)
        is_asked = np.isin(np.arange(len(utterances)), rows)
        owner, condition, mean = mean_columns(space, clips, is_asked)
        for name in np.unique(condition):
            kept = condition == name
            trials.setdefault(str(name), []).append(
                _pairs(mean[kept], system[owner[kept]], page[owner[kept]])
            )
    return [
        SpaceFigures(
            name,
            sum(len(one.cosine) for one in of_folds),
            float(np.mean([_eer_of(one, np.ones_like(one.is_same)) for one in of_folds])),
            float(np.mean([_eer_of(one, one.is_one_page) for one in of_folds])),
            float(np.mean([one.silhouette for one in of_folds])),
        )
        for name, of_folds in trials.items()
    ]


def _pairs(
    vectors: NDArray[np.float64], system: NDArray[np.str_], page: NDArray[np.str_]
) -> "_Trials":
    """Return all pairs of clips; vectors need no unit norm."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    upper = np.triu_indices(len(unit), 1)
    return _Trials(
        (unit @ unit.T)[upper],
        (system[:, None] == system)[upper],
        (page[:, None] == page)[upper],
        float(silhouette_score(unit, system, metric="cosine")),
    )


def _eer_of(trials: "_Trials", wanted: NDArray[np.bool_]) -> float:
    same, different = trials.is_same & wanted, ~trials.is_same & wanted
    return eer(trials.cosine[same], trials.cosine[different])


def _few_of_each(rows: IntArray, system: NDArray[np.str_], random: np.random.Generator) -> IntArray:
    """Return at most `LARGEST_SHARE` rows of each system that has four."""
    few = []
    for name in np.unique(system[rows]):
        of_system = rows[system[rows] == name]
        if len(of_system) >= SMALLEST_SHARE:
            few.append(random.permutation(of_system)[:LARGEST_SHARE])
    return np.concatenate(few)


def _paths(rows: Sequence[Utterance]) -> NDArray[np.str_]:
    return np.array([str(row.path) for row in rows])


def _halves(
    utterances: Sequence[Utterance], class_of: NDArray[np.str_], random: np.random.Generator
) -> NDArray[np.bool_]:
    """Return which utterances are in the first half of their class.

    Clips of one original or one speaker stay together where a class has at least four of them.
    """
    is_first = np.zeros(len(utterances), np.bool_)
    bound = np.array([row.paired_with or row.speaker or row.clip_id for row in utterances])
    for name in np.unique(class_of):
        rows = np.flatnonzero(class_of == name)
        units = np.unique(bound[rows])
        if len(units) >= 4:
            first = random.permutation(units)[: len(units) // 2]
            is_first[rows] = np.isin(bound[rows], first)
        else:
            is_first[random.permutation(rows)[: len(rows) // 2]] = True
    return is_first


def _join(parts: Sequence[NamedClips]) -> NamedClips:
    return NamedClips(
        np.concatenate([part.owner for part in parts]),
        np.concatenate([part.condition for part in parts]),
        np.concatenate([part.best for part in parts]),
        np.concatenate([part.margin for part in parts]),
    )
