"""A claim as the queue hands it out, for tests that need no queue."""

from datetime import UTC, datetime

from jobs.retry import Tries
from jobs.spec import ItemClaim, ItemKind
from pipeline.vocabulary import AnalysisOptions

CLAIM = ItemClaim(
    item_id="7",
    job_id="3",
    job_name="j",
    requested_at=datetime(2026, 11, 20, tzinfo=UTC),
    account_id="default",
    kind=ItemKind.MEDIA,
    source_uri="s3://bucket/é\n\U0001f600.wav",
    title="é\n\U0001f600",
    source_key="k",
    facts={"etag": "1"},
    attempt=1,
    fence=1,
    worker_id="w",
    lease_s=15.0,
    lease_until=datetime(2026, 11, 21, tzinfo=UTC),
    options=AnalysisOptions(),
    tries=Tries(),
)
