"""`verity verify`: everything that can be checked of what somebody hands over, whatever report it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console.audit_check import check_audit
from console.key_lists import load_key_list
from console.settings import ConsoleSettings
from console.stamping import stamps_beside
from reports.archive_checks import check_archive
from reports.job_verification import check_job_report, check_signed, open_job_report
from reports.signable import SHEETS, read_signable, signature_beside
from reports.signer_checks import Check, KnownSigners
from reports.stamp_checks import StampFiles
from reports.time_stamps import trusted_roots
from reports.verification import check_report, open_report


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared with a report."""

    media: Path | None = None  # the file that it is about
    repeat: bool = False  # analyse that file again
    keys: str = ""  # where the signer publishes its keys: a file or an address


def checks_of(settings: ConsoleSettings, path: Path, asked: Asked) -> Iterator[Check]:
    """Yield what holds of an item's report, or of a job's report, sheet or zip, and what does not.

    Raises:
        InputError: it is none of these (`report_unreadable`), or the media cannot be read.
        FetchFailedError: the signer's list of keys was not to be had.
        ConfigError: a revocation or the trust list cannot be read.
    """
    listed = load_key_list(asked.keys, settings.jobs.egress) if asked.keys else None
    signers = KnownSigners(settings.storage.keys, listed)
    roots = trusted_roots(settings.storage.evidence.stamp_trust)
    ending = path.suffix.lower()
    if ending == ".zip":
        yield from check_archive(path, signers, roots)
        return
    stamps = StampFiles(stamps_beside(path), roots)
    if ending in SHEETS:
        yield from check_signed(read_signable(path), signers, stamps)
        return
    jws = signature_beside(path)
    if (job := open_job_report(path)) is not None:
        yield from check_job_report(job, jws, signers, stamps)
        return
    opened = open_report(path)
    yield from check_report(opened, jws, signers, asked.media, stamps)
    yield check_audit(settings, opened)
    if asked.repeat and asked.media is not None:
        from console.repeating import check_repeat  # loads the models' runtime

        yield check_repeat(opened.document, asked.media)
