"""Where report files lie: a folder or S3 behind the same methods, private in both.

Keys are `account/sha256`, made by us (`object_key`); names from outside never become keys. Writing
goes through `storage.kept_objects`, which keeps the sweep away from what is about to be named.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from pipeline.errors import AccessError, ObjectStoreError
from storage.object_keys import MISSING, OnBytes, checked_key, checked_prefix, object_key
from storage.settings import StorageSettings

__all__ = ["FolderStore", "ObjectStore", "check_object_store", "object_key", "open_object_store"]

PROBE_ACCOUNT = "_probe"  # no account's name
_CHUNK_BYTES = 1 << 20
_PARTIAL = ".partial-"  # begins the names of files that are being written


class ObjectStore(Protocol):
    """Bytes under keys; every method raises ObjectStoreError where the store does not answer."""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store bytes; all of them appear at once, in place of what was there.

        Raises:
            AccessError: the store refuses us.
        """

    def put_file(self, key: str, path: Path, content_type: str, on_bytes: OnBytes) -> None:
        """Store a file's bytes, without holding them in memory; `on_bytes` is told how many so far.

        Raises:
            AccessError: the store refuses us.
        """

    def get(self, key: str) -> bytes:
        """Return an object's bytes.

        Raises:
            ObjectStoreError: there is none (code `object_missing`).
            AccessError: the store refuses us.
        """

    def read_range(self, key: str, first: int, n_bytes: int) -> Iterator[bytes]:
        """Return a stretch of an object in pieces; it is opened before this returns.

        Raises:
            ObjectStoreError: there is none (code `object_missing`).
            AccessError: the store refuses us.
        """

    def list_keys(self, prefix: str = "") -> Iterator[str]:
        """Return the keys that begin so, in order, page by page."""

    def exists(self, key: str) -> bool:
        """Tell whether there is such an object."""

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is none that fails."""

    def presign(self, key: str, file_name: str, content_type: str, expires_s: int) -> str:
        """Return a link for one download, offered under a file name; a folder gives a file: link."""


def open_object_store(settings: StorageSettings) -> ObjectStore:
    """Return the object store that the settings name; nothing is sent yet."""
    if not settings.objects.startswith("s3://"):
        return FolderStore(Path(settings.objects))
    from storage.s3_objects import S3Store  # boto3 is slow to import, and a folder needs none

    return S3Store(settings)


def check_object_store(
    store: ObjectStore, announce: Callable[[str], None] = lambda _: None
) -> None:
    """Put, get and delete an object of our own: what a worker needs before it claims anything.

    Args:
        store: to be tried.
        announce: told of the key before it is put: who is killed then cannot delete it.

    Raises:
        AccessError: the store refuses our key.
        ConfigError: there is no such bucket.
        ObjectStoreError: the store does not answer, or keeps other bytes than were put.
    """
    data = os.urandom(32)  # several workers may start at once
    key = object_key(PROBE_ACCOUNT, hashlib.sha256(data).hexdigest())
    announce(key)
    store.put(key, data, "application/octet-stream")
    try:
        if store.get(key) != data:
            raise ObjectStoreError("The object store does not keep what it is given.")
    finally:
        store.delete(key)


class FolderStore:
    """Objects as files of one folder that only we may enter."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made at the first put."""
        self._folder = folder

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store bytes: written beside, flushed to disk, then renamed."""
        path = self._path(key)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=_PARTIAL, dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise _folder_error(error) from error

    def put_file(self, key: str, path: Path, content_type: str, on_bytes: OnBytes) -> None:
        """Store a file's bytes: copied beside, flushed to disk, then renamed."""
        target = self._path(key)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=_PARTIAL, dir=target.parent)
            try:
                with os.fdopen(descriptor, "wb") as out, path.open("rb") as source:
                    while chunk := source.read(_CHUNK_BYTES):
                        out.write(chunk)
                        on_bytes(out.tell())
                    out.flush()
                    os.fsync(out.fileno())
                Path(name).replace(target)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise _folder_error(error) from error

    def get(self, key: str) -> bytes:
        """Return an object's bytes."""
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError as error:
            raise ObjectStoreError(f"There is no object {key}.", MISSING) from error
        except OSError as error:
            raise _folder_error(error) from error

    def read_range(self, key: str, first: int, n_bytes: int) -> Iterator[bytes]:
        """Return a stretch of an object in pieces."""
        try:
            file = self._path(key).open("rb")
        except FileNotFoundError as error:
            raise ObjectStoreError(f"There is no object {key}.", MISSING) from error
        except OSError as error:
            raise _folder_error(error) from error
        return _pieces(file, first, n_bytes)

    def list_keys(self, prefix: str = "") -> Iterator[str]:
        """Return the keys that begin so, in order."""
        checked_prefix(prefix)
        try:
            accounts = [path for path in self._folder.iterdir() if path.is_dir()]
        except FileNotFoundError:
            return
        for account in sorted(accounts, key=lambda path: f"{path.name}/"):  # as whole keys are
            if not f"{account.name}/".startswith(prefix[: len(account.name) + 1]):
                continue
            for path in sorted(account.iterdir()):
                key = f"{account.name}/{path.name}"
                if key.startswith(prefix) and not path.name.startswith(_PARTIAL):
                    yield key

    def exists(self, key: str) -> bool:
        """Tell whether there is such an object."""
        return self._path(key).is_file()

    def delete(self, key: str) -> None:
        """Remove an object."""
        try:
            self._path(key).unlink(missing_ok=True)
        except OSError as error:
            raise _folder_error(error) from error

    def presign(self, key: str, file_name: str, content_type: str, expires_s: int) -> str:
        """Return the file's link; who can read the folder needs no signature."""
        return self._path(key).absolute().as_uri()

    def _path(self, key: str) -> Path:
        return self._folder / checked_key(key)


def _pieces(file: BinaryIO, first: int, n_bytes: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        left = n_bytes
        while left > 0 and (piece := file.read(min(left, _CHUNK_BYTES))):
            left -= len(piece)
            yield piece


def _folder_error(error: OSError) -> ObjectStoreError | AccessError:
    if isinstance(error, PermissionError):
        return AccessError("The object folder may not be read or written: check its owner.")
    if error.errno == 28:  # ENOSPC
        return ObjectStoreError("The disk of the object folder is full: make room.", "disk_full")
    return ObjectStoreError(f"The object folder cannot be used: {error.strerror}.")
