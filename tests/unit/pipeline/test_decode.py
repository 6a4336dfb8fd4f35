"""Sound comes out the same whatever its container, and each channel is looked at."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.decode import analysed_channels, decode, replace_not_finite, survey
from pipeline.errors import LimitExceededError
from pipeline.kept_sound import KeptSound
from pipeline.probe import open_media
from pipeline.vocabulary import AnalysisOptions, FloatArray, MediaFile, TrackUse
from tests.makers import encode, noise, silence, speech_like, tone, wav_bytes, write_wav

RATE = 16_000
OPTIONS = AnalysisOptions()


def surveyed(path: Path, options: AnalysisOptions = OPTIONS) -> MediaFile:
    return survey(open_media("item", path), RATE, options)


def channel_use(path: Path) -> tuple[TrackUse, ...]:
    probe = surveyed(path).probe
    assert probe is not None
    return probe.tracks[0].channel_use


def decoded(media: MediaFile, channel: int = 0, block_s: float = 30.0) -> FloatArray:
    assert media.probe is not None
    track = media.probe.tracks[0]
    return np.concatenate([b.samples for b in decode(media, track, channel, RATE, block_s)])


def test_a_16_khz_file_comes_out_sample_for_sample(tmp_path: Path) -> None:
    samples = noise(1, 3.1)
    media = surveyed(write_wav(tmp_path / "a.wav", samples, bits=32, is_float=True))
    np.testing.assert_array_equal(decoded(media), samples)


@pytest.mark.parametrize("block_s", [0.7, 1.0, 300.0])
def test_blocks_tile_the_sound(tmp_path: Path, block_s: float) -> None:
    media = surveyed(write_wav(tmp_path / "a.wav", noise(2, 3.1)))
    assert media.probe is not None
    blocks = list(decode(media, media.probe.tracks[0], 0, RATE, block_s))
    ends = [block.start_s + len(block.samples) / RATE for block in blocks]
    assert [block.start_s for block in blocks[1:]] == pytest.approx(ends[:-1])
    np.testing.assert_array_equal(np.concatenate([b.samples for b in blocks]), decoded(media))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp3", ("-ar", "44100")),
        ("a.m4a", ("-c:a", "aac", "-ar", "48000")),
        ("a.ogg", ("-c:a", "libopus", "-ar", "48000")),
        ("a.flac", ("-ar", "96000")),
        ("a.wav", ("-c:a", "pcm_mulaw", "-ar", "8000")),
        ("a.mka", ("-c:a", "ac3", "-ar", "48000")),
    ],
)
def test_a_tone_survives_any_codec(tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    samples = decoded(surveyed(encode(tmp_path / name, tone(440.0, 3.0), *options)))
    spectrum = np.abs(np.fft.rfft(samples[RATE : 2 * RATE]))
    assert int(spectrum.argmax()) == pytest.approx(440, abs=2)
    assert len(samples) / RATE == pytest.approx(3.0, abs=0.15)


def test_channels_that_are_copies_are_looked_at_once(tmp_path: Path) -> None:
    left = noise(3, 2.0)
    both = np.stack([left, left], axis=1)
    assert channel_use(write_wav(tmp_path / "a.wav", both)) == (TrackUse.ANALYSED, TrackUse.COPY)


def test_an_inverted_copy_does_not_cancel(tmp_path: Path) -> None:
    left = noise(3, 2.0)
    media = surveyed(write_wav(tmp_path / "a.wav", np.stack([left, -left], axis=1)))
    assert media.probe is not None
    assert analysed_channels(media.probe) == [(media.probe.tracks[0], 0)]
    assert np.abs(decoded(media)).max() > 0.1


def test_a_silent_channel_is_named_and_left_out(tmp_path: Path) -> None:
    both = np.stack([silence(2.0), noise(3, 2.0)], axis=1)
    assert channel_use(write_wav(tmp_path / "a.wav", both)) == (TrackUse.SILENT, TrackUse.ANALYSED)


def test_two_voices_on_two_channels_are_both_looked_at(tmp_path: Path) -> None:
    both = np.stack([noise(3, 2.0), noise(4, 2.0)], axis=1)
    assert channel_use(write_wav(tmp_path / "a.wav", both)) == (TrackUse.ANALYSED,) * 2


def test_a_copy_that_holds_another_voice_for_some_seconds_is_no_copy(tmp_path: Path) -> None:
    left = noise(3, 120.0)
    right = left.copy()
    right[60 * RATE : 63 * RATE] = noise(4, 3.0)
    both = np.stack([left, np.float32(0.8) * right], axis=1)
    assert channel_use(write_wav(tmp_path / "a.wav", both)) == (TrackUse.ANALYSED,) * 2


def test_a_channel_with_a_few_loud_seconds_is_not_silent(tmp_path: Path) -> None:
    left, right = noise(3, 120.0), silence(120.0)
    right[60 * RATE : 63 * RATE] = noise(4, 3.0)
    both = np.stack([left, right], axis=1)
    assert channel_use(write_wav(tmp_path / "a.wav", both)) == (TrackUse.ANALYSED,) * 2


def test_a_copy_through_a_codec_is_looked_at_once(tmp_path: Path) -> None:
    left = speech_like(3, 5.0)
    both = np.stack([left, np.float32(0.5) * left], axis=1)
    path = encode(tmp_path / "a.mp3", both, "-b:a", "64k", "-ar", "44100")
    assert channel_use(path) == (TrackUse.ANALYSED, TrackUse.COPY)


def test_channels_over_the_limit_are_named(tmp_path: Path) -> None:
    many = np.stack([noise(seed, 1.0) for seed in range(4)], axis=1)
    media = surveyed(write_wav(tmp_path / "a.wav", many), AnalysisOptions(max_channels=2))
    assert media.probe is not None
    assert media.probe.tracks[0].channel_use.count(TrackUse.SKIPPED) == 2


def test_a_wholly_silent_file_still_has_one_channel_looked_at(tmp_path: Path) -> None:
    assert channel_use(write_wav(tmp_path / "a.wav", silence())) == (TrackUse.ANALYSED,)


def test_a_file_cut_short_says_how_much_is_there(tmp_path: Path) -> None:
    content = wav_bytes(noise(5, 10.0))
    (tmp_path / "a.wav").write_bytes(content[: len(content) // 2])
    probe = surveyed(tmp_path / "a.wav").probe
    assert probe is not None
    assert "incomplete" in probe.notes
    assert probe.declared_duration_s == pytest.approx(10.0, abs=0.1)
    assert probe.tracks[0].decoded_duration_s == pytest.approx(5.0, abs=0.1)


def test_samples_that_are_no_numbers_are_replaced_and_located(tmp_path: Path) -> None:
    samples = noise(6, 4.0)
    samples[2 * RATE : 2 * RATE + 100] = np.nan
    samples[3 * RATE] = np.inf
    media = surveyed(write_wav(tmp_path / "a.wav", samples, bits=32, is_float=True))
    assert media.probe is not None
    assert "not_finite" in media.probe.notes
    damaged: list[tuple[float, float]] = []
    blocks = decode(media, media.probe.tracks[0], 0, RATE, 30.0)
    clean = np.concatenate([block.samples for block in replace_not_finite(blocks, damaged)])
    assert np.isfinite(clean).all()
    assert damaged[0][0] == pytest.approx(2.0, abs=1e-3)


def test_a_sound_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", noise(7, 4.0))
    with pytest.raises(LimitExceededError):
        surveyed(path, AnalysisOptions(max_duration_s=3.0))


@pytest.mark.parametrize("limits", [(1 << 24, 0), (100_000, 1 << 24), (100_000, 200_000)])
def test_what_the_survey_kept_is_what_decoding_again_gives(
    tmp_path: Path, limits: tuple[int, int]
) -> None:
    path = encode(tmp_path / "a.m4a", np.stack([noise(1, 3.0), tone(440.0, 3.0)], axis=1))
    kept = KeptSound(*limits)
    media = survey(open_media("item", path), RATE, OPTIONS, kept=kept)
    assert media.probe is not None
    track = media.probe.tracks[0]
    blocks = list(decode(media, track, 1, RATE, 1.0, kept))
    np.testing.assert_array_equal(np.concatenate([b.samples for b in blocks]), decoded(media, 1))
