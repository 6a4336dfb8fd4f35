"""Files that are damaged, lie, or pose as something else: each ends with a name of its own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.analyse import Models
from pipeline.decode import survey
from pipeline.errors import LimitExceededError, MediaCorruptError
from pipeline.probe import open_media
from pipeline.vocabulary import AnalysisOptions, MediaReport, Reason, VerdictKind
from tests.hostile import hostile_files as made
from tests.makers import encode, wav_bytes

Outcome = Callable[[Path], str]
Judge = Callable[[Path], MediaReport]


def _notes(report: MediaReport) -> tuple[str, ...]:
    assert report.media is not None
    assert report.media.probe is not None
    return report.media.probe.notes


def _decoded_s(report: MediaReport) -> list[float]:
    assert report.media is not None
    assert report.media.probe is not None
    return [track.decoded_duration_s or 0.0 for track in report.media.probe.tracks]


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (made.empty, "media_empty"),
        (made.zero_bytes, "media_corrupt"),
        (made.truncated_m4a, "media_corrupt"),
        (made.encrypted_mp4, "media_corrupt"),
    ],
)
def test_a_file_without_usable_sound_is_corrupt(
    write: Callable[[Path], Path], code: str, outcome: Outcome, tmp_path: Path
) -> None:
    assert outcome(write(tmp_path)) == code


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n_bytes", [1_000, 300_000])
def test_random_bytes_are_no_recording(
    seed: int, n_bytes: int, outcome: Outcome, tmp_path: Path
) -> None:
    path = made.random_bytes(tmp_path, seed, n_bytes)
    assert outcome(path) in {"media_corrupt", "sample_rate_out_of_bounds", "channels_out_of_bounds"}


@pytest.mark.parametrize("name", ["list.m3u8", "song.mp3", "clip.mp4"])
def test_a_playlist_that_poses_as_media_does_not_read_its_sibling(
    name: str, outcome: Outcome, tmp_path: Path
) -> None:
    assert outcome(made.playlist_posing_as(tmp_path, name)) == "media_is_playlist"


@pytest.mark.parametrize("name", ["clip.mp3", "clip.ffconcat"])
def test_a_concat_list_that_poses_as_media_does_not_read_its_sibling(
    name: str, outcome: Outcome, tmp_path: Path
) -> None:
    assert outcome(made.concat_posing_as(tmp_path, name)) == "media_is_playlist"


@pytest.mark.parametrize("name", ["clip.mp4", "manifest.mpd"])
def test_a_manifest_that_poses_as_media_does_not_read_its_sibling(
    name: str, outcome: Outcome, tmp_path: Path
) -> None:
    assert outcome(made.dash_posing_as(tmp_path, name)) in {"media_is_text", "media_is_playlist"}


@pytest.mark.parametrize("prefix", [b"\n\n", b"\xef\xbb\xbf", b"\0" * 16, b"x\n", b" " * 600])
def test_a_playlist_behind_other_bytes_is_not_followed(
    prefix: bytes, outcome: Outcome, tmp_path: Path
) -> None:
    path = made.playlist_posing_as(tmp_path, "song.mp3")
    path.write_bytes(prefix + path.read_bytes())
    assert outcome(path) in {"media_is_playlist", "media_corrupt"}


@pytest.mark.parametrize(
    ("lies", "code"),
    [
        ({"sample_rate": 0}, "media_corrupt"),
        ({"sample_rate": 3_999}, "sample_rate_out_of_bounds"),
        ({"sample_rate": 2**31 - 1}, "sample_rate_out_of_bounds"),
        ({"n_channels": 0}, "channels_out_of_bounds"),
        ({"n_channels": 255}, "channels_out_of_bounds"),
        ({"bits": 0}, "media_corrupt"),
    ],
)
def test_a_header_out_of_bounds_is_refused(
    lies: dict[str, int], code: str, outcome: Outcome, tmp_path: Path
) -> None:
    assert outcome(made.wav_with(tmp_path, **lies)) == code


@pytest.mark.parametrize("n_data_bytes", [0, 0xFFFFFFF0, 0xFFFFFFFF])
def test_a_wav_that_was_streamed_without_its_size_is_heard_whole(
    n_data_bytes: int, judge: Judge, tmp_path: Path
) -> None:
    report = judge(made.wav_with(tmp_path, n_data_bytes=n_data_bytes))
    assert _decoded_s(report) == [6.0]
    assert "incomplete" not in _notes(report)


@pytest.mark.parametrize("write", [made.truncated_wav, made.truncated_mp3])
def test_half_a_file_is_judged_and_said_to_be_incomplete(
    write: Callable[[Path], Path], judge: Judge, tmp_path: Path
) -> None:
    report = judge(write(tmp_path))
    assert report.media is not None
    assert report.media.probe is not None
    assert report.media.probe.declared_duration_s == pytest.approx(12.0, abs=0.1)
    assert _decoded_s(report) == pytest.approx([6.0], abs=0.1)
    assert "incomplete" in _notes(report)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_give_no_verdict(
    value: float, judge: Judge, tmp_path: Path
) -> None:
    verdict = judge(made.not_finite_wav(tmp_path, value)).verdict
    assert verdict is not None
    assert (verdict.kind, verdict.reason) == (VerdictKind.NOT_APPLICABLE, Reason.NOT_FINITE)
    assert verdict.llr is None


def test_a_few_samples_that_are_no_numbers_cost_their_segment_only(
    judge: Judge, tmp_path: Path
) -> None:
    report = judge(made.not_finite_wav(tmp_path, np.nan, share=0.02))
    assert report.scores is not None
    assert list(report.scores.facts.reason).count(Reason.NOT_FINITE) == 1
    assert "not_finite" in _notes(report)
    assert np.isfinite(report.scores.llr).sum() >= 4


def test_a_decompression_bomb_is_stopped_at_the_limit(models: Models, tmp_path: Path) -> None:
    media = open_media("item", made.flac_bomb(tmp_path, hours=13.0))
    assert media.size_bytes < 200_000
    with pytest.raises(LimitExceededError) as caught:
        survey(media, models.detector.card.sample_rate, AnalysisOptions())
    assert caught.value.code == "too_long"


def test_a_bomb_of_many_channels_is_stopped_at_the_limit(models: Models, tmp_path: Path) -> None:
    media = open_media("item", made.flac_bomb(tmp_path, hours=0.5, n_channels=8))
    options = AnalysisOptions(max_duration_s=600.0)
    with pytest.raises(LimitExceededError):
        survey(media, models.detector.card.sample_rate, options)


def test_the_wrong_extension_is_noted_and_the_content_believed(
    judge: Judge, tmp_path: Path
) -> None:
    path = encode(tmp_path / "sound.flac", made.speech()).rename(tmp_path / "sound.mp3")
    report = judge(path)
    assert report.media is not None
    assert report.media.probe is not None
    assert report.media.probe.container == "flac"
    assert "extension_mismatch" in _notes(report)


@pytest.mark.parametrize(
    "write", [lambda folder: made.big_id3(folder, 20_000_000), made.cover_bomb, made.many_tags]
)
def test_heavy_metadata_does_not_hide_the_sound(
    write: Callable[[Path], Path], judge: Judge, tmp_path: Path
) -> None:
    report = judge(write(tmp_path))
    assert _decoded_s(report) == pytest.approx([6.0], abs=0.2)


def test_a_tag_that_looks_like_a_stream_is_not_one(judge: Judge, tmp_path: Path) -> None:
    report = judge(made.many_tags(tmp_path, 10))
    assert len(_decoded_s(report)) == 1


def test_a_text_is_told_from_a_recording(outcome: Outcome, tmp_path: Path) -> None:
    (tmp_path / "page.mp4").write_bytes(b"<!DOCTYPE html><title>404</title>")
    (tmp_path / "files.wav").write_bytes(b"PK\x03\x04" + bytes(100))
    assert outcome(tmp_path / "page.mp4") == "media_is_text"
    assert outcome(tmp_path / "files.wav") == "media_is_archive"


@pytest.mark.parametrize("n_bytes", [1, 4, 12, 44])
def test_a_stub_of_a_header_is_corrupt(n_bytes: int, tmp_path: Path) -> None:
    path = tmp_path / "stub.wav"
    path.write_bytes(wav_bytes(made.speech(1.0))[:n_bytes])
    with pytest.raises(MediaCorruptError):
        survey(open_media("item", path), 16_000, AnalysisOptions())
