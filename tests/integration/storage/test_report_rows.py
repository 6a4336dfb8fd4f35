import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import Engine, text

from jobs.spec import ItemClaim, ItemResult
from jobs.work_queue import WorkQueue
from pipeline.vocabulary import Probe
from tests.integration.jobs.queue_makers import (
    CORRUPT,
    EMBEDDING_LENGTH,
    make_job,
    make_result,
    make_scores,
)

pytestmark = pytest.mark.postgres


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine)
    yield queue
    queue.close()


def claim_one(queue: WorkQueue) -> ItemClaim:
    make_job(queue, 1)
    (claim,) = queue.claim("worker")
    return claim


def test_every_segment_is_a_row_with_null_where_it_was_not_scored(
    queue: WorkQueue, engine: Engine
) -> None:
    claim = claim_one(queue)
    scores = make_scores(6)
    result = make_result(claim)
    queue.finish(claim, replace(result, report=replace(result.report, scores=scores)))

    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM segment ORDER BY number")).all()
    assert [row.number for row in rows] == list(range(6))
    assert [row.llr for row in rows] == pytest.approx(
        [None if np.isnan(llr) else llr for llr in scores.llr.tolist()]
    )
    assert [row.reason for row in rows] == ["", "", "no_speech"] * 2
    assert [row.embedding is None for row in rows] == [False, False, True] * 2


def test_embeddings_are_searched_by_the_database(queue: WorkQueue, engine: Engine) -> None:
    claim = claim_one(queue)
    result = make_result(claim)
    queue.finish(claim, result)
    assert result.report.scores is not None
    wanted = str(result.report.scores.embedding[3].tolist())
    with engine.connect() as connection:
        nearest, distance = connection.execute(
            text(
                "SELECT number, embedding <=> CAST(:wanted AS vector) AS distance FROM segment"
                " WHERE embedding IS NOT NULL ORDER BY distance LIMIT 1"
            ),
            {"wanted": wanted},
        ).one()
        length = connection.scalar(text("SELECT max(vector_dims(embedding)) FROM segment"))
    assert nearest == 3
    assert distance == pytest.approx(0, abs=1e-6)
    assert length == EMBEDDING_LENGTH


def test_ten_hours_of_segments_are_written_in_seconds(queue: WorkQueue, engine: Engine) -> None:
    claim = claim_one(queue)
    result = make_result(claim, n_segments=36_000)
    started = time.monotonic()
    queue.finish(claim, result)
    took_s = time.monotonic() - started
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM segment")) == 36_000
    assert took_s < 30  # about 2 s on a core of its own


def test_analysis_holds_verdict_spans_models_and_media(queue: WorkQueue, engine: Engine) -> None:
    claim = claim_one(queue)
    queue.finish(claim, make_result(claim))
    with engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT a.verdict, a.llr, a.spans, a.custody, d.name, m.size_bytes FROM analysis a"
                " JOIN media m ON m.media_id = a.media_id JOIN model d ON d.sha256 = a.detector"
            )
        ).one()
    assert (row.verdict, row.llr, row.name, row.size_bytes) == (
        "partly_synthetic",
        -3.5,
        "tiny",
        5,
    )
    assert row.spans[0]["start_s"] == 1.0
    assert row.custody["acquired_by"] == "test 1"


def test_failed_item_has_a_report_and_its_error(queue: WorkQueue, engine: Engine) -> None:
    claim = claim_one(queue)
    queue.fail(claim, CORRUPT, result=make_result(claim, failure=CORRUPT))
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT verdict, error_code, error_stage FROM analysis")
        ).one()
    assert tuple(row) == (None, "media_corrupt", "decode")
    assert len(list(queue.desk.reports_of(claim.job_id))) == 1


def test_same_file_in_two_items_is_one_medium_with_two_reports(
    queue: WorkQueue, engine: Engine
) -> None:
    job = make_job(queue, 2)
    for claim in queue.claim("worker", limit=2):
        queue.finish(claim, make_result(claim))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM media")) == 1
    assert len(list(queue.desk.reports_of(job.job_id))) == 2


def test_second_try_replaces_what_the_first_reported(queue: WorkQueue, engine: Engine) -> None:
    claim = claim_one(queue)
    queue.fail(claim, CORRUPT, result=make_result(claim, failure=CORRUPT))
    queue.desk.retry_failed(claim.job_id)
    (again,) = queue.claim("worker")
    assert list(queue.desk.reports_of(claim.job_id)) == []  # only ended items have a report
    queue.finish(again, make_result(again))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM analysis")) == 1
        assert connection.scalar(text("SELECT error_code FROM analysis")) is None


def test_odd_text_and_numbers_of_media_are_stored(queue: WorkQueue, engine: Engine) -> None:
    claim = claim_one(queue)
    result = make_result(claim)
    media = result.report.media
    assert media is not None
    odd = replace(
        result.report,
        media=replace(media, probe=Probe("w\x00v", float("inf"), None, (), ("\ud800",))),
        versions={"a\x00": "\x00"},
    )
    document = b'{"title": "\\u0000 \\ud800 ok", "nan": NaN}'
    queue.finish(claim, ItemResult(odd, document, "f" * 64, ()))
    (report,) = queue.desk.reports_of(claim.job_id)
    assert report.document == {"title": "\ufffd \ufffd ok", "nan": None}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b'"\\u0000"', "\ufffd"),
        (b'"\\uDC00 \\u00e9"', "\ufffd \u00e9"),
        (b"[1, -Infinity]", [1, None]),
        (b'"\\\\u0000, NaN"', "\\u0000, NaN"),
        (b'{"a": [1.5, 1e3, "NaN \xc3\xa9 \\n"]}', {"a": [1.5, 1000, "NaN \u00e9 \n"]}),
    ],
)
def test_a_document_is_stored_as_written_as_far_as_the_database_can(
    queue: WorkQueue, written: bytes, read: object
) -> None:
    claim = claim_one(queue)
    report = make_result(claim).report
    queue.finish(claim, ItemResult(report, b'{"part": ' + written + b"}", "f" * 64, ()))
    (stored,) = queue.desk.reports_of(claim.job_id)
    assert stored.document == {"part": read}


def test_reports_are_read_page_by_page_in_order(queue: WorkQueue) -> None:
    job = make_job(queue, 120)
    for claim in queue.claim("worker", limit=120):
        queue.finish(claim, make_result(claim, n_segments=1))
    titles = [report.title for report in queue.desk.reports_of(job.job_id)]
    assert titles == [f"Item {n}" for n in range(120)]
