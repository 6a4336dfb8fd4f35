"""The analysis window that the front ends share."""

from functools import lru_cache

import numpy as np

from pipeline.vocabulary import FloatArray


@lru_cache(maxsize=8)
def hann_window(n_samples: int) -> FloatArray:
    """Return the periodic Hann window, float32 (n_samples,).

    `scipy.signal.get_window("hann")` gives the same; importing it takes most of a second, which every
    command and every actor would pay.
    """
    phase = 2 * np.pi * np.arange(n_samples) / n_samples
    window: FloatArray = (0.5 - 0.5 * np.cos(phase)).astype(np.float32)
    window.flags.writeable = False
    return window
