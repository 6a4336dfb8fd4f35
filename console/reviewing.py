"""Add an examiner's opinion to a report: to a file's, beside it; to an item's, in the database."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from console.queue_access import QueueAccess
from console.settings import ConsoleSettings
from pipeline.errors import InputError, ObjectStoreError, SourceNotFoundError
from reports.as_json import from_json
from reports.document import ReportDocument
from reports.languages import words_of
from reports.paper import Paper
from reports.rendering import RenderedFile, render
from reports.reviewing import NOT_REVIEWABLE, NewOpinion, reviewed
from reports.signer_checks import KnownSigners, Outcome
from reports.signing_keys import SigningKey
from reports.stamping import open_stamper
from reports.verification import check_report, open_report
from storage import object_rows, review_rows
from storage.audit_rows import AuditEntry, append_audit
from storage.database import transaction
from storage.kept_objects import get_object, put_object
from storage.report_rows import StoredFile
from storage.review_rows import NewestJson, NewReview

_VERSION = re.compile(r"\.v\d+$")
_LEFT_OUT = frozenset({"csv"})  # segments only: no opinion changes them


def review_file(
    path: Path, new: NewOpinion, key: SigningKey, settings: ConsoleSettings, paper: Paper
) -> list[Path]:
    """Write the next version of a report beside it: `X.v2.json`, its signature, `X.v2.pdf`.

    Raises:
        InputError: it is no report (`report_unreadable`), it does not hold (`not_reviewable`), or
            there is a next version already (`review_conflict`).
    """
    opened = open_report(path)
    beside = path.with_name(f"{path.name}.jws")
    jws = beside.read_bytes() if beside.is_file() else None
    for check in check_report(opened, jws, KnownSigners(settings.storage.keys), None):
        if check.outcome is Outcome.FAILS:
            raise InputError(
                f"{path.name} does not hold ({check.name}: {check.words}): review an unchanged one.",
                NOT_REVIEWABLE,
            )
    sha256 = hashlib.sha256(opened.json_bytes).hexdigest()
    document = reviewed(opened.document, sha256, new, key)
    stem = f"{_VERSION.sub('', path.stem)}.v{document.issue.version}"
    files = _render(document, key, settings, paper)
    paths = [path.with_name(f"{stem}{file.ending}") for file in files]
    if any(target.exists() for target in paths):
        raise InputError(
            f"{paths[0].name} is there already: review the newest version.", "review_conflict"
        )
    for target, file in zip(paths, files, strict=True):
        with target.open("xb") as out:
            out.write(file.content)
    return paths


def review_item(
    access: QueueAccess,
    item_id: str,
    new: NewOpinion,
    key: SigningKey,
    settings: ConsoleSettings,
    paper: Paper,
) -> list[StoredFile]:
    """Add the next version of an item's report to the database; return its files.

    Raises:
        SourceNotFoundError: the item has no report (`item_not_found`).
        InputError: somebody else was faster (`review_conflict`).
    """
    with transaction(access.engine) as connection:
        newest = review_rows.newest_json(connection, int(item_id)) if item_id.isdigit() else None
    if newest is None:
        raise SourceNotFoundError(f"Item {item_id} has no report.", "item_not_found")
    document = from_json(get_object(access.objects, newest.key))
    document = reviewed(document, newest.sha256, new, key)
    about = f".{document.findings_sha256[:8]}" if newest.has_earlier else ""
    stem = f"{newest.base_name}{about}.v{document.issue.version}"
    files = [
        _put(access, newest.account_id, stem, file)
        for file in _render(document, key, settings, paper)
    ]
    kept = [] if newest.is_reviewed else _reviewed_files(access, int(item_id), newest, stem)
    _write(access, int(item_id), newest, document, [*files, *kept])
    return files


def _reviewed_files(
    access: QueueAccess, item_id: int, newest: NewestJson, stem: str
) -> list[StoredFile]:
    """Return the files that a first opinion is about, so that they stay once the item is analysed anew."""
    with transaction(access.engine) as connection:
        files = review_rows.reviewed_files(connection, item_id)
    return [
        replace(
            file,
            kind=f"reviewed-{file.kind}",
            file_name=f"{stem}.reviewed{file.file_name.removeprefix(newest.base_name)}",
        )
        for file in files
    ]


def _write(
    access: QueueAccess,
    item_id: int,
    newest: NewestJson,
    document: ReportDocument,
    files: list[StoredFile],
) -> None:
    review = document.reviews[-1]
    row = NewReview(
        item_id=item_id,
        job_id=newest.job_id,
        account_id=newest.account_id,
        version=newest.next_version,
        opinion=review.opinion.value,
        text=review.text,
        examiner=review.examiner,
        at=review.at,
        jws=review.jws,
        reviewed_sha256=review.reviewed_sha256,
        findings_sha256=review.findings_sha256,
    )
    facts = {
        "version": str(review.version),
        "opinion": review.opinion.value,
        "examiner": review.examiner,
        "key_sha256": review.key_sha256,
        "reviewed_sha256": review.reviewed_sha256,
        "findings_sha256": review.findings_sha256,
        **{f"{file.kind}_sha256": file.sha256 for file in files},
    }
    entry = AuditEntry("review_added", newest.account_id, newest.job_id, item_id, facts)
    with transaction(access.engine) as connection:
        if object_rows.share_objects(connection, list({file.key for file in files})):
            raise ObjectStoreError("The files were swept meanwhile: review again.", "object_swept")
        if not review_rows.write_review(connection, row, files):
            raise InputError(
                f"Somebody else reviewed or deleted item {item_id} meanwhile: look again.",
                "review_conflict",
            )
        append_audit(connection, [entry])


def _render(
    document: ReportDocument, key: SigningKey, settings: ConsoleSettings, paper: Paper
) -> list[RenderedFile]:
    """Return the files of a reviewed version, stamped where the installation stamps."""
    rendered = render(document, {}, key, words_of(document.issue.language), paper)
    evidence = settings.storage.evidence
    if evidence.is_stamping:
        with open_stamper(evidence.stamp_authorities, settings.jobs.egress) as stamper:
            rendered, _ = stamper.stamp_files(rendered)
    return [file for file in rendered if file.kind not in _LEFT_OUT]


def _put(access: QueueAccess, account_id: str, stem: str, file: RenderedFile) -> StoredFile:
    kept = put_object(access.engine, access.objects, account_id, file.content, file.content_type)
    return StoredFile(
        file.kind, kept.key, kept.sha256, kept.size_bytes, f"{stem}{file.ending}", file.content_type
    )
