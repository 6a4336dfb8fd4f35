"""Tell which channels of a track carry a sound of their own, from one pass over its samples.

Channels are compared second by second: a correlation over the whole track would call a channel a copy
although a few of its seconds hold another voice, and these would never be heard.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray, TrackUse

SILENT_RMS = 1e-4  # -80 dBFS in the loudest second: nothing that a person said
COMPARED_RMS = 1e-3  # -60 dBFS: quieter seconds are a codec's own noise, and differ in copies too
COPY_CORRELATION = 0.95  # |r| in every compared second; inverted and scaled copies count


class ChannelComparison:
    """Compares the channels of one track as its samples come; lives as long as one survey."""

    def __init__(self, n_channels: int, sample_rate: int) -> None:
        """Start with every channel silent and a copy of every other."""
        self._second = sample_rate
        self._waiting: FloatArray = np.zeros((0, n_channels), np.float32)
        self._energy = np.zeros(n_channels)  # summed
        self._loudest = np.zeros(n_channels)  # mean square of the loudest second
        self._are_copies: NDArray[np.bool_] = np.ones((n_channels, n_channels), np.bool_)

    def add(self, samples: FloatArray) -> None:
        """Look at the next samples, float32 (n, n_channels), finite."""
        self._waiting = np.concatenate([self._waiting, samples])
        whole = len(self._waiting) - len(self._waiting) % self._second
        for first in range(0, whole, self._second):
            self._compare(self._waiting[first : first + self._second])
        self._waiting = self._waiting[whole:]

    def use(self, room: int) -> tuple[TrackUse, ...]:
        """Return what to do with each channel, once all samples were added.

        Louder channels are chosen first; a wholly silent track still has one channel looked at, to say
        that it is silent.

        Args:
            room: how many channels may be analysed.
        """
        if len(self._waiting):
            self._compare(self._waiting)
            self._waiting = self._waiting[:0]
        n_channels = len(self._energy)
        use = [TrackUse.SILENT] * n_channels
        analysed: list[int] = []
        for channel in sorted(range(n_channels), key=lambda index: (-self._energy[index], index)):
            if self._loudest[channel] <= SILENT_RMS**2:
                continue
            if any(self._are_copies[channel, other] for other in analysed):
                use[channel] = TrackUse.COPY
            elif len(analysed) >= room:
                use[channel] = TrackUse.SKIPPED
            else:
                use[channel] = TrackUse.ANALYSED
                analysed.append(channel)
        if not analysed and room > 0 and TrackUse.SKIPPED not in use:
            use[0] = TrackUse.ANALYSED
        return tuple(use)

    def _compare(self, second: FloatArray) -> None:
        products = (second.T @ second).astype(np.float64)  # (n_channels, n_channels)
        energy = np.diag(products)
        mean_square = energy / len(second)
        self._energy += energy
        self._loudest = np.maximum(self._loudest, mean_square)
        scale = np.sqrt(np.outer(energy, energy))
        is_loud = mean_square > COMPARED_RMS**2
        is_compared = is_loud[:, None] | is_loud[None, :]
        self._are_copies &= ~is_compared | (np.abs(products) >= COPY_CORRELATION * scale)
        # a silent channel beside a loud one correlates with nothing: 0 >= 0 is no copy
        self._are_copies &= ~is_compared | (scale > 0)
