import dataclasses
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.vocabulary import (
    AnalysisOptions,
    MediaItem,
    MediaReport,
    ModelUse,
    Reason,
    SegmentScores,
)
from reports.canonical_json import Json, canonical_json
from reports.findings import findings_sha256, rounded, to_findings
from tests.unit.reports.report_maker import (
    Sound,
    failed_report,
    long_report,
    make_media,
    make_report,
    make_scores,
    make_verdict,
    spliced_report,
)


def hash_of(report: MediaReport) -> str:
    return findings_sha256(to_findings(report))


def test_who_asked_when_and_where_changes_no_finding() -> None:
    report = spliced_report()
    assert report.media is not None
    other = dataclasses.replace(
        report,
        item=MediaItem("item-9", "job-9", "s3://elsewhere/x.mp4", "another title"),
        media=dataclasses.replace(report.media, item_id="item-9", path=Path("/elsewhere/y")),
        custody=None,
        options=dataclasses.replace(report.options, block_s=300.0),
        versions={"ffmpeg": "8"},
        timings_s={"decode": 99.0},
        analysed_at=datetime(2030, 1, 1, tzinfo=UTC),
    )
    assert hash_of(other) == hash_of(report)


def test_a_remark_on_the_files_name_changes_no_finding() -> None:
    report = make_report(make_scores(Sound([2.0] * 9)), make_verdict(), make_media(9.0))
    renamed = dataclasses.replace(report, media=make_media(9.0, notes=("extension_mismatch",)))
    assert hash_of(renamed) == hash_of(report)


def test_order_of_models_changes_no_finding() -> None:
    report = spliced_report()
    assert hash_of(dataclasses.replace(report, models=report.models[::-1])) == hash_of(report)


def test_noise_below_the_rounding_changes_no_finding() -> None:
    report = make_report(make_scores(Sound([1.25] * 9)), make_verdict(), make_media(9.0))
    assert report.scores is not None
    noisy = dataclasses.replace(report.scores, llr=report.scores.llr + np.float32(1e-4))
    assert hash_of(dataclasses.replace(report, scores=noisy)) == hash_of(report)


@pytest.mark.parametrize(
    "change",
    [
        {"options": AnalysisOptions(hop_s=0.25)},
        {"models": (ModelUse("x", "c" * 64, "detector", "CPUExecutionProvider"),)},
        {"models": (ModelUse("first-vit", "a" * 64, "detector", "CUDAExecutionProvider"),)},
        {"media": make_media(61.0)},
        {"verdict": make_verdict(llr=2.6)},
    ],
    ids=["hop", "model", "processor", "media", "verdict"],
)
def test_what_can_change_a_number_changes_the_checksum(change: dict[str, object]) -> None:
    report = spliced_report()
    changed = dataclasses.replace(report, **change)  # type: ignore[arg-type]
    assert hash_of(changed) != hash_of(report)


def test_findings_hold_no_id_path_title_or_time() -> None:
    report = spliced_report("A title")
    text = canonical_json(to_findings(report).model_dump(mode="json")).decode()
    for secret in ("item-1", "job-1", "/private", "A title", "media.example.org", "2026", "yt-dlp"):
        assert secret not in text


def test_unscored_segments_have_no_number_but_a_reason() -> None:
    rows = to_findings(spliced_report()).segments
    assert [row.index for row in rows if row.llr is None] == [0, 1, 29, 30, 31, *range(55, 60)]
    assert {row.reason for row in rows if row.llr is None} == {Reason.SILENCE, Reason.MUSIC}


def test_quality_flags_have_names() -> None:
    rows = to_findings(spliced_report()).segments
    assert rows[50].quality == ("narrow_band",)
    assert rows[59].quality == ("partial",)


def test_an_infinite_score_never_reaches_the_document() -> None:
    scores = make_scores(Sound([1.0, float("inf"), float("-inf")]))
    report = make_report(scores, make_verdict(), make_media(3.0))
    assert [row.llr for row in to_findings(report).segments] == [1.0, None, None]


def test_a_failed_item_keeps_its_checksum_and_its_error() -> None:
    findings = to_findings(failed_report())
    assert findings.media is not None
    assert findings.failure is not None
    assert (findings.failure.code, findings.failure.stage) == ("media_corrupt", "decode")


@given(st.floats(-1e9, 1e9))
def test_canonical_numbers_survive_a_round_trip_through_json(number: float) -> None:
    text = canonical_json([rounded(number)])
    assert canonical_json(json.loads(text)) == text


def test_canonical_form_is_that_of_rfc_8785() -> None:
    value: dict[str, Json] = {"z": [1.0, -0.0, 0.001, 1e15], "ä": '€\n\u0007"\\', "a": None}
    expected = '{"a":null,"z":[1,0,0.001,1000000000000000],"ä":"€\\n\\u0007\\"\\\\"}'
    assert canonical_json(value).decode() == expected


def test_anybody_can_recompute_the_checksum_with_plain_python() -> None:
    findings = to_findings(spliced_report())
    tree = json.loads(canonical_json(findings.model_dump(mode="json")))
    plain = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(plain.encode()).hexdigest() == findings_sha256(findings)


def test_ten_hours_have_a_row_for_every_segment() -> None:
    assert len(to_findings(long_report()).segments) == 36_000


def test_scores_of_the_maker_are_as_wide_as_the_pipelines() -> None:
    scores = make_scores(Sound([1.0, 2.0]))
    assert isinstance(scores, SegmentScores)
    assert scores.llr.dtype == np.float32
