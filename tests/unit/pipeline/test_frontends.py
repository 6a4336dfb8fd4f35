"""What every front end promises, and log-mel and phase against independent references."""

import librosa
import numpy as np
import pytest

from pipeline.errors import MediaCorruptError, ModelMismatchError
from pipeline.frontends import FRONT_ENDS, compute
from pipeline.frontends.log_mel import LogMelConfig, log_mel, mel_filters
from pipeline.frontends.phase import PhaseConfig, level_and_floor, linear_triangles
from pipeline.vocabulary import FloatArray

SAMPLE_RATE = 16_000


def make_segments(n_segments: int, seed: int = 0) -> FloatArray:
    """Return noisy pulse trains of different pitch, float32 (n_segments, 16000)."""
    random = np.random.default_rng(seed)
    samples = 0.01 * random.standard_normal((n_segments, SAMPLE_RATE))
    for row in range(n_segments):
        samples[row, :: 90 + 20 * row] += 0.5
    return samples.astype(np.float32)


@pytest.mark.parametrize("name", sorted(FRONT_ENDS))
def test_a_segment_has_the_same_numbers_whatever_stands_beside_it(name: str) -> None:
    segments = make_segments(5)
    together = compute(name, {}, segments)
    alone = np.concatenate([compute(name, {}, segments[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("name", sorted(FRONT_ENDS))
def test_features_do_not_depend_on_the_level(name: str) -> None:
    segments = make_segments(2)
    np.testing.assert_allclose(
        compute(name, {}, segments), compute(name, {}, segments * 0.1), atol=2e-3
    )


@pytest.mark.parametrize("name", sorted(FRONT_ENDS))
def test_silence_gives_finite_features(name: str) -> None:
    assert np.isfinite(compute(name, {}, np.zeros((2, SAMPLE_RATE), dtype=np.float32))).all()


@pytest.mark.parametrize("name", sorted(FRONT_ENDS))
def test_no_segments_give_no_rows(name: str) -> None:
    assert len(compute(name, {}, np.zeros((0, SAMPLE_RATE), dtype=np.float32))) == 0


@pytest.mark.parametrize("name", sorted(FRONT_ENDS))
def test_samples_that_are_not_numbers_are_refused(name: str) -> None:
    segments = make_segments(1)
    segments[0, 100] = np.nan
    with pytest.raises(MediaCorruptError):
        compute(name, {}, segments)


def test_an_unknown_front_end_is_named() -> None:
    with pytest.raises(ModelMismatchError, match="gammatone"):
        compute("gammatone", {}, make_segments(1))


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(ModelMismatchError, match="n_moose"):
        compute("log_mel", {"n_moose": 3}, make_segments(1))


def test_mel_filters_are_those_of_librosa() -> None:
    expected = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=512, n_mels=80, fmin=20.0, fmax=7000.0)
    np.testing.assert_allclose(mel_filters(LogMelConfig()), expected, atol=1e-6)


def test_log_mel_is_that_of_librosa() -> None:
    segment = make_segments(1)
    expected = librosa.feature.melspectrogram(
        y=segment[0], sr=SAMPLE_RATE, n_fft=512, hop_length=160, n_mels=80, fmin=20.0,
        fmax=7000.0, center=True, pad_mode="constant",
    )  # fmt: skip
    actual = log_mel(segment, LogMelConfig(target_rms=0.0))
    assert actual.shape == (1, 101, 80)
    np.testing.assert_allclose(actual[0].T, np.log(np.maximum(expected, 1e-10)), atol=1e-3)


def plain_phase_values(levelled: FloatArray, frame: int) -> FloatArray:
    """Return the values of one frame by the definition, one number at a time."""
    config = PhaseConfig()

    def unit_spectrum(centre: int, n_fft: int) -> np.ndarray:
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
        spectrum = np.fft.rfft(levelled[centre - n_fft // 2 : centre + n_fft // 2] * window)
        return spectrum

    def coherence(spectrum: np.ndarray, band: int, width: int) -> complex:
        unit = spectrum / np.abs(spectrum)
        turns = [
            unit[k + 1] * np.conj(unit[k]) for k in range(1 + band * width, 1 + (band + 1) * width)
        ]
        return complex(np.mean(turns))

    centre = 512 + 128 * frame
    now, before, after = (unit_spectrum(centre + shift, 512) for shift in (0, -128, 128))
    deviation = []
    for band in range(28):
        values = []
        for k in range(1 + 8 * band, 9 + 8 * band):
            second = np.angle(after[k]) - 2 * np.angle(now[k]) + np.angle(before[k])
            values.append(abs(1 + np.exp(1j * second)))
        deviation.append(np.mean(values))
    delay = [coherence(now, band, 8) for band in range(28)]
    long_spectrum, short = unit_spectrum(centre, 1024), unit_spectrum(centre, 256)
    power = linear_triangles(1024, config.n_power_bands) @ np.abs(long_spectrum) ** 2
    return np.array(
        deviation
        + [abs(value) for value in delay]
        + [value.real for value in delay]
        + [value.imag for value in delay]
        + [abs(coherence(long_spectrum, band, 16)) for band in range(28)]
        + [abs(coherence(short, band, 4)) for band in range(28)]
        + list(np.log(power))
    )


def test_phase_values_are_those_of_the_definition() -> None:
    segment = make_segments(1)
    actual = compute("phase", {}, segment)
    levelled = level_and_floor(segment, PhaseConfig())[0].astype(np.float64)
    first_frame = (1 + (SAMPLE_RATE - 1024) // 128 - 112) // 2
    expected = plain_phase_values(levelled, first_frame + 50)
    np.testing.assert_allclose(actual[0, 50, :168], expected[:168], atol=2e-3)
    offset = actual[0, 50, 168:] - expected[168:]  # the segment's mean power, one number
    np.testing.assert_allclose(offset, offset.mean(), atol=2e-3)


def test_a_steady_tone_turns_more_evenly_than_noise() -> None:
    time_s = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = (0.3 * np.sin(2 * np.pi * 1140 * time_s)).astype(np.float32)[None]
    noise = np.random.default_rng(1).standard_normal((1, SAMPLE_RATE)).astype(np.float32)
    band = 4  # bins 33 to 40 of the middle window: 1.03 to 1.25 kHz
    # Noise turns fairly evenly too: windows 8 ms apart share three quarters of their samples.
    of_tone = compute("phase", {}, tone)[0, :, band].mean()
    of_noise = compute("phase", {}, noise)[0, :, band].mean()
    assert of_tone > of_noise + 0.1
    assert of_tone <= 2.0
