"""What every metric takes: scores of one class, checked once."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError

Scores = NDArray[np.float64]


def checked(scores: ArrayLike) -> Scores:
    """Return scores as float64 (n,); infinities are scores like others.

    Raises:
        InputError: a score is NaN.
    """
    array = np.asarray(scores, dtype=np.float64).ravel()
    if np.isnan(array).any():
        raise InputError("a score is not a number: leave out what was not scored")
    return array
