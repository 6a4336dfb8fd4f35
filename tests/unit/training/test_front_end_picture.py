"""The front-end picture: which second it shows, that it shows every front end, what it refuses."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import InputError, MediaCorruptError, SourceNotFoundError
from pipeline.frontends import FRONT_ENDS
from training.front_end_picture import PANELS, draw_front_ends, panel_values, read_loudest_second

RATE = 16_000


def make_speech_like(seed: int) -> np.ndarray:
    samples = 0.02 * np.random.default_rng(seed).standard_normal(RATE)
    samples[:: 100 + 20 * seed] += 0.4
    return np.asarray(samples, dtype=np.float32)


def test_every_front_end_has_a_panel() -> None:
    assert {panel.front_end for panel in PANELS} == set(FRONT_ENDS)


def test_a_panel_shows_values_upwards_and_time_to_the_right() -> None:
    mel = next(panel for panel in PANELS if panel.front_end == "log_mel")
    assert panel_values(mel, np.stack([make_speech_like(0)] * 2)).shape == (2, 80, 101)


def test_the_loudest_second_is_shown(tmp_path: Path) -> None:
    quiet = np.full(2 * RATE, 0.001)
    loud = np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)
    soundfile.write(tmp_path / "a.wav", np.concatenate([quiet, loud, quiet]), RATE)
    segment = read_loudest_second(tmp_path / "a.wav")
    assert segment.shape == (RATE,)
    np.testing.assert_allclose(segment, loud, atol=1e-3)


def test_a_picture_is_drawn_of_two_clips(tmp_path: Path) -> None:
    draw_front_ends(make_speech_like(0), make_speech_like(1), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_files_that_cannot_be_shown_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match=r"none\.wav"):
        read_loudest_second(tmp_path / "none.wav")
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(MediaCorruptError, match=r"text\.wav"):
        read_loudest_second(tmp_path / "text.wav")
    soundfile.write(tmp_path / "short.wav", np.zeros(100), RATE)
    with pytest.raises(InputError, match=r"short\.wav is shorter"):
        read_loudest_second(tmp_path / "short.wav")
