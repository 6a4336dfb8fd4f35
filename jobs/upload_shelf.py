"""Where the parts of uploads are read: the database that names them and the store that has them."""

from collections.abc import Iterator
from functools import cached_property

from sqlalchemy import Engine

from storage import upload_rows
from storage.database import connect_engine, transaction
from storage.kept_objects import get_object
from storage.objects import ObjectStore, open_object_store
from storage.settings import StorageSettings
from storage.upload_rows import UploadFacts

KEPT_CONNECTIONS = 1  # a preparer fetches one item at a time


class UploadShelf:
    """Both services of one process, opened with the first upload that is read."""

    def __init__(self, storage: StorageSettings) -> None:
        """Name them; the settings know the URL of a migrated database."""
        self._storage = storage

    def read(self, account_id: str, upload_id: str) -> Iterator[bytes]:
        """Yield an upload's bytes part by part; nothing where the account has no such upload.

        Raises:
            ObjectStoreError, DatabaseError: away; or a part is not what was put.
        """
        engine, store = self._services
        with transaction(engine) as connection:
            parts = upload_rows.read_parts(connection, account_id, upload_id)
        for part in parts:
            yield get_object(store, part.key)

    def find(self, account_id: str, upload_id: str) -> UploadFacts | None:
        """Return a whole upload of the account; None: there is none.

        Raises:
            DatabaseError: away.
        """
        engine, _ = self._services
        with transaction(engine) as connection:
            found = upload_rows.share_uploads(connection, account_id, [upload_id]).get(upload_id)
        return found if found is not None and found.sha256 is not None else None

    def close(self) -> None:
        """Close the connections, where there are any."""
        if "_services" in vars(self):
            self._services[0].dispose()

    @cached_property
    def _services(self) -> tuple[Engine, ObjectStore]:
        assert self._storage.database_url is not None, "the driver names it"
        url = self._storage.database_url.get_secret_value()
        return connect_engine(url, KEPT_CONNECTIONS), open_object_store(self._storage)
