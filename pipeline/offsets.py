"""Find stretches where a channel stands off zero, and take that out there, and nowhere else.

A broken codec or a cut between two sound cards leaves such stretches, and one of them hides the voice
of the seconds around it from the mask net. Samples outside of them stay as they are, to the last bit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray, WaveformBlock

CELL_S = 0.1  # what is looked at as one
LEAST_LEVEL = 0.05  # of full scale: quieter ones hide nothing (measured)
SHARE_OF_SOUND = 0.5  # of the RMS of the sound upon it, as for a constant offset
SAME = 0.2  # by which a stretch's cells may differ from its mean
LEAST_CELLS = 3  # a deep tone or a bump on the microphone comes back sooner
MOST_STRETCHES = 1_000  # of a channel; what is made to have more is no recording
MARGIN_CELLS = 2  # to either side, for the filter to come to rest
CUTOFF_HZ = 30.0  # no voice has anything below
N_POLES = 2

Stretch = tuple[float, float]  # seconds, from and to


@dataclass(slots=True)
class _Run:
    """Cells that stand off zero alike."""

    first: int
    n_cells: int
    level: float  # mean


@dataclass(slots=True)
class OffsetFinder:
    """Looks at the channels of one track as their samples come; lives as long as one survey."""

    n_channels: int
    sample_rate: int
    _waiting: FloatArray = field(init=False)
    _n_cells: int = 0
    _runs: dict[int, _Run] = field(default_factory=dict)  # by channel: those that go on
    _found: list[list[Stretch]] = field(init=False)

    def __post_init__(self) -> None:
        """Start with nothing."""
        self._waiting = np.zeros((0, self.n_channels), np.float32)
        self._found = [[] for _ in range(self.n_channels)]

    def add(self, samples: FloatArray) -> None:
        """Look at the next samples, float32 (n, n_channels), finite."""
        size = round(CELL_S * self.sample_rate)
        waiting = np.concatenate([self._waiting, samples]) if len(self._waiting) else samples
        n_whole = len(waiting) // size
        cells = waiting[: n_whole * size].reshape(n_whole, size, self.n_channels)
        self._waiting = waiting[n_whole * size :]
        means = cells.mean(axis=1, dtype=np.float64)  # (n_whole, n_channels)
        squares = np.square(cells).mean(axis=1, dtype=np.float64)
        rms = np.sqrt(np.maximum(squares - means**2, 0.0))
        is_off = (np.abs(means) >= LEAST_LEVEL) & (np.abs(means) > SHARE_OF_SOUND * rms)
        if self._runs or is_off.any():
            for place in range(n_whole):
                for channel in range(self.n_channels):
                    level = float(means[place, channel]) if is_off[place, channel] else None
                    self._step(channel, self._n_cells + place, level)
        self._n_cells += n_whole

    def stretches(self) -> tuple[tuple[Stretch, ...], ...]:
        """Return the stretches of each channel, once all samples were added."""
        for channel in tuple(self._runs):
            self._end(channel)
        return tuple(map(tuple, self._found))

    def _step(self, channel: int, place: int, level: float | None) -> None:
        run = self._runs.get(channel)
        if run is not None:
            if level is not None and abs(level - run.level) <= SAME * abs(run.level):
                run.level += (level - run.level) / (run.n_cells + 1)
                run.n_cells += 1
                return
            self._end(channel)
        if level is not None:
            self._runs[channel] = _Run(place, 1, level)

    def _end(self, channel: int) -> None:
        run = self._runs.pop(channel)
        found = self._found[channel]
        if run.n_cells >= LEAST_CELLS and len(found) < MOST_STRETCHES:
            last = run.first + run.n_cells + MARGIN_CELLS
            found.append((max(0, run.first - MARGIN_CELLS) * CELL_S, last * CELL_S))


def level_stretches(
    blocks: Iterable[WaveformBlock], stretches: tuple[Stretch, ...]
) -> Iterator[WaveformBlock]:
    """Yield the blocks of a channel without what its stretches stand off zero.

    Args:
        blocks: in order, from the channel's first on; their lengths change no number.
        stretches: as `OffsetFinder` found them.
    """
    if not stretches:
        yield from blocks
        return
    filters: NDArray[np.float64] | None = None
    state = np.zeros((N_POLES // 2, 2))
    for block in blocks:
        if filters is None:
            filters = scipy.signal.butter(
                N_POLES, CUTOFF_HZ, "highpass", fs=block.sample_rate, output="sos"
            )
        heard = np.nan_to_num(block.samples.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        levelled, state = scipy.signal.sosfilt(filters, heard, zi=state)
        inside = _inside(block, stretches)
        if not inside.any():
            yield block
            continue
        mixed = np.where(inside & np.isfinite(block.samples), levelled, block.samples)
        yield replace(block, samples=np.clip(mixed, -1.0, 1.0).astype(np.float32))


def _inside(block: WaveformBlock, stretches: tuple[Stretch, ...]) -> NDArray[np.bool_]:
    first = round(block.start_s * block.sample_rate)
    inside = np.zeros(len(block.samples), np.bool_)
    for from_s, to_s in stretches:
        start, end = round(from_s * block.sample_rate), round(to_s * block.sample_rate)
        inside[max(0, start - first) : max(0, end - first)] = True
    return inside
