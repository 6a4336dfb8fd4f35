"""Tuning: searches a member's settings with Optuna, on the inner folds only.

Every trial fits one member on the training part of each inner fold and measures it on what the fold
holds out: unseen generators, speakers and sources, clean, after the web and degraded. A trial that
is worse than the median of the trials before it after as many folds ends early. The study lies in an
SQLite file and goes on where it was broken off; one process at a time works on it. The first trial
has the recipe's own settings, so that the table says what a change is worth.

What is found like this was chosen on the inner folds: their error is no longer an honest estimate.
"""

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from pipeline.errors import ConfigError, InputError
from training.calibration import ScoredSegments, join_scores
from training.development import encoded_segments
from training.frame_layout import PHASE
from training.manifests import Utterance
from training.recipes.phase_fusion import TEST_COPIES, Recipe
from training.release import Rows, fit_kernel, fit_member_vit, fit_new_encoding, rows_of
from training.segment_scores import describe, score_segments, training_statistics
from training.splits import OPEN_FOLDS, split_inner
from training.system_errors import mean_system_eer
from training.tuning_settings import Member, recipe_values, suggest, with_values

if TYPE_CHECKING:
    import optuna

_log = logging.getLogger(__name__)

N_UNPRUNED = 4  # trials that see every fold, before there is a median worth trusting
CHOSEN_ON_INNER_FOLDS = (
    "Chosen on the inner folds: the errors above are what the search looked at, so the best of them "
    "flatters. Only data that no trial saw (fold 4, opened once per release) says what it is worth."
)
Conditions = Sequence[tuple[str, str]]  # (condition, name of the copy)


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """What all trials of a study have in common; a study file holds one plan."""

    member: Member
    folds: tuple[int, ...] = OPEN_FOLDS
    seed: int = 1
    n_steps: int | None = None  # None = searched; a kernel machine has none
    n_nets: int | None = None  # of the encoding member; None = as the recipe has it
    conditions: tuple[tuple[str, str], ...] = tuple((name, plan.name) for name, plan in TEST_COPIES)

    def __post_init__(self) -> None:
        """Check the folds.

        Raises:
            InputError: a fold is no inner fold, stands twice, or there is none.
        """
        if not self.folds or set(self.folds) - set(OPEN_FOLDS):
            raise InputError(f"settings are chosen on the inner folds {OPEN_FOLDS} only")
        if len(set(self.folds)) < len(self.folds):
            raise InputError(f"a fold stands twice in {self.folds}: name each once")


def mean_error(folds: Sequence[ScoredSegments]) -> float:
    """Return the objective, 0 to 1, lower is better: each fold, condition and system counts alike.

    The mean over inner folds of the mean over conditions of the mean per-system EER.

    Raises:
        InputError: there is no fold, or one lacks a class under a condition.
    """
    if not folds:
        raise InputError("nothing can be chosen: no fold was scored")
    return float(np.mean([mean_system_eer(segments) for segments in folds]))


def score_fold(
    utterances: Sequence[Utterance],
    fold: int,
    cache: Path,
    recipe: Recipe,
    plan: StudyPlan,
) -> ScoredSegments:
    """Return an inner fold's held-out segments, scored by the plan's member alone."""
    split = split_inner(utterances, fold)
    trained = rows_of(utterances, [row for row in split.train if not row.is_codec])
    tested = rows_of(utterances, [row for row in split.test if not row.is_codec])
    if plan.member is Member.ENCODING:
        net = fit_new_encoding(utterances, trained, cache, recipe, None)
        segments, values = encoded_segments(utterances, tested, cache, plan.conditions)
        with torch.inference_mode():
            scores = net(torch.from_numpy(values)).numpy()
    elif plan.member is Member.KERNEL:
        machine = fit_kernel(utterances, trained, cache, recipe)
        segments, values = _statistics(utterances, tested, cache, plan.conditions)
        with torch.inference_mode():
            parts = [
                machine.of_statistics(part) for part in torch.split(torch.from_numpy(values), 4000)
            ]
        scores = torch.cat(parts).numpy()
    else:
        folder = cache / "tuning" / "nets"
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(repr(recipe).encode()).hexdigest()[:12]  # a trial goes on from it
        vit = fit_member_vit(
            utterances, trained, cache, recipe, folder / f"vit_{name}_inner{fold}.pt"
        )
        members = (lambda frames, encoded: vit(frames, encoded)[0],)
        segments, columns = score_segments(utterances, tested, cache, plan.conditions, members)
        scores = columns[:, 0]
    return segments.with_score(scores.astype(np.float64))


def open_study(
    path: Path, utterances: Sequence[Utterance], recipe: Recipe, plan: StudyPlan
) -> "optuna.Study":
    """Return the study in a file, begun or gone on with; a trial that a kill cut off is queued again.

    Raises:
        ConfigError: Optuna is not installed.
        InputError: the file holds a study of other settings or of other data.
    """
    _need_optuna()
    import optuna

    path.parent.mkdir(parents=True, exist_ok=True)
    study: optuna.Study = optuna.create_study(
        storage=f"sqlite:///{path.resolve()}",
        study_name=plan.member.value,
        load_if_exists=True,
        direction="minimize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=N_UNPRUNED, n_warmup_steps=0),
    )
    # One seed for a study would draw the same settings again after each interruption.
    seed = int(np.random.SeedSequence((plan.seed, len(study.trials))).generate_state(1)[0])
    study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=N_UNPRUNED)
    given = {"plan": json.loads(json.dumps(asdict(plan))), "data": _fingerprint(utterances)}
    given["recipe"] = repr(recipe)
    for name, value in given.items():
        if study.user_attrs.get(name, value) != value:
            raise InputError(
                f"{path.name} holds a study of another {name}: {study.user_attrs[name]}; name another "
                "file, or go on with the same"
            )
        study.set_user_attr(name, value)
    study.set_user_attr(f"sampler_seed_from_trial_{len(study.trials)}", seed)
    state = optuna.trial.TrialState
    for trial in study.get_trials(states=(state.RUNNING,)):
        study.tell(trial.number, state=state.FAIL)
        study.enqueue_trial(trial.params)
    own = recipe_values(recipe, plan.member, plan.n_steps)
    alive = (state.COMPLETE, state.PRUNED, state.WAITING)
    queued = [
        trial.system_attrs.get("fixed_params", {}) for trial in study.get_trials(states=alive)
    ]
    if own not in queued:
        study.enqueue_trial(own)
    return study


def run_trials(
    study: "optuna.Study",
    utterances: Sequence[Utterance],
    cache: Path,
    recipe: Recipe,
    plan: StudyPlan,
    n_trials: int,
) -> None:
    """Run trials until the study has `n_trials` that ended, earlier runs' counted."""
    import optuna

    def measure(trial: "optuna.Trial") -> float:
        started = time.monotonic()
        values = suggest(trial, recipe, plan.member, plan.n_steps)
        tried = with_values(recipe, plan.member, values, plan.n_nets)
        trial.set_user_attr("seed", tried.encoding.seed)
        folds: list[float] = []
        for fold in plan.folds:
            folds.append(mean_error([score_fold(utterances, fold, cache, tried, plan)]))
            trial.set_user_attr(f"inner{fold}", folds[-1])
            trial.set_user_attr("seconds", round(time.monotonic() - started, 1))
            _log.info("trial %d, inner fold %d: %.2f %%", trial.number, fold, 100 * folds[-1])
            trial.report(float(np.mean(folds)), len(folds))
            if len(folds) < len(plan.folds) and trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(folds))

    state = optuna.trial.TrialState
    n_left = n_trials - len(study.get_trials(states=(state.COMPLETE, state.PRUNED)))
    if n_left > 0:
        study.optimize(measure, n_trials=n_left)


def trial_table(study: "optuna.Study", folds: Sequence[int]) -> list[str]:
    """Return the trials that ended as lines of a Markdown table, the best first."""
    import optuna

    state = optuna.trial.TrialState
    trials = [trial for trial in study.trials if trial.state in (state.COMPLETE, state.PRUNED)]
    names = sorted({name for trial in trials for name in trial.params})
    columns = ["trial", "mean EER %", *(f"inner {fold} %" for fold in folds), *names, "s"]
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for trial in sorted(trials, key=_order):
        errors = [trial.user_attrs.get(f"inner{fold}") for fold in folds]
        mean = (
            "stopped" if trial.value is None or trial.state is state.PRUNED else _rate(trial.value)
        )
        cells = [str(trial.number), mean, *(_rate(error) for error in errors)]
        cells += [_short(trial.params.get(name)) for name in names]
        lines.append(f"| {' | '.join([*cells, _short(trial.user_attrs.get('seconds'))])} |")
    return lines


def _order(trial: "optuna.trial.FrozenTrial") -> tuple[bool, float, int]:
    """Return what trials are sorted by: finished ones first, then by error."""
    stopped = trial.state.name == "PRUNED"
    return stopped, trial.value if trial.value is not None else float("inf"), trial.number


def _rate(error: float | None) -> str:
    return "–" if error is None else f"{100 * error:.2f}"


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _statistics(
    utterances: Sequence[Utterance], rows: Rows, cache: Path, conditions: Conditions
) -> tuple[ScoredSegments, np.ndarray]:
    """Return the rows' segments as the product cuts them, with the kernel machine's statistics."""
    parts, values = [], []
    for condition, name in conditions:
        statistics, owners = training_statistics(rows, cache, name, PHASE.frames_a_second)
        owner, count = np.unique(owners, return_counts=True)
        parts += [
            describe(utterances[row], int(row), condition, int(n))
            for row, n in zip(owner, count, strict=True)
        ]
        values.append(statistics)
    return join_scores(parts), np.concatenate(values)


def _fingerprint(utterances: Sequence[Utterance]) -> str:
    """Return a digest of what is trained and tested on."""
    rows = "\n".join(f"{row.clip_id} {row.label} {row.fold}" for row in utterances)
    return hashlib.sha256(rows.encode()).hexdigest()[:16]


def _need_optuna() -> None:
    """Say what is missing before anything is computed.

    Raises:
        ConfigError: Optuna is not installed.
    """
    if find_spec("optuna") is None:
        raise ConfigError(
            "Optuna is not installed: `pip install 'optuna>=5'`, or the extra `train`"
        )
