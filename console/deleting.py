"""Delete for one command, then sweep what nobody names any more: `verity delete`."""

from dataclasses import dataclass

from console.examiner import account_name
from console.queue_access import QueueAccess
from console.settings import ConsoleSettings
from jobs.retention import KeepRule, apply_rule, delete_item, delete_job
from storage.kept_objects import KEYS_A_SWEEP, sweep_orphans


@dataclass(frozen=True, slots=True)
class Gone:
    """What a command deleted."""

    n_media: int
    n_reports: int
    n_objects_now: int  # others wait until an hour has passed since their last use


def delete_items(access: QueueAccess, item_id: str, job_id: str, *, only_media: bool) -> Gone:
    """Delete what there is of an item, or, where none is named, of a job. Raises as `jobs.retention` does."""
    asked_by = account_name()
    if item_id:
        tombstones = list(delete_item(access.engine, item_id, asked_by, only_media=only_media))
    else:
        walked = delete_job(access.engine, job_id, asked_by, only_media=only_media)
        tombstones = [tombstone for found in walked for tombstone in found]
    n_media = sum(tombstone.what == "media" for tombstone in tombstones)
    return Gone(n_media, len(tombstones) - n_media, _sweep(access))


def delete_expired(access: QueueAccess, settings: ConsoleSettings) -> Gone:
    """Apply the rule of jobs and of the installation."""
    evidence = settings.storage.evidence
    gone = apply_rule(access.engine, KeepRule(evidence.keep_media_days, evidence.keep_report_days))
    return Gone(gone.n_media, gone.n_reports, _sweep(access))


def _sweep(access: QueueAccess) -> int:
    n_swept = n_all = sweep_orphans(access.engine, access.objects)
    while n_swept == KEYS_A_SWEEP:
        n_swept = sweep_orphans(access.engine, access.objects)
        n_all += n_swept
    return n_all
