"""Write the medium of an item, where its account keeps it, into a file: `verity media`."""

import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

from console.queue_access import QueueAccess
from jobs.spec import ItemStatus
from pipeline.errors import InputError, ObjectStoreError, SourceNotFoundError
from storage import retention_rows
from storage.audit_rows import AuditEntry, append_audit
from storage.database import transaction
from storage.retention_rows import MediaClaim

# an ending that a program may go by; any other name of a source stays outside
_ENDING = re.compile(r"\.[a-z0-9]{1,5}")


def media_name(item: ItemStatus) -> str:
    """Return a name of our own for an item's medium, with the source's ending where it is a plain one."""
    ending = Path(urlsplit(item.source_uri).path).suffix.lower()
    kept = ending if _ENDING.fullmatch(ending) else ".media"
    return f"verity-{item.job_id}-{item.item_id}{kept}"


def write_media(access: QueueAccess, item: ItemStatus, path: Path, asked_by: str) -> MediaClaim:
    """Write the bytes that an item was analysed from, checked against their SHA-256.

    Args:
        access: to the database and the store.
        item: whose medium.
        path: the file to write; it must not be there.
        asked_by: who has them, for the audit log.

    Raises:
        SourceNotFoundError: its account does not keep them (`media_not_kept`).
        InputError: the file is there already, or cannot be written.
        ObjectStoreError: the store does not answer, or its bytes are others (`object_corrupt`).
    """
    with transaction(access.engine) as connection:
        claim = retention_rows.kept_of_item(connection, int(item.item_id))
    if claim is None:
        raise SourceNotFoundError(
            f"The medium of item {item.item_id} is not kept: submit with --keep-media DAYS, or set "
            "VERITY_KEEP_MEDIA_DAYS.",
            "media_not_kept",
        )
    partial = path.with_name(f".{path.name}.partial")
    digest = hashlib.sha256()
    try:
        if path.exists():
            raise FileExistsError(17, "is there already", str(path))
        with partial.open("wb") as out:
            for piece in access.objects.read_range(claim.key, 0, claim.size_bytes):
                digest.update(piece)
                out.write(piece)
        if digest.hexdigest() != claim.sha256:
            raise ObjectStoreError(f"The object {claim.key} is damaged.", "object_corrupt")
        partial.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}): name another file with --to.",
            "output_not_writable",
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    facts = {"media_sha256": claim.sha256, "asked_by": asked_by}
    entry = AuditEntry("media_taken", claim.account_id, int(item.job_id), int(item.item_id), facts)
    with transaction(access.engine) as connection:
        append_audit(connection, [entry])
    return claim
