"""Learning curves: what a training run said of itself, kept beside its checkpoint, and drawn.

A run writes `NAME.curve.csv`; where TensorBoard is installed, event files too, in `events/NAME`.
Writing a curve draws no random number: weights are the same with and without it.
"""

import csv
import io
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import ConfigError, InputError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

_log = logging.getLogger(__name__)

EVERY_STEPS = 25  # a row: fine enough to see a warm-up, and a divisor of a checkpoint's 250
COLUMNS = ("step", "loss", "learning_rate", "seconds", "held_out_eer")
SUFFIX = ".curve.csv"
NO_TENSORBOARD = (
    "TensorBoard is not installed: `pip install 'tensorboard>=2.20'`, or the extra `train`"
)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One row of a curve."""

    step: int  # steps that were done
    loss: float  # mean over the steps since the row before
    learning_rate: float  # of the last of these steps
    seconds: float  # of training, those before an interruption counted
    held_out_eer: float | None = None  # 0 to 1, of the development part, where there is one


def curve_path(checkpoint: Path) -> Path:
    """Return where the curve of a checkpoint's run lies."""
    return checkpoint.with_name(checkpoint.stem + SUFFIX)


class CurveWriter:
    """Writes the curve of one run as it goes on; a `with` closes it."""

    def __init__(self, path: Path, first_step: int = 0, *, event_files: bool | None = None) -> None:
        """Begin a curve, or go on with one that was broken off.

        Args:
            path: as `curve_path` gives it.
            first_step: steps that the checkpoint has behind it; later rows are written again.
            event_files: for TensorBoard; by default where it is installed.

        Raises:
            ConfigError: event files are asked for and TensorBoard is not installed.
        """
        kept = read_curve(path) if first_step and path.exists() else ()
        kept = tuple(point for point in kept if point.step <= first_step)
        self._losses: list[float] = []
        self._started = time.monotonic() - (kept[-1].seconds if kept else 0.0)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + ".part")
        with unfinished.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(COLUMNS)
            csv.writer(file, lineterminator="\n").writerows(_row(point) for point in kept)
        unfinished.replace(path)
        self._file = path.open("a", newline="")
        self._events: SummaryWriter | None = None
        if event_files or (event_files is None and find_spec("tensorboard") is not None):
            folder = path.parent / "events" / path.name.removesuffix(SUFFIX)
            self._events = _open_events(folder, first_step)

    def __enter__(self) -> "CurveWriter":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files, whatever happened."""
        self._file.close()
        if self._events is not None:
            self._events.close()

    def add(
        self, step: int, loss: float, learning_rate: float, held_out_eer: float | None = None
    ) -> None:
        """Take note of a step; every so often, and where an EER is given, that makes a row."""
        self._losses.append(loss)
        if step % EVERY_STEPS and held_out_eer is None:
            return
        seconds = time.monotonic() - self._started
        mean = float(np.mean(self._losses))
        self._losses.clear()
        point = CurvePoint(step, mean, learning_rate, seconds, held_out_eer)
        csv.writer(self._file, lineterminator="\n").writerow(_row(point))
        self._file.flush()
        if self._events is not None:
            for column in ("loss", "learning_rate", "held_out_eer"):
                value = getattr(point, column)
                if value is not None:
                    self._events.add_scalar(column, value, step)


def read_curve(path: Path) -> tuple[CurvePoint, ...]:
    """Return a curve; a last row that was cut off by a kill is left out.

    Raises:
        InputError: this is not the table of a curve.
    """
    text = path.read_text("utf-8")
    whole = text[: text.rfind("\n") + 1]
    reader = csv.DictReader(io.StringIO(whole, newline=""))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise InputError(f"{path.name} is no learning curve: its columns are not {COLUMNS}")
    try:
        return tuple(
            CurvePoint(
                int(row["step"]),
                float(row["loss"]),
                float(row["learning_rate"]),
                float(row["seconds"]),
                float(row["held_out_eer"]) if row["held_out_eer"] else None,
            )
            for row in reader
        )
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{path.name}, line {reader.line_num}: not a row of numbers ({error})"
        ) from error


def find_curves(folder: Path) -> dict[str, tuple[CurvePoint, ...]]:
    """Return the curves of all runs in a folder and below it, by name.

    Raises:
        InputError: there are none, or one of them cannot be read.
    """
    paths = sorted(folder.rglob(f"*{SUFFIX}"))
    if not paths:
        raise InputError(f"there is no *{SUFFIX} under {folder}: training writes them")
    names = [path.relative_to(folder).as_posix().removesuffix(SUFFIX) for path in paths]
    return {name: read_curve(path) for name, path in zip(names, paths, strict=True)}


def draw_curves(curves: Mapping[str, Sequence[CurvePoint]], path: Path) -> None:
    """Draw loss and learning rate, and the held-out EER where a run has one, over the steps.

    Args:
        curves: words -> the points of a run.
        path: the picture; its suffix says which kind (.png, .svg, .pdf).

    Raises:
        InputError: the suffix names no kind of picture.
    """
    from matplotlib.figure import Figure  # half a second: only for who draws

    judged = any(point.held_out_eer is not None for curve in curves.values() for point in curve)
    panels = [("loss", "loss", 1.0), ("learning_rate", "learning rate", 1.0)]
    panels += [("held_out_eer", "held-out EER, %", 100.0)] if judged else []
    figure = Figure(figsize=(7.0, 2.6 * len(panels)), layout="constrained")
    for place, (column, words, factor) in enumerate(panels, start=1):
        axes = figure.add_subplot(len(panels), 1, place)
        for name, curve in curves.items():
            known = [point for point in curve if getattr(point, column) is not None]
            values = [factor * getattr(point, column) for point in known]
            axes.plot([point.step for point in known], values, label=name, linewidth=1.2)
        axes.set_ylabel(words)
        axes.grid(alpha=0.3, linewidth=0.6)
        if place == 1:
            axes.legend(frameon=False, fontsize=7)
    axes.set_xlabel("step")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        figure.savefig(path, dpi=120)
    except ValueError as error:  # matplotlib's word for a suffix that it does not know
        raise InputError(f"{path.name} cannot be drawn: {error}") from error


def _open_events(folder: Path, first_step: int) -> "SummaryWriter":
    """Return a writer of event files; what an earlier run wrote from `first_step` on is void."""
    try:
        from torch.utils.tensorboard import SummaryWriter  # two seconds, and not installed by all
    except ImportError as error:
        raise ConfigError(NO_TENSORBOARD) from error
    return SummaryWriter(str(folder), purge_step=first_step + 1)


def _row(point: CurvePoint) -> tuple[str, ...]:
    """Return a point as the columns of the file."""
    eer = "" if point.held_out_eer is None else f"{point.held_out_eer:.5f}"
    return (
        str(point.step),
        f"{point.loss:.5f}",
        f"{point.learning_rate:.4e}",
        f"{point.seconds:.1f}",
        eer,
    )
