"""What the audit log says of an attempt's begin and end: custody in a few words, and hashes."""

from jobs.spec import ItemResult
from storage.audit_rows import AuditEntry
from storage.claim_rows import ClaimedFacts
from storage.end_rows import EndedFacts, ItemEnd


def started_entry(claimed: ClaimedFacts) -> AuditEntry:
    """Return the row of a claim."""
    facts = {
        "kind": claimed.kind,
        "source_uri": claimed.source_uri,
        "attempt": str(claimed.attempt),
        "fence": str(claimed.fence),
        "worker_id": claimed.worker_id,
    }
    return AuditEntry("attempt_started", claimed.account_id, claimed.job_id, claimed.item_id, facts)


def ended_entry(
    ended: EndedFacts, end: ItemEnd, fence: int, result: ItemResult | None
) -> AuditEntry:
    """Return the row of an attempt's end, whether it was finished, failed, given back or lost."""
    facts = {
        "fence": str(fence),
        "cause": end.cause.value,
        "state": ended.state.value,
        "code": end.code,
        "verdict": end.verdict,
    }
    if result is not None:
        media, custody = result.report.media, result.report.custody
        facts["findings_sha256"] = result.findings_sha256
        if result.reused_item_id is not None:
            facts["reused_item_id"] = str(result.reused_item_id)
        facts |= {f"{file.kind}_sha256": file.sha256 for file in result.files}
        facts |= {f"{model.role}_sha256": model.sha256 for model in result.report.models}
        if media is not None:
            facts["media_sha256"] = media.sha256
        if custody is not None:
            facts["acquired_by"] = custody.acquired_by
    facts = {name: fact for name, fact in facts.items() if fact}
    return AuditEntry("attempt_ended", ended.account_id, ended.job_id, ended.item_id, facts)
