"""Codec 2: a sinusoidal speech coder of 0.7 to 3.2 kbit/s (Rowe 2010), which keeps no waveform.

Its speech is synthetic in all but the words: kind `codec`, a class of its own. The coder hears the
telephone's band; the manifest's copy has nothing above 4 kHz.
"""

from pathlib import Path

import numpy as np
import scipy.signal

from training.synthesis.engines import Copy, NotInstalledError, Signal, fit_length

MODES = (3200, 2400, 1600, 1400, 1300, 1200, 700)


def load(_folder: Path) -> Copy:
    """Return the copy by one of the coder's modes, drawn for each utterance."""
    try:
        import pycodec2
    except ImportError as error:
        raise NotInstalledError("Codec 2 needs pycodec2: pip install pycodec2") from error

    def copy(samples: Signal, random: np.random.Generator) -> Signal:
        coder = pycodec2.Codec2(int(random.choice(MODES)))
        size = coder.samples_per_frame()
        low = scipy.signal.resample_poly(samples, 1, 2)
        gain = 0.5 / (np.max(np.abs(low)) + 1e-9)
        pcm = fit_length(low * gain * 32767, -(-len(low) // size) * size).astype(np.int16)
        coded = [coder.decode(coder.encode(pcm[at : at + size])) for at in range(0, len(pcm), size)]
        made = np.concatenate(coded).astype(np.float64) / 32767 / gain
        return np.asarray(scipy.signal.resample_poly(made, 2, 1))

    return copy
