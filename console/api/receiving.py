"""Files that people send, in as many requests as it takes: to the object store, part by part.

Nothing is written to this machine's disk, and a request holds one part in memory. Any server of the
installation can go on where another one stopped, since all that is known lies in the database: how
much is here, and which objects it is. The SHA-256 of the whole is taken on the way by the server that
gets all of it, and otherwise from the parts, once they are all here.
"""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Protocol, Self

from sqlalchemy import Connection, Engine

from jobs.quota import require_upload
from jobs.uploads import UPLOAD_KEEP_S, no_upload, upload_id_of, upload_source
from pipeline.errors import InputError, LimitExceededError, ObjectStoreError
from storage import object_rows, upload_rows
from storage.database import transaction
from storage.kept_objects import get_object, put_object
from storage.objects import ObjectStore
from storage.upload_rows import NewUpload, UploadFacts, UploadPart

PART_BYTES = 4 << 20  # in memory for each request that sends; S3 takes any size of an object
MOST_OPEN = 2000  # uploads of an account that are not whole
MOST_NAME_CHARS = 255
TRIES = 3  # of naming an object that a sweep took meanwhile
HASHES_KEPT = 2000  # uploads whose hash is taken on the way, in this process
_SAID_GIB = 1 << 30


class Sha256(Protocol):
    """A hash that is taken on the way."""

    def update(self, data: bytes, /) -> None:
        """Take bytes."""

    def copy(self) -> Self:
        """Return a hash that goes its own way from here."""

    def hexdigest(self) -> str:
        """Return it as 64 hex digits."""


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How much may be sent."""

    most_bytes: int  # of one file
    most_held_bytes: int  # of an account, whole or on their way


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose upload it is: no other account sees it."""

    account_id: str
    key_id: str | None = None  # None: a browser


class Receiving:
    """Where uploads begin, go on, and are asked about: one for each server process."""

    def __init__(self, engine: Engine, store: ObjectStore, limits: UploadLimits) -> None:
        """Use a migrated database and its object store."""
        self.engine = engine
        self.store = store
        self.limits = limits
        self._hashes: OrderedDict[str, tuple[int, Sha256]] = OrderedDict()
        self._lock = Lock()

    def begin(self, sender: Sender, name: str, size_bytes: int, metadata: str = "") -> UploadFacts:
        """Begin an upload; one of 0 bytes is whole at once.

        Args:
            sender: whose it is.
            name: as they call the file: untrusted text.
            size_bytes: that they say it has; more is never taken.
            metadata: as it came, and is given back.

        Raises:
            LimitExceededError: it is too large, or the account has too many on their way.
            AccessError: the account or key may not store as much (`quota_used_up`).
        """
        if size_bytes > self.limits.most_bytes:
            raise LimitExceededError(
                f"This file has {size_bytes / _SAID_GIB:.3g} GiB: at most"
                f" {self.limits.most_bytes / _SAID_GIB:.3g} GiB are taken.",
                "too_large",
            )
        new = NewUpload(
            secrets.token_hex(16),
            sender.account_id,
            sender.key_id,
            name[:MOST_NAME_CHARS] or "upload",
            metadata,
            size_bytes,
        )
        with transaction(self.engine) as connection:
            upload_rows.lock_uploads(connection, sender.account_id)
            require_room(connection, sender, size_bytes, self.limits)
            require_upload(connection, sender.account_id, sender.key_id, size_bytes)
            begun = upload_rows.insert_upload(connection, new, UPLOAD_KEEP_S)
        return begun if size_bytes else self.finish(begun)

    def require(self, account_id: str, upload_id: str) -> UploadFacts:
        """Return an upload of the account.

        Raises:
            SourceNotFoundError: there is none with this id, or it is another account's.
        """
        found = None
        if upload_id_of(upload_source(upload_id)):
            with transaction(self.engine) as connection:
                found = upload_rows.read_upload(connection, account_id, upload_id)
        if found is None:
            raise no_upload(upload_id)
        return found

    def remove(self, account_id: str, upload_id: str) -> None:
        """Remove an upload; its bytes follow with the sweep of objects that nobody names.

        Raises:
            SourceNotFoundError: there is none with this id, or it is another account's.
            InputError: a job that is not over names it (`upload_in_use`).
        """
        with transaction(self.engine) as connection:
            is_gone = upload_rows.drop_upload(connection, account_id, upload_id)
        if is_gone is None:
            raise no_upload(upload_id)
        if not is_gone:
            raise InputError(
                "A job that is not over names this upload: cancel the job first.", "upload_in_use"
            )

    def put_part(self, upload: UploadFacts, start: int, data: bytes) -> UploadPart:
        """Store a stretch of an upload as an object; `name_parts` names it."""
        end = start + len(data)
        kept = put_object(
            self.engine,
            self.store,
            upload.account_id,
            data,
            "application/octet-stream",
            lambda connection: upload_rows.announce_part(connection, upload.upload_id, end),
        )
        return UploadPart(start, kept.key, kept.size_bytes)

    def name_parts(self, upload: UploadFacts, parts: list[UploadPart]) -> bool:
        """Append stored parts, all or none; False: one was swept meanwhile, put it again.

        Raises:
            InputError: something else was sent to this place meanwhile (`upload_moved`).
        """
        with transaction(self.engine) as connection:
            if object_rows.share_objects(connection, [part.key for part in parts]):
                return False
            for part in parts:
                if not upload_rows.add_part(connection, upload.upload_id, part, UPLOAD_KEEP_S):
                    raise moved(upload)
        return True

    def finish(self, upload: UploadFacts) -> UploadFacts:
        """Say that an upload, all of whose bytes are here, is whole."""
        sha256 = self.hash_at(upload, upload.size_bytes)
        if sha256 is None:  # parts came to other servers
            sha256 = hashlib.sha256()
            with transaction(self.engine) as connection:
                parts = upload_rows.read_parts(connection, upload.account_id, upload.upload_id)
            for part in parts:
                sha256.update(get_object(self.store, part.key))
        with transaction(self.engine) as connection:
            upload_rows.finish_upload(
                connection, upload.upload_id, sha256.hexdigest(), UPLOAD_KEEP_S
            )
        with self._lock:
            self._hashes.pop(upload.upload_id, None)
        return self.require(upload.account_id, upload.upload_id)

    def settle_size(self, upload: UploadFacts) -> None:
        """Take what is here of an upload for all of it."""
        with transaction(self.engine) as connection:
            upload_rows.settle_size(connection, upload.upload_id)

    def hash_at(self, upload: UploadFacts, n_bytes: int) -> Sha256 | None:
        """Return a copy of the hash over an upload's first bytes, or None: it is not known here."""
        if n_bytes == 0:
            return hashlib.sha256()
        with self._lock:
            at, sha256 = self._hashes.get(upload.upload_id, (-1, hashlib.sha256()))
            return sha256.copy() if at == n_bytes else None

    def keep_hash(self, upload: UploadFacts, n_bytes: int, sha256: Sha256) -> None:
        """Remember the hash over an upload's first bytes for whoever goes on."""
        with self._lock:
            self._hashes[upload.upload_id] = (n_bytes, sha256.copy())
            self._hashes.move_to_end(upload.upload_id)
            while len(self._hashes) > HASHES_KEPT:
                self._hashes.popitem(last=False)


class PartWriter:
    """Takes the body of one request, chunk by chunk; blocking, so not for the event loop."""

    def __init__(self, receiving: Receiving, upload: UploadFacts, *, is_checked: bool) -> None:
        """Go on where the upload stands.

        Args:
            receiving: where to.
            upload: as it stands; what others send meanwhile makes this fail.
            is_checked: nothing counts before the whole body is here and was found right.
        """
        self._receiving = receiving
        self._upload = upload
        self._is_checked = is_checked
        self._sha256 = receiving.hash_at(upload, upload.n_bytes)
        self._pending = bytearray()
        self._stored: list[UploadPart] = []  # that count only once the whole body was checked
        self._n_taken = upload.n_bytes  # with what is pending
        self._n_stored = upload.n_bytes  # as objects

    def write(self, chunk: bytes) -> None:
        """Take more bytes.

        Raises:
            LimitExceededError: more come than were said.
            InputError: something else was sent to this place meanwhile.
        """
        if self._n_taken + len(chunk) > self._upload.size_bytes:
            self._pending.clear()  # of a body that lies nothing more is kept
            raise too_long(self._upload)
        self._n_taken += len(chunk)
        self._pending += chunk
        # strictly more: the last bytes wait for the body's end, so that nothing is whole before
        while len(self._pending) > PART_BYTES:
            self._store(bytes(self._pending[:PART_BYTES]))
            del self._pending[:PART_BYTES]

    def close(self, *, is_all: bool = False) -> UploadFacts:
        """Keep what is pending, and return the upload as it stands then.

        Args:
            is_all: whatever was said, this is all of it.
        """
        if self._pending:
            self._store(bytes(self._pending))
            self._pending.clear()
        if self._is_checked:
            self._name_checked()
        if is_all:
            self._receiving.settle_size(self._upload)
        found = self._receiving.require(self._upload.account_id, self._upload.upload_id)
        if found.n_bytes == found.size_bytes and found.sha256 is None:
            return self._receiving.finish(found)
        return found

    def _store(self, data: bytes) -> None:
        part = self._receiving.put_part(self._upload, self._n_stored, data)
        if self._is_checked:
            self._stored.append(part)
        else:
            self._name(part, data)
        self._n_stored += len(data)
        if self._sha256 is not None:
            self._sha256.update(data)
            if not self._is_checked:
                self._receiving.keep_hash(self._upload, self._n_stored, self._sha256)

    def _name(self, part: UploadPart, data: bytes) -> None:
        for _ in range(TRIES):
            if self._receiving.name_parts(self._upload, [part]):
                return
            part = self._receiving.put_part(self._upload, part.start, data)
        raise ObjectStoreError("The upload is being swept: send it again.", "object_swept")

    def _name_checked(self) -> None:
        if not self._receiving.name_parts(self._upload, self._stored):
            raise ObjectStoreError("The upload is being swept: send it again.", "object_swept")
        if self._sha256 is not None:
            self._receiving.keep_hash(self._upload, self._n_stored, self._sha256)


def require_room(
    connection: Connection, sender: Sender, n_more_bytes: int, limits: UploadLimits
) -> None:
    """Pass where the account, and its key, may send so many bytes more: the hook of quotas.

    It is asked when an upload begins, with the bytes that are said; more than those are never taken.
    The account's uploads are locked (`lock_uploads`), so that two at once cannot both find room.

    Raises:
        LimitExceededError: too many uploads, or too many bytes, are on their way (`upload_room`).
    """
    held = upload_rows.read_held(connection, sender.account_id)
    if held.n_open >= MOST_OPEN:
        raise LimitExceededError(
            f"{held.n_open} uploads are on their way: finish or remove some first.", "upload_room"
        )
    if held.n_bytes + n_more_bytes > limits.most_held_bytes:
        raise LimitExceededError(
            f"This account's uploads take {held.n_bytes / _SAID_GIB:.3g} GiB of"
            f" {limits.most_held_bytes / _SAID_GIB:.3g} GiB: submit or remove some first.",
            "upload_room",
        )


def moved(upload: UploadFacts) -> InputError:
    """Return the error of bytes that are sent to a place where the upload does not stand."""
    return InputError(
        f"The upload {upload.upload_id} does not stand there: ask where (HEAD), and go on from there.",
        "upload_moved",
    )


def too_long(upload: UploadFacts) -> LimitExceededError:
    """Return the error of an upload that has more bytes than were said."""
    return LimitExceededError(
        f"More came than the {upload.size_bytes} bytes that were said (Upload-Length).",
        "upload_too_long",
    )
