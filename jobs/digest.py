"""The digest of a sweep's run: what was new, what was found, what failed, against the run before."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from pipeline.vocabulary import VerdictKind
from storage import digest_rows, sweep_rows
from storage.digest_rows import DigestItemFacts
from storage.states import ItemState
from storage.sweep_rows import RunFacts

MOST_NAMED = 50  # items of each kind that a digest names; the job's report names all
SUSPECT = (VerdictKind.SYNTHETIC.value, VerdictKind.PARTLY_SYNTHETIC.value)


class DigestPart(BaseModel):
    """What the parts of a digest share: it is stored and sent as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DigestCounts(DigestPart):
    """How many items ended how; listings that failed count as failed items."""

    new: int = 0  # all items of the run
    synthetic: int = 0
    partly_synthetic: int = 0
    inconclusive: int = 0
    no_evidence: int = 0
    not_applicable: int = 0
    failed: int = 0
    cancelled: int = 0


class DigestItem(DigestPart):
    """One item that a digest names."""

    item_id: str
    title: str  # as the source names it: untrusted text
    source_uri: str
    verdict: str = ""
    llr: float | None = None  # > 0 supports bona fide
    voiced_s: float | None = None
    error_code: str = ""
    error_message: str = ""


class Digest(DigestPart):
    """One run of a sweep."""

    sweep_id: str
    sweep_name: str
    run_id: str
    due_at: datetime
    n_missed: int
    job_id: str
    account_id: str
    counts: DigestCounts
    before: DigestCounts | None  # None: the first run
    before_job_id: str | None = None  # the job that those were counted on
    suspect: tuple[DigestItem, ...]  # synthetic in whole or part, the strongest first
    failures: tuple[DigestItem, ...]

    @property
    def is_quiet(self) -> bool:
        """Tell whether there is nothing that a person must look at."""
        return not self.suspect and not self.failures


def make_digest(connection: Connection, run: RunFacts) -> Digest:
    """Return the digest of a run whose job is over."""
    assert run.job_id is not None, "a run that was left out has no digest"
    sweep = sweep_rows.read_sweep(connection, run.sweep_id)
    before = sweep_rows.digest_before(connection, run)
    return Digest(
        sweep_id=str(run.sweep_id),
        sweep_name=sweep.name,
        run_id=str(run.run_id),
        due_at=run.due_at,
        n_missed=run.n_missed,
        job_id=str(run.job_id),
        account_id=sweep.account_id,
        counts=_counts(connection, run.job_id),
        before=None if before is None else DigestCounts.model_validate(before["counts"]),
        before_job_id=None if before is None else str(before["job_id"]),
        suspect=tuple(
            map(
                _item,
                digest_rows.strongest_items(connection, run.job_id, SUSPECT, MOST_NAMED),
            )
        ),
        failures=tuple(map(_item, digest_rows.failed_items(connection, run.job_id, MOST_NAMED))),
    )


def _counts(connection: Connection, job_id: int) -> DigestCounts:
    counts = dict.fromkeys(DigestCounts.model_fields, 0)
    for outcome in digest_rows.count_outcomes(connection, job_id):
        counts["new"] += outcome.count
        counts[outcome.verdict if outcome.state == ItemState.DONE else outcome.state] += (
            outcome.count
        )
    return DigestCounts(**counts)


def _item(facts: DigestItemFacts) -> DigestItem:
    return DigestItem(
        item_id=str(facts.item_id),
        title=facts.title,
        source_uri=facts.source_uri,
        verdict=facts.verdict,
        llr=facts.llr,
        voiced_s=facts.voiced_s,
        error_code=facts.error_code,
        error_message=facts.error_message,
    )
