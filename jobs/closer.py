"""Look closer: one item analysed again, as a new job of one item.

The kept bytes are taken where the account keeps them: they are those that the first report is about.
Otherwise the source is asked again, by the way that the account has to it now, and may give others.
"""

from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine

from jobs.connections import ConnectionDesk
from jobs.queue_values import to_job
from jobs.quota import require_begin
from jobs.source_options import FACT, SourceOptions
from jobs.sources.archives import MEMBER_FACTS
from jobs.sources.names import SourceForm, check_source
from jobs.spec import MAX_NAME_CHARS, Job, JobSpec
from jobs.uploads import is_upload, whole_upload
from pipeline.errors import AccessError, InputError, SourceNotFoundError
from pipeline.vocabulary import AnalysisOptions
from storage import (
    closer_rows,
    item_rows,
    job_rows,
    progress_rows,
    quota_rows,
    retention_rows,
    upload_rows,
)
from storage.account_rows import require_account
from storage.closer_rows import AskedItem
from storage.database import transaction
from storage.end_rows import REPORT_OWED
from storage.item_rows import NewItemFacts
from storage.job_rows import CountChange, NewJobFacts
from storage.objects import object_key
from storage.quota_rows import Spending
from storage.states import ItemKind, Priority

KEPT_FACT = "kept_sha256"  # of bytes that the account keeps: taken instead of the source
CLOSER_FACT = "closer_of"  # the item that is looked at again
LEAST_HOP_S = 0.25
_OPTIONS = TypeAdapter(AnalysisOptions)


@dataclass(frozen=True, slots=True)
class CloserLook:
    """How an item is looked at again."""

    hop_s: float = LEAST_HOP_S  # between segments, to 1
    detector: str = ""  # SHA-256 of the one that listens; "": whichever the fleet runs


def look_closer(
    engine: Engine, account_id: str, item_id: str, look: CloserLook, key_id: str | None = None
) -> Job:
    """Queue an item again with segments that lie closer, or by another detector.

    Args:
        engine: of the database.
        account_id: whose item it is.
        item_id: the item.
        look: how.
        key_id: the API key that asks; the item counts for it too.

    Raises:
        SourceNotFoundError: the account has no such item, or its local file is not kept
            (`media_not_kept`).
        InputError: the hop is out of range, or its bytes could not be had.
        AccessError: the account has no way to the source any more, or no item left
            (`quota_used_up`).
    """
    if not LEAST_HOP_S <= look.hop_s <= 1.0:
        raise InputError("Seconds between segments lie between 0.25 and 1.", "input_invalid")
    number = int(item_id) if item_id.isascii() and item_id.isdigit() and len(item_id) < 19 else -1
    with transaction(engine) as connection:
        asked = closer_rows.read_asked(connection, number)
        if asked is None or asked.account_id != account_id:
            raise SourceNotFoundError(f"There is no item {item_id}.", "item_not_found")
        facts = _kept_facts(connection, asked, number)
    if facts is None:
        facts = _source_facts(engine, asked)
    with transaction(engine) as connection:
        facts[CLOSER_FACT] = str(number)
        require_begin(connection, account_id, key_id)
        job_id = _enter(connection, asked, facts, look, key_id)
        quota_rows.add_use(connection, account_id, key_id, Spending(n_items=1))
        found = job_rows.read_job(connection, job_id)
    assert found is not None, "written above"
    return to_job(found)


def _kept_facts(connection: Connection, asked: AskedItem, item_id: int) -> dict[str, str] | None:
    if asked.media_sha256 is None:
        return None
    key = object_key(asked.account_id, asked.media_sha256)
    if retention_rows.read_kept(connection, asked.account_id, key, item_id) is None:
        return None
    return {KEPT_FACT: asked.media_sha256}


def _source_facts(engine: Engine, asked: AskedItem) -> dict[str, str]:
    """Return what the fetch needs, by the account's rights of today."""
    if asked.facts.get("error"):
        raise InputError(
            "The listing itself said that this medium cannot be had: there is nothing to look at.",
            "input_invalid",
        )
    if is_upload(asked.source_uri):
        return {}  # `_enter` asks whether it is still there
    try:
        form = check_source(asked.source_uri, allow_local=False)
    except (InputError, AccessError):
        raise SourceNotFoundError(
            "This medium came from the operator's own files and is not kept: submit it again.",
            "media_not_kept",
        ) from None
    before = SourceOptions.from_facts(asked.facts)
    same = {
        field: getattr(before, field)
        for field in ("live_minutes", "login", "sleep_s", "rate_bytes", "cookies_id")
    }
    now = SourceOptions(**same)
    if form is SourceForm.S3:
        now = ConnectionDesk(engine).require_sources(asked.account_id, [asked.source_uri], now)
    left_out = {FACT, KEPT_FACT, REPORT_OWED}
    kept = {key: value for key, value in asked.facts.items() if key not in left_out}
    return kept | now.to_facts()


def _enter(
    connection: Connection,
    asked: AskedItem,
    facts: dict[str, str],
    look: CloserLook,
    key_id: str | None,
) -> int:
    require_account(connection, asked.account_id)
    options: dict[str, Any] = dict(asked.options)
    spec = JobSpec(
        sources=(asked.source_uri,),
        name=asked.title[:MAX_NAME_CHARS],
        priority=Priority.LIVE,  # somebody waits for this one item
        options=replace(_OPTIONS.validate_python(options), hop_s=look.hop_s, explain=True),
        fresh=True,
    )
    new_job = NewJobFacts(
        asked.account_id,
        spec.name,
        spec.sources,
        spec.priority,
        spec.options,
        may_reuse=False,
        keep_media_days=asked.keep_media_days,
        keep_report_days=asked.keep_report_days,
        key_id=key_id,
        detector=look.detector,
    )
    job_id = job_rows.insert_job(connection, new_job)
    if KEPT_FACT not in facts and is_upload(asked.source_uri):
        whole, _, _ = asked.source_uri.partition("#")  # what follows names a member of an archive
        sent = whole_upload(connection, asked.account_id, whole)
        upload_rows.use_uploads(connection, [sent["upload_id"]], job_id)
        member = {name: fact for name, fact in asked.facts.items() if name in MEMBER_FACTS}
        facts = sent | member | {CLOSER_FACT: facts[CLOSER_FACT]}
    host = "" if KEPT_FACT in facts else asked.host
    item = NewItemFacts(
        ItemKind.MEDIA, asked.source_uri, asked.title, "closer", facts, host, Priority.LIVE
    )
    item_rows.insert_items(connection, job_id, asked.account_id, [item])
    job_rows.append_change(connection, job_id, CountChange(n_total=1))
    item_rows.ring(connection)
    progress_rows.ring(connection, {(job_id, asked.account_id)})
    return job_id
