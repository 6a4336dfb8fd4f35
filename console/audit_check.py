"""Ask the audit log, where a database is reachable, whether a report is the one that it tells of."""

import hashlib

from console.queue_access import open_queue
from console.settings import ConsoleSettings
from pipeline.errors import AccessError, ConfigError, OutageError
from reports.signer_checks import Check, Outcome
from reports.verification import OpenedReport
from storage.audit_rows import AuditEntry, check_chain, read_head, rows_of_item

NAME = "audit log"


def check_audit(settings: ConsoleSettings, report: OpenedReport) -> Check:
    """Return whether the log is whole and names this report's JSON; absent where it cannot be asked.

    Whether a log was cut off at its end, only a head that was noted elsewhere can tell
    (`verity audit verify --head`).
    """
    issue, item_id = report.document.issue, report.document.item.item_id
    if not (issue.job_id.isdecimal() and item_id.isdecimal()):
        return Check(NAME, Outcome.ABSENT, "the report is of no job: there is no log of it")
    storage = settings.storage
    if storage.database_url is None and not (storage.server_folder / "data").is_dir():
        return Check(NAME, Outcome.ABSENT, "not checked: there is no database here")
    try:
        with open_queue(settings) as access:
            rows = rows_of_item(access.engine, int(item_id))
            breaks = list(check_chain(access.engine))
            head = read_head(access.engine)
    except (OutageError, AccessError, ConfigError) as error:
        return Check(NAME, Outcome.ABSENT, f"not checked: {error.message}")
    if breaks:
        return Check(NAME, Outcome.FAILS, f"row {breaks[0].number}: {breaks[0].what}")
    sha256 = hashlib.sha256(report.json_bytes).hexdigest()
    naming = [number for number, entry in rows if _names(entry, sha256)]
    if not rows:
        return Check(NAME, Outcome.FAILS, f"this database has no row of item {item_id}")
    if not naming:
        words = f"none of the {len(rows)} rows of item {item_id} names this JSON"
        return Check(NAME, Outcome.FAILS, words)
    words = f"row {naming[0]} of {head.number} names this JSON; the chain is unbroken"
    return Check(NAME, Outcome.HOLDS, words)


def _names(entry: AuditEntry, sha256: str) -> bool:
    return entry.facts.get("json_sha256") == sha256
