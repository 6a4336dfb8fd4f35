"""The one path in one process, on tiny untrained models: what must hold whatever the weights are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.analyse import analyse, examine
from pipeline.probe import open_media
from pipeline.vocabulary import AnalysisOptions, MediaItem, MediaReport, Reason, VerdictKind
from tests.makers import ffmpeg, noise, speech_like, write_wav
from tests.models import tiny_models

ITEM = MediaItem("item", "job", "file.wav", "a file")


def report_of(path: Path, options: AnalysisOptions | None = None) -> MediaReport:
    return analyse(ITEM, open_media("item", path), tiny_models(), options or AnalysisOptions())


def scores_of(report: MediaReport) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    assert report.scores is not None
    return report.scores.cm_score


def test_the_length_of_blocks_changes_no_number(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", np.concatenate([speech_like(s, 6.0) for s in range(7)]))
    reports = [report_of(path, AnalysisOptions(block_s=block_s)) for block_s in (10.0, 30.0, 300.0)]
    for other in reports[1:]:
        np.testing.assert_allclose(scores_of(other), scores_of(reports[0]), atol=1e-4)
        assert other.verdict == replace(reports[0].verdict, llr=other.verdict.llr)  # type: ignore[type-var, union-attr]


def test_the_same_file_gives_the_same_numbers_again(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", speech_like(1, 5.0))
    np.testing.assert_array_equal(scores_of(report_of(path)), scores_of(report_of(path)))


def test_what_stands_beside_a_segment_in_a_batch_changes_no_number(tmp_path: Path) -> None:
    whole = speech_like(1, 40.0)
    alone = write_wav(tmp_path / "alone.wav", whole[: 5 * 16_000])
    among = write_wav(tmp_path / "among.wav", whole)
    # the first segments of both are the same samples; the net that says what is voice sees the same too
    first = scores_of(report_of(alone))[:3]
    np.testing.assert_allclose(scores_of(report_of(among))[:3], first, atol=1e-5)


def test_a_finer_hop_gives_more_segments_of_the_same_length(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", speech_like(1, 6.0))
    fine, coarse = report_of(path, AnalysisOptions(hop_s=0.25)), report_of(path)
    assert len(scores_of(fine)) == 21
    np.testing.assert_array_equal(scores_of(fine)[::4], scores_of(coarse))


def test_a_video_without_sound_is_not_applicable(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=d=1:s=64x64", str(path))
    verdict = report_of(path).verdict
    assert verdict is not None
    assert (verdict.kind, verdict.reason) == (VerdictKind.NOT_APPLICABLE, Reason.NO_AUDIO)


def test_two_tracks_are_both_scored(tmp_path: Path) -> None:
    one = write_wav(tmp_path / "1.wav", speech_like(1, 3.0))
    two = write_wav(tmp_path / "2.wav", speech_like(2, 3.0))
    path = tmp_path / "a.mka"
    ffmpeg("-i", str(one), "-i", str(two), "-map", "0", "-map", "1", str(path))
    scores = report_of(path).scores
    assert scores is not None
    assert scores.facts.track.tolist() == [0, 0, 0, 1, 1, 1]


def test_segments_with_samples_that_are_no_numbers_are_not_scored(tmp_path: Path) -> None:
    samples = speech_like(1, 5.0)
    samples[2 * 16_000 + 10] = np.nan
    path = write_wav(tmp_path / "a.wav", samples, bits=32, is_float=True)
    scores = report_of(path).scores
    assert scores is not None
    assert scores.facts.reason[2] == Reason.NOT_FINITE
    assert np.isnan(scores.cm_score).nonzero()[0].tolist() == [2]


def test_a_bad_file_has_a_report_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF" + noise(1).tobytes())
    report = examine(ITEM, tmp_path / "bad.wav", tiny_models(), AnalysisOptions())
    assert report.verdict is None
    assert report.failure is not None
    assert (report.failure.code, report.failure.stage) == ("media_corrupt", "probe")


@pytest.mark.parametrize("duration_s", [0.01, 0.3, 0.7])
def test_a_very_short_sound_is_too_short(tmp_path: Path, duration_s: float) -> None:
    verdict = report_of(
        write_wav(tmp_path / "a.wav", speech_like(1, 3.0)[: int(16_000 * duration_s)])
    ).verdict
    assert verdict is not None
    assert verdict.kind is VerdictKind.NOT_APPLICABLE
    assert (verdict.llr is not None) == (duration_s >= 0.5)
