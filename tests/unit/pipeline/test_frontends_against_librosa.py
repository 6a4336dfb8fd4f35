"""The front ends that librosa has too, against librosa's own way from samples to numbers."""

import librosa
import numpy as np
import pytest

from pipeline.frontends import compute
from pipeline.frontends.lfcc import slopes
from pipeline.vocabulary import FloatArray

SAMPLE_RATE = 16_000
AS_IT_IS = {"target_rms": 0.0}  # librosa leaves the level as it is
EVEN_LEVEL = 0.05


def make_voice_like(seed: int = 0) -> FloatArray:
    """Return a pulse train of rising pitch in noise, without mean, RMS 0.05, float32 (16000,)."""
    random = np.random.default_rng(seed)
    samples = 0.01 * random.standard_normal(SAMPLE_RATE)
    turns = np.cumsum(np.linspace(110.0, 180.0, SAMPLE_RATE)) / SAMPLE_RATE
    samples[np.flatnonzero(np.diff(np.floor(turns)))] += 0.5
    samples -= samples.mean()
    return np.asarray(samples * EVEN_LEVEL / np.sqrt(np.mean(samples**2)), dtype=np.float32)


def power_of(samples: FloatArray, n_fft: int) -> np.ndarray:
    """Return librosa's power spectrogram, (n_bins, n_frames)."""
    spectrum = librosa.stft(samples, n_fft=n_fft, hop_length=160, center=True, pad_mode="constant")
    return np.asarray(np.abs(spectrum) ** 2)


def test_the_linear_log_spectrogram_is_that_of_librosa() -> None:
    samples = make_voice_like()
    expected = np.log(np.maximum(power_of(samples, 512)[:225], 1e-10))
    actual = compute("log_spectrum", AS_IT_IS, samples[None])
    assert actual.shape == (1, 101, 225)
    np.testing.assert_allclose(actual[0].T, expected, atol=5e-3)


def test_mfcc_is_that_of_librosa() -> None:
    samples = make_voice_like()
    mel = librosa.feature.melspectrogram(
        y=samples, sr=SAMPLE_RATE, n_fft=512, hop_length=160, n_mels=80, fmin=20.0, fmax=7000.0,
        pad_mode="constant",
    )  # fmt: skip
    expected = librosa.feature.mfcc(S=np.log(np.maximum(mel, 1e-10)), n_mfcc=40)
    actual = compute("mfcc", AS_IT_IS, samples[None])
    np.testing.assert_allclose(actual[0].T, expected, atol=5e-3)


def test_chroma_is_that_of_librosa() -> None:
    samples = make_voice_like()
    expected = librosa.feature.chroma_stft(
        y=samples, sr=SAMPLE_RATE, n_fft=1024, hop_length=160, tuning=0.0
    )
    actual = compute("chroma", AS_IT_IS, samples[None])
    np.testing.assert_allclose(actual[0].T, expected, atol=1e-4)


def test_spectral_contrast_is_that_of_librosa() -> None:
    samples = make_voice_like()
    magnitude = np.sqrt(power_of(samples, 512)[:225])  # up to 7 kHz
    expected = librosa.feature.spectral_contrast(
        S=magnitude, sr=SAMPLE_RATE, freq=np.arange(225) * SAMPLE_RATE / 512, fmin=200.0, n_bands=5
    )
    actual = compute("contrast", AS_IT_IS, samples[None])
    np.testing.assert_allclose(actual[0].T, expected, atol=1e-2)


def test_tonnetz_is_that_of_librosa() -> None:
    samples = make_voice_like()
    classes = librosa.feature.chroma_stft(
        y=samples, sr=SAMPLE_RATE, n_fft=1024, hop_length=160, tuning=0.0
    )
    expected = librosa.feature.tonnetz(chroma=classes, sr=SAMPLE_RATE)
    actual = compute("tonnetz", AS_IT_IS, samples[None])
    np.testing.assert_allclose(actual[0].T, expected, atol=1e-4)


def test_cqt_is_that_of_librosa_for_one_segment_and_for_many() -> None:
    segments = np.stack([make_voice_like(seed) for seed in range(3)])
    actual = compute("cqt", AS_IT_IS, segments)
    assert actual.shape == (3, 101, 80)
    for row in range(3):
        spectrum = librosa.cqt(
            segments[row], sr=SAMPLE_RATE, hop_length=160, fmin=librosa.note_to_hz("C2"),
            n_bins=80, bins_per_octave=12, tuning=0.0,
        )  # fmt: skip
        expected = np.log(np.maximum(np.abs(spectrum) ** 2, 1e-10))
        np.testing.assert_allclose(actual[row].T, expected, atol=1e-2)


def test_a_tone_lies_in_its_own_cqt_bin() -> None:
    time_s = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 440.0 * time_s).astype(np.float32)
    power = compute("cqt", {}, tone[None])[0].mean(axis=0)
    assert int(power.argmax()) == 33  # A4 is 33 semitones above C2


@pytest.mark.parametrize("n_each_side", [1, 3, 4])
def test_slopes_are_those_of_librosa(n_each_side: int) -> None:
    values = np.random.default_rng(2).standard_normal((1, 60, 5))
    expected = librosa.feature.delta(values[0], width=2 * n_each_side + 1, axis=0, mode="nearest")
    np.testing.assert_allclose(slopes(values, n_each_side)[0], expected, atol=1e-9)
