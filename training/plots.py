"""The pictures of docs/validation.md: SVG files that read on light and on dark pages.

Grey text and axes on no background, two colours that colour-blind readers can tell apart (blue for
genuine, orange for synthetic speech), words instead of the field's abbreviations. The same scores
give the same bytes.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from scipy.special import ndtri

from pipeline.errors import InputError
from training.metrics import Scores, checked, det_points, reliability

GENUINE = "#3d85c6"
SYNTHETIC = "#dd7e2b"
GREY = "#808080"  # 4 to 5 : 1 against white and against black
COLOURS = (GENUINE, SYNTHETIC, "#3f9c6b", "#b565a7", "#a08a3c", GREY)
TICKS = (0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)  # error rates on the axes of a trade-off
MOST_POINTS = 300  # of a curve: more cannot be seen
MOST_BARS = 40
Classes = tuple[ArrayLike, ArrayLike]  # scores or LLRs of genuine, of synthetic speech


def draw_trade_off(curves: Mapping[str, Classes], path: Path) -> None:
    """Draw detection error trade-offs (DET) with both error rates on normal-deviate axes.

    Args:
        curves: words -> scores of both classes; one without one of them is left out.
        path: the SVG file.
    """
    axes = _axes((5.2, 5.0))
    for colour, (words, classes) in zip(COLOURS, curves.items(), strict=False):
        rejected, accepted = det_points(*classes)
        kept = _thinned(len(rejected))
        x, y = (ndtri(np.clip(rates[kept], 1e-4, 1 - 1e-4)) for rates in (rejected, accepted))
        axes.plot(x, y, color=colour, label=words, linewidth=1.6)
    for name, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        axis.set_ticks(ndtri(np.array(TICKS)), [f"{100 * tick:g} %" for tick in TICKS])
        getattr(axes, f"set_{name}lim")(ndtri(0.005), ndtri(0.9))
    axes.plot([-3, 3], [-3, 3], color=GREY, linewidth=0.7, linestyle=":")
    axes.set_xlabel("genuine called synthetic")
    axes.set_ylabel("synthetic called genuine")
    _save(axes, "Both errors, as the threshold moves", path)


def draw_reliability(curves: Mapping[str, Classes], path: Path, n_bins: int = 10) -> None:
    """Draw what LLRs claim against what is true, at even odds; the diagonal is right.

    Args:
        curves: words -> LLRs of both classes.
        path: the SVG file.
        n_bins: of about equal weight.
    """
    axes = _axes((5.2, 5.0))
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.7, linestyle=":")
    for colour, (words, classes) in zip(COLOURS, curves.items(), strict=False):
        bins = reliability(*classes, n_bins)
        claimed, observed = [one.claimed for one in bins], [one.observed for one in bins]
        axes.plot(claimed, observed, color=colour, label=words, marker="o", markersize=4)
    axes.set_xlabel("share of genuine speech that the likelihood ratios claim")
    axes.set_ylabel("share that is genuine")
    _save(axes, "Claimed and true, at even odds", path)


def draw_histogram(classes: Classes, thresholds: Sequence[float], words: str, path: Path) -> None:
    """Draw how often each LLR occurs in each class, thresholds as lines."""
    axes = _axes((6.4, 3.6))
    genuine, synthetic = (_finite(scores) for scores in classes)
    together = np.concatenate([genuine, synthetic])
    edges = np.linspace(float(together.min()), float(together.max()), 41).tolist()
    for scores, colour, name in (
        (genuine, GENUINE, "genuine"),
        (synthetic, SYNTHETIC, "synthetic"),
    ):
        weights = np.full(len(scores), 1 / max(1, len(scores)))
        axes.hist(scores, edges, weights=weights, color=colour, alpha=0.6, label=name)
    for threshold in thresholds:
        axes.axvline(threshold, color=GREY, linewidth=1.0, linestyle="--")
    axes.set_xlabel("log-likelihood ratio: right of 0 speaks for genuine; dashed: thresholds")
    axes.set_ylabel("share of its class")
    _save(axes, words, path)


def draw_tippett(classes: Classes, words: str, path: Path) -> None:
    """Draw the share of each class with at least each LLR (Tippett plot)."""
    axes = _axes((6.4, 3.6))
    for scores, colour, name in (
        (classes[0], GENUINE, "genuine"),
        (classes[1], SYNTHETIC, "synthetic"),
    ):
        ordered = np.sort(_finite(scores))
        share = 1 - np.arange(len(ordered)) / max(1, len(ordered))
        kept = _thinned(len(ordered))
        axes.plot(ordered[kept], share[kept], color=colour, label=name, linewidth=1.6)
    axes.axvline(0.0, color=GREY, linewidth=0.7, linestyle=":")
    axes.set_xlabel("log-likelihood ratio")
    axes.set_ylabel("share of its class with at least this")
    _save(axes, words, path)


def draw_bars(shares: Mapping[str, tuple[int, float]], words: str, colour: str, path: Path) -> None:
    """Draw a bar for each source or system, the worst on top; at most 40 are shown.

    Args:
        shares: name -> (utterances, share that is answered wrongly).
        words: the title.
        colour: `GENUINE` or `SYNTHETIC`.
        path: the SVG file.
    """
    order = sorted(shares.items(), key=lambda item: item[1][1])[-MOST_BARS:]
    axes = _axes((6.4, 0.9 + 0.22 * max(1, len(order))))
    names = [f"{name} ({count})" for name, (count, _) in order]
    axes.barh(names, [100 * share for _, (_, share) in order], color=colour)
    axes.set_xlim(0, 100)
    axes.set_xlabel("answered wrongly at llr 0, % (in brackets: utterances)")
    _save(axes, words, path)


def read_learning_curve(path: Path) -> dict[str, Scores]:
    """Return the columns of a CSV log of a training run: `step` and any others, such as `loss`.

    Raises:
        InputError: it has no column `step`, or a cell is not a number.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names = list(reader.fieldnames or ())
        if "step" not in names:
            raise InputError(f"{path.name} has no column step")
        try:
            rows = [[float(row[name]) for name in names] for row in reader]
        except (TypeError, ValueError) as error:
            raise InputError(f"{path.name}, row {reader.line_num}: a cell is no number") from error
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
    return {name: table[:, k] for k, name in enumerate(names)}


def draw_learning_curve(columns: Mapping[str, Scores], words: str, path: Path) -> None:
    """Draw a training run: every column of `read_learning_curve` against the step."""
    axes = _axes((6.4, 3.6))
    series = [name for name in columns if name != "step"]
    for colour, name in zip(COLOURS, series, strict=False):
        kept = _thinned(len(columns["step"]))
        axes.plot(columns["step"][kept], columns[name][kept], color=colour, label=name)
    axes.set_xlabel("training step")
    _save(axes, words, path)


def _axes(size_inches: tuple[float, float]) -> Axes:
    """Return empty axes of a new picture, all grey on nothing."""
    figure = Figure(figsize=size_inches, layout="constrained")
    axes: Axes = figure.add_subplot()
    axes.patch.set_alpha(0.0)
    axes.tick_params(colors=GREY, labelsize=9)
    for spine in axes.spines.values():
        spine.set_color(GREY)
    for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
        label.set_color(GREY)
    axes.grid(color=GREY, alpha=0.2, linewidth=0.6)
    axes.set_axisbelow(True)
    return axes


def _save(axes: Axes, title: str, path: Path) -> None:
    """Write the picture; text stays text, so that it is small and can be searched."""
    axes.set_title(title, fontsize=10)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, labelcolor=GREY, fontsize=9)
    figure = axes.get_figure()
    assert isinstance(figure, Figure), "the axes come from `_axes`"
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": path.name}):
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})


def _thinned(n_points: int) -> np.ndarray:
    """Return the places of at most `MOST_POINTS` points, both ends among them."""
    return np.unique(np.linspace(0, max(0, n_points - 1), min(n_points, MOST_POINTS)).astype(int))


def _finite(scores: ArrayLike) -> Scores:
    """Return the scores that can be drawn."""
    array = checked(scores)
    return array[np.isfinite(array)]
