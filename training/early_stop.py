"""Early stop: training ends when a development part is not heard better any more.

The part is drawn from the training part of a split (training/development.py), never from its test.
Off by default: the shipped recipe trains by a fixed schedule.
"""

import copy
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from pipeline.errors import InputError
from pipeline.vocabulary import FloatArray

_log = logging.getLogger(__name__)

Judge = Callable[[nn.Module], float]  # a net in eval mode -> its error, lower is better
KEY = "early_stop"  # in a checkpoint


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """What is held out, and when training ends."""

    share: float = 0.1  # of each class' training utterances, about
    every_steps: int = 100  # between evaluations
    patience: int = 3  # evaluations without a gain
    seed: int = 0  # of what is held out

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            InputError: a value is out of range.
        """
        if not 0.0 < self.share <= 0.5 or self.every_steps < 1 or self.patience < 1:
            raise InputError(
                f"early stop needs a share above 0 and up to 0.5, steps and patience from 1: {self}"
            )


@dataclass(frozen=True, slots=True)
class Development:
    """A development part of a net that works on statistics."""

    statistics: FloatArray  # (n_rows, n_statistics)
    error: Callable[[FloatArray], float]  # scores (n_rows,) -> error, lower is better


@dataclass(frozen=True, slots=True)
class StopRecord:
    """How early stop ended, for the checkpoint."""

    best_error: float
    best_step: int
    n_without_gain: int


class Watch:
    """Judges a run's weights now and then and keeps the best; lives as long as the run."""

    def __init__(self, config: EarlyStop | None, judge: Judge | None) -> None:
        """Begin; without a config nothing is ever due."""
        assert (config is None) == (judge is None), "early stop needs a development part"
        self._config = config
        self._judge = judge
        self._best: dict[str, Tensor] | None = None
        self._record = StopRecord(float("inf"), 0, 0)

    @property
    def has_ended(self) -> bool:
        """Say whether patience is over."""
        return self._config is not None and self._record.n_without_gain >= self._config.patience

    def look(self, step: int, net: nn.Module) -> float | None:
        """Return the error of a net after a step, and keep its weights if they are the best.

        None where no evaluation is due.
        """
        if self._config is None or self._judge is None or step % self._config.every_steps:
            return None
        was_training = net.training
        net.eval()
        with torch.no_grad():
            error = self._judge(net)
        net.train(was_training)
        if error < self._record.best_error:
            self._best = copy.deepcopy(net.state_dict())
            self._record = StopRecord(error, step, 0)
        else:
            before = self._record
            self._record = StopRecord(
                before.best_error, before.best_step, before.n_without_gain + 1
            )
        _log.info("step %d, development error %.4f", step, error)
        return error

    def put_best(self, net: nn.Module) -> None:
        """Give a net the best weights that were judged, if any were."""
        if self._best is not None:
            net.load_state_dict(self._best)

    def record(self) -> dict[str, float]:
        """Return settings and outcome as plain numbers; empty where early stop is off."""
        return {} if self._config is None else asdict(self._config) | asdict(self._record)

    def state(self) -> dict[str, object]:
        """Return what a checkpoint needs; empty where early stop is off."""
        if self._config is None:
            return {}
        return {KEY: self.record(), "best": self._best}

    def restore(self, state: dict[str, object], checkpoint: str) -> None:
        """Go on from a checkpoint.

        Raises:
            InputError: it was trained with another development part, or with none, so that what
                would be judged on has been trained on.
        """
        stored = state.get(KEY)
        known = dict(stored) if isinstance(stored, dict) else None
        settings = None if self._config is None else asdict(self._config)
        if (known and {name: known[name] for name in asdict(EarlyStop())}) != settings:
            raise InputError(
                f"{checkpoint} was trained with another early stop than is asked for now ({settings}): "
                "delete it, or ask for the same"
            )
        if known is not None:
            self._record = StopRecord(
                float(known["best_error"]), int(known["best_step"]), int(known["n_without_gain"])
            )
            best = state["best"]
            self._best = best if isinstance(best, dict) else None
