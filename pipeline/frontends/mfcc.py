"""MFCC front end: mel-frequency cepstral coefficients, the cosine transform of the log-mel front end.

As `librosa.feature.mfcc(S=...)` computes them (orthonormal DCT-II), which the tests compare with;
Davis and Mermelstein 1980, Comparison of parametric representations.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft

from pipeline.frontends.log_mel import LogMelConfig, log_mel
from pipeline.frontends.spectrum import TARGET_RMS, TOP_HZ
from pipeline.vocabulary import FloatArray


@dataclass(frozen=True, slots=True)
class MfccConfig:
    """Numbers of the MFCC front end; the defaults are for 16 kHz."""

    sample_rate: int = 16_000
    n_fft: int = 512
    hop_length: int = 160
    n_mels: int = 80
    n_mfcc: int = 40
    low_hz: float = 20.0
    high_hz: float = TOP_HZ
    target_rms: float = TARGET_RMS  # 0 = leave the level as it is


def mfcc(samples: FloatArray, config: MfccConfig) -> FloatArray:
    """Return the mel cepstrum of each segment, of natural-log power.

    Args:
        samples: (n, segment_samples), full scale is 1.0.
        config: numbers of the front end.

    Returns:
        float32 (n, n_frames, n_mfcc), n_frames = 1 + segment_samples // hop_length.
    """
    mel = log_mel(
        samples,
        LogMelConfig(
            sample_rate=config.sample_rate,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            n_mels=config.n_mels,
            low_hz=config.low_hz,
            high_hz=config.high_hz,
            target_rms=config.target_rms,
        ),
    )
    cepstrum = scipy.fft.dct(mel, type=2, norm="ortho", axis=-1)  # (n, n_frames, n_mels)
    return np.ascontiguousarray(cepstrum[..., : config.n_mfcc], dtype=np.float32)
