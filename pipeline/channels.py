"""Tell which channels of a track carry a sound of their own, and a constant offset, in one pass.

Channels are compared second by second: a correlation over the whole track would call a channel a copy
although a few of its seconds hold another voice, and these would never be heard.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.vocabulary import FloatArray, TrackUse

SILENT_RMS = 1e-4  # -80 dBFS in the loudest second: nothing that a person said
COMPARED_RMS = 1e-3  # -60 dBFS: quieter seconds are a codec's own noise, and differ in copies too
COPY_CORRELATION = 0.95  # |r| in every compared second; inverted and scaled copies count
LEAST_OFFSET = 1e-3  # of full scale: -60 dB
OFFSET_SHARE = 0.5  # of the sound's RMS, from which an offset hides the voice from the mask net
OFFSET_SPREAD = 0.1  # of the offset, from second to second: a stretch of DC is no constant offset


class ChannelComparison:
    """Compares the channels of one track as its samples come; lives as long as one survey."""

    def __init__(self, n_channels: int, sample_rate: int) -> None:
        """Start with every channel silent and a copy of every other."""
        self._second = sample_rate
        self._waiting: FloatArray = np.zeros((0, n_channels), np.float32)
        self._energy = np.zeros(n_channels)  # summed
        self._loudest = np.zeros(n_channels)  # mean square of the loudest second
        self._n_samples = self._n_means = 0
        self._means = np.zeros(n_channels)  # of whole seconds, summed
        self._squared_means = np.zeros(n_channels)
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

    def offsets(self) -> tuple[float, ...]:
        """Return what every sample of a channel is off zero by; 0 where that is no constant, or little.

        Cheap sound cards add such an offset. `use` was called before.
        """
        means = self._means / max(self._n_means, 1)
        spread = np.sqrt(np.maximum(self._squared_means / max(self._n_means, 1) - means**2, 0))
        rms = np.sqrt(np.maximum(self._energy / max(self._n_samples, 1) - means**2, 0))
        is_constant = spread <= OFFSET_SPREAD * np.abs(means)
        is_much = np.abs(means) > np.maximum(LEAST_OFFSET, OFFSET_SHARE * rms)
        return tuple(np.where(is_constant & is_much, means, 0.0).tolist())

    def _compare(self, second: FloatArray) -> None:
        self._n_samples += len(second)
        if len(second) == self._second:  # the last one is shorter
            means = second.mean(axis=0, dtype=np.float64)
            self._n_means += 1
            self._means += means
            self._squared_means += means**2
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
