"""Raw-waveform front end: the samples themselves at one level, for models with their own filters."""

from dataclasses import dataclass

from pipeline.frontends.spectrum import TARGET_RMS, with_level
from pipeline.vocabulary import FloatArray


@dataclass(frozen=True, slots=True)
class WaveformConfig:
    """Numbers of the raw-waveform front end."""

    target_rms: float = TARGET_RMS  # 0 = leave the level as it is


def waveform(samples: FloatArray, config: WaveformConfig) -> FloatArray:
    """Return the samples without their mean and at one level.

    Args:
        samples: (n, segment_samples), full scale is 1.0.
        config: numbers of the front end.

    Returns:
        float32 (n, segment_samples, 1): each sample is a frame of one value.
    """
    return with_level(samples, config.target_rms)[:, :, None].astype("float32")
