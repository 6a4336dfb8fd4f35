"""WORLD: analysis by DIO, CheapTrick and D4C, and synthesis (Morise, Yokomori and Ozawa 2016).

- `copy_plain`: the parameters as they were measured, or coded in a few dimensions.
- `copy_statistical`: a statistical model's parameters: mel-cepstra of low order, smoothed in time,
  the aperiodicity of one or two bands, a smooth pitch.
- `convert`: another pitch and another length of the vocal tract.
"""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import scipy.ndimage

from training.synthesis.engines import SAMPLE_RATE, Copy, NotInstalledError, Signal

_LOWEST_POWER = 1e-16  # CheapTrick's floor


@dataclass(frozen=True, slots=True)
class _Parameters:
    """What WORLD says about an utterance."""

    pitch_hz: Signal  # (n_frames,), 0 where unvoiced
    envelope: Signal  # (n_frames, n_bins), power
    aperiodicity: Signal  # (n_frames, n_bins), 0 to 1
    frame_period_ms: float


def load_plain(_folder: Path) -> Copy:
    """Return the copy of `copy_plain`."""
    pyworld = _pyworld()
    return lambda samples, random: copy_plain(pyworld, samples, random)


def load_statistical(_folder: Path) -> Copy:
    """Return the copy of `copy_statistical`."""
    pyworld = _pyworld()
    return lambda samples, random: copy_statistical(pyworld, samples, random)


def load_conversion(_folder: Path) -> Copy:
    """Return the copy of `convert`."""
    pyworld = _pyworld()
    return lambda samples, random: convert(pyworld, samples, random)


def copy_plain(pyworld: ModuleType, samples: Signal, random: np.random.Generator) -> Signal:
    """Return analysis and synthesis, at times with the envelope coded in 40 to 80 dimensions."""
    found = _analyse(pyworld, samples, random)
    if random.random() < 0.4:
        found = replace(found, envelope=_coded(pyworld, found, int(random.integers(40, 81))))
    return _synthesize(pyworld, found)


def copy_statistical(pyworld: ModuleType, samples: Signal, random: np.random.Generator) -> Signal:
    """Return what an acoustic model that averages would have WORLD say."""
    found = _analyse(pyworld, samples, random)
    envelope = _coded(pyworld, found, int(random.choice([24, 25, 40, 60])))
    blur = random.uniform(0.0, 2.5)  # frames
    log_envelope = scipy.ndimage.gaussian_filter1d(np.log(envelope), blur, axis=0)
    few = pyworld.code_aperiodicity(found.aperiodicity, SAMPLE_RATE)
    few = scipy.ndimage.gaussian_filter1d(few, random.uniform(0.0, 4.0), axis=0)
    n_fft = 2 * (found.envelope.shape[1] - 1)
    aperiodicity = pyworld.decode_aperiodicity(np.ascontiguousarray(few), SAMPLE_RATE, n_fft)
    smooth = replace(
        found,
        pitch_hz=_smooth_pitch(found.pitch_hz, random.uniform(0.5, 4.0)),
        envelope=np.exp(log_envelope),
        aperiodicity=np.clip(aperiodicity, 1e-6, 1 - 1e-6),
    )
    return _synthesize(pyworld, smooth)


def convert(pyworld: ModuleType, samples: Signal, random: np.random.Generator) -> Signal:
    """Return the words in another voice: pitch moved by up to 8 semitones, formants warped."""
    found = _analyse(pyworld, samples, random)
    direction = random.choice([-1.0, 1.0])
    semitones = direction * random.uniform(1.5, 8.0)
    warp = 2 ** (semitones / 12 * random.uniform(0.15, 0.5))  # formants follow in part
    spread = random.uniform(0.6, 1.4)  # of the intonation
    bins = np.arange(found.envelope.shape[1])
    voiced = found.pitch_hz > 0
    pitch = found.pitch_hz.copy()
    if voiced.any():
        centre = np.mean(np.log(pitch[voiced]))
        moved = centre + spread * (np.log(pitch[voiced]) - centre) + semitones / 12 * np.log(2)
        pitch[voiced] = np.clip(np.exp(moved), 55.0, 700.0)
    log_envelope = np.log(found.envelope)
    warped = np.stack([np.interp(bins / warp, bins, row) for row in log_envelope])
    converted = replace(found, pitch_hz=pitch, envelope=np.exp(warped))
    if random.random() < 0.5:
        converted = replace(
            converted, envelope=_coded(pyworld, converted, int(random.choice([24, 40, 60])))
        )
    return _synthesize(pyworld, converted)


def _pyworld() -> ModuleType:
    """Return the package; it warns of its own import of pkg_resources."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pyworld
    except ImportError as error:
        raise NotInstalledError(
            "WORLD needs pyworld, and pyworld needs setuptools below 81: "
            "pip install pyworld 'setuptools<81'"
        ) from error
    return pyworld  # type: ignore[no-any-return]


def _analyse(pyworld: ModuleType, samples: Signal, random: np.random.Generator) -> _Parameters:
    """Return pitch, envelope and aperiodicity, by one of WORLD's two pitch trackers."""
    period_ms = float(random.choice([5.0, 5.0, 5.0, 2.5, 10.0]))
    steady = np.ascontiguousarray(samples)
    track = pyworld.harvest if random.random() < 0.2 else pyworld.dio
    pitch, time_s = track(steady, SAMPLE_RATE, frame_period=period_ms)
    pitch = pyworld.stonemask(steady, pitch, time_s, SAMPLE_RATE)
    envelope = pyworld.cheaptrick(steady, pitch, time_s, SAMPLE_RATE)
    aperiodicity = pyworld.d4c(steady, pitch, time_s, SAMPLE_RATE)
    return _Parameters(pitch, np.maximum(envelope, _LOWEST_POWER), aperiodicity, period_ms)


def _synthesize(pyworld: ModuleType, found: _Parameters) -> Signal:
    """Return the samples of the parameters."""
    made = pyworld.synthesize(
        np.ascontiguousarray(found.pitch_hz),
        np.ascontiguousarray(found.envelope),
        np.ascontiguousarray(found.aperiodicity),
        SAMPLE_RATE,
        found.frame_period_ms,
    )
    return np.asarray(made, dtype=np.float64)


def _coded(pyworld: ModuleType, found: _Parameters, n_values: int) -> Signal:
    """Return the envelope after mel-cepstra of so many dimensions."""
    steady = np.ascontiguousarray(found.envelope)
    n_fft = 2 * (steady.shape[1] - 1)
    coded = pyworld.code_spectral_envelope(steady, SAMPLE_RATE, n_values)
    decoded = pyworld.decode_spectral_envelope(np.ascontiguousarray(coded), SAMPLE_RATE, n_fft)
    return np.asarray(np.maximum(decoded, _LOWEST_POWER), dtype=np.float64)


def _smooth_pitch(pitch_hz: Signal, blur: float) -> Signal:
    """Return the pitch smoothed over so many frames, unvoiced frames as they are."""
    voiced = pitch_hz > 0
    if voiced.sum() < 2:
        return pitch_hz
    frames = np.arange(len(pitch_hz))
    filled = np.interp(frames, frames[voiced], np.log(pitch_hz[voiced]))
    smooth = np.exp(scipy.ndimage.gaussian_filter1d(filled, blur))
    return np.where(voiced, smooth, 0.0)
