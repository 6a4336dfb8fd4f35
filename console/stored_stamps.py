"""Stamp reports that lie in a fleet's store: each stamp is a file of its own beside what it covers."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from asn1crypto.x509 import Certificate

from console.queue_access import QueueAccess
from jobs.spec import ItemStatus, ReportFile
from pipeline.errors import InputError, ObjectStoreError
from reports.pdf_stamps import stamps_of_pdf
from reports.stamping import CONTENT_TYPE, Stamper
from reports.time_stamps import read_stamp
from storage import object_rows, stamp_rows
from storage.audit_rows import AuditEntry, append_audit
from storage.database import transaction
from storage.kept_objects import get_object, put_object
from storage.report_rows import StoredFile

_NO_ROOTS: tuple[Certificate, ...] = ()  # whose stamps they are is asked, not whether to trust them


@dataclass(frozen=True, slots=True)
class Stamped:
    """What came of one item."""

    written: tuple[StoredFile, ...]
    problems: tuple[str, ...]


def stamp_item(access: QueueAccess, item: ItemStatus, stamper: Stamper) -> Stamped:
    """Have each signed file of an item stamped by the authorities that have not done so yet.

    A JSON is stamped by its signature, which covers it; a PDF as it lies there. Asked for again,
    nothing is done twice.

    Raises:
        InputError: none of its files is signed (`not_signed`).
        ObjectStoreError: a file was swept or deleted meanwhile.
    """
    signed = [file for file in item.files if _is_stampable(file)]
    if not signed:
        raise InputError(f"Item {item.item_id} has no signed report.", "not_signed")
    written: list[StoredFile] = []
    problems: list[str] = []
    for file in signed:
        content = get_object(access.objects, file.key)
        earlier = [one for one in item.files if _covers(one, file)]
        known = set(_authorities(access, file, content, earlier))
        if len(known) >= stamper.n_authorities:
            continue
        responses, missed = stamper.stamp_bytes(content)
        problems += missed
        names = _free_names(file, earlier)
        new = [
            _put(access, file, response, *next(names))
            for response in responses
            if _authority(response, content) not in known
        ]
        if new:
            _write(access, item, file, new)
            written += new
    return Stamped(tuple(written), tuple(dict.fromkeys(problems)))


def _is_stampable(file: ReportFile) -> bool:
    """Tell whether a file is a signature or a PDF of the report or of an opinion's version."""
    *before, kind = file.kind.split("-")
    return kind in {"jws", "pdf"} and "reviewed" not in before


def _covers(stamp: ReportFile, file: ReportFile) -> bool:
    """Tell by their names whether a file is a stamp over another one."""
    return stamp.file_name.startswith(f"{file.file_name}.") and stamp.file_name.endswith(".tsr")


def _authorities(
    access: QueueAccess, file: ReportFile, content: bytes, stamps: Sequence[ReportFile]
) -> Iterator[str]:
    """Yield who has stamped a file, by the fingerprint of their certificates."""
    if file.kind.endswith("pdf"):
        for inside in stamps_of_pdf(content, _NO_ROOTS):
            if inside is not None:
                yield inside.certificate_sha256
    for stamp in stamps:
        yield _authority(get_object(access.objects, stamp.key), content)


def _authority(response: bytes, content: bytes) -> str:
    stamp = read_stamp(response, content, _NO_ROOTS)
    return "" if stamp is None else stamp.certificate_sha256


def _free_names(file: ReportFile, stamps: Sequence[ReportFile]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of a further stamp: X.pdf.tsr, X.pdf.2.tsr, and so on."""
    taken = {stamp.file_name for stamp in stamps}
    base = "pdf-tsr" if file.kind.endswith("pdf") else "tsr"
    for number in itertools.count(1):
        name = f"{file.file_name}.tsr" if number == 1 else f"{file.file_name}.{number}.tsr"
        if name not in taken:
            yield (base if number == 1 else f"{base}-{number}"), name


def _account(file: ReportFile) -> str:
    """Return whose file it is: its key begins with the account."""
    return file.key.partition("/")[0]


def _put(
    access: QueueAccess, file: ReportFile, response: bytes, kind: str, file_name: str
) -> StoredFile:
    kept = put_object(access.engine, access.objects, _account(file), response, CONTENT_TYPE)
    return StoredFile(kind, kept.key, kept.sha256, kept.size_bytes, file_name, CONTENT_TYPE)


def _write(access: QueueAccess, item: ItemStatus, file: ReportFile, new: list[StoredFile]) -> None:
    facts = {"stamped": file.file_name, "stamped_sha256": file.sha256} | {
        f"{stamp.kind}_sha256": stamp.sha256 for stamp in new
    }
    entry = AuditEntry("report_stamped", _account(file), int(item.job_id), int(item.item_id), facts)
    with transaction(access.engine) as connection:
        swept = object_rows.share_objects(connection, [stamp.key for stamp in new])
        if swept or not stamp_rows.write_stamps(connection, int(item.item_id), file.key, new):
            raise ObjectStoreError(
                f"{file.file_name} was deleted, written anew or stamped meanwhile: stamp it again.",
                "object_swept",
            )
        append_audit(connection, [entry])
