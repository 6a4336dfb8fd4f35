"""Griffin-Lim: phase found by iteration for a magnitude that went through mel bands or not.

Griffin and Lim 1984; with momentum Perraudin, Balazs and Soendergaard 2013. It is one of the
systems of the corpus' closed fold: copies by it are never trained on where that fold is tested.
"""

from pathlib import Path

import librosa
import numpy as np

from pipeline.frontends.log_mel import LogMelConfig, mel_filters
from training.synthesis.engines import Copy, Signal

N_MELS = (40, 64, 80, 80, 100, 128)
N_FFT = (512, 800, 1024, 1024, 2048)


def load(_folder: Path) -> Copy:
    """Return the copy; nothing but librosa is needed."""
    return copy


def copy(samples: Signal, random: np.random.Generator) -> Signal:
    """Return the utterance with a phase found by 8 to 60 iterations, by either algorithm."""
    n_fft = int(random.choice(N_FFT))
    hop_length = n_fft // int(random.choice([4, 4, 5, 8]))
    magnitude = np.abs(librosa.stft(samples, n_fft=n_fft, hop_length=hop_length))
    if random.random() < 0.8:
        magnitude = through_mel(magnitude, n_fft, int(random.choice(N_MELS)))
    if random.random() < 0.3:
        magnitude = magnitude ** random.uniform(1.05, 1.3)  # sharpened, as Tacotron's was
    made = librosa.griffinlim(
        magnitude,
        n_iter=int(random.integers(8, 61)),
        hop_length=hop_length,
        n_fft=n_fft,
        momentum=0.99 if random.random() < 0.5 else 0.0,
        length=len(samples),
        random_state=int(random.integers(2**31)),
    )
    return np.asarray(made, dtype=np.float64)


def through_mel(magnitude: Signal, n_fft: int, n_mels: int) -> Signal:
    """Return the magnitude (n_bins, n_frames) after mel bands and their pseudo-inverse."""
    config = LogMelConfig(n_fft=n_fft, n_mels=n_mels, low_hz=0.0, high_hz=8000.0)
    filters = mel_filters(config).astype(np.float64)
    used = filters[filters.sum(axis=1) > 0]  # narrow low bands may hold no bin
    return np.asarray(np.maximum(np.linalg.pinv(used) @ (used @ magnitude), 1e-8))
