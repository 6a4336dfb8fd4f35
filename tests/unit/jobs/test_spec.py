import pickle
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from jobs.spec import Beat, ItemClaim, ItemKind, JobCounts, JobSpec, Priority, Tries
from pipeline.vocabulary import AnalysisOptions


def test_spec_reads_what_a_program_sends() -> None:
    spec = JobSpec.model_validate_json(
        '{"sources": ["s3://b/p"], "name": "n", "priority": 0, "options": {"hop_s": 0.5}}'
    )
    assert spec.priority == Priority.LIVE
    assert spec.options == AnalysisOptions(hop_s=0.5)


@pytest.mark.parametrize(
    "change",
    [
        {"sources": []},
        {"sources": [" "]},
        {"sources": ["x" * 5000]},
        {"sources": ["x"] * 1001},
        {"name": "x" * 201},
        {"options": {"hop_s": 0.1}},
        {"options": {"hop_s": 2.0}},
        {"options": {"hop_s": "nan"}},
        {"options": {"block_s": 0}},
        {"options": {"max_channels": 0}},
        {"options": {"max_duration_s": -1}},
        {"unknown": 1},
        {"priority": 7},
    ],
)
def test_spec_refuses_what_makes_no_sense(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        JobSpec.model_validate({"sources": ["a"], **change})


def test_claim_travels_between_processes() -> None:
    claim = ItemClaim(
        item_id="1",
        job_id="2",
        job_name="",
        requested_at=datetime(2026, 1, 1, tzinfo=UTC),
        account_id="default",
        kind=ItemKind.MEDIA,
        source_uri="u",
        title="t",
        source_key="k",
        facts={"etag": "e"},
        attempt=1,
        fence=3,
        worker_id="w",
        lease_s=15.0,
        lease_until=datetime(2026, 1, 1, tzinfo=UTC),
        options=AnalysisOptions(),
        tries=Tries(n_crashes=1),
    )
    assert pickle.loads(pickle.dumps(Beat(claim, "decode"))) == Beat(claim, "decode")  # noqa: S301


def test_counts_are_plain_numbers() -> None:
    assert JobCounts(1, 1, 0, 0, 0, 0, 0).total == 1
