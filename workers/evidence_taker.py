"""What a preparer takes from a file beside its sound: what it says of its own origin, and a copy to keep.

And back: an item that is looked at again takes the bytes that its account keeps.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from pydantic import TypeAdapter
from sqlalchemy import Engine

from jobs.closer import CLOSER_FACT, KEPT_FACT
from jobs.quota import QUOTA_USED_UP, require_room
from jobs.retry import OBJECT_STORE_REFUSES
from jobs.sources.items import Fetched
from jobs.spec import ItemClaim
from pipeline.errors import (
    AccessError,
    ConfigError,
    ObjectStoreError,
    SourceNotFoundError,
    StaleClaimError,
)
from pipeline.provenance import read_provenance
from pipeline.vocabulary import Custody, MediaFile, Provenance
from storage import claim_rows, object_rows, retention_rows
from storage.closer_rows import read_custody
from storage.database import connect_engine, transaction
from storage.kept_objects import KeptObject, put_media
from storage.objects import ObjectStore, object_key, open_object_store
from storage.retention_rows import MediaClaim
from storage.settings import StorageSettings

_TRUST_LIST = "c2pa-trust.pem"
KEPT_NAME = "media"  # ours: names from outside become no paths
_CUSTODY = TypeAdapter(Custody)
TRIES = 3  # of naming an object that a sweep took meanwhile


class EvidenceTaker:
    """Holds the trust list of this node, and the way to the object store, for the actor's life."""

    def __init__(
        self, folder: Path, trust_pem: bytes = b"", storage: StorageSettings | None = None
    ) -> None:
        """Write the trust list down, since the reader is a process of its own.

        Args:
            folder: private to this process.
            trust_pem: certificates of trusted signers; empty: nobody is.
            storage: with the URL of a migrated database; None: media are never kept.
        """
        self._trust_list: Path | None = None
        if trust_pem:
            self._trust_list = folder / _TRUST_LIST
            self._trust_list.write_bytes(trust_pem)
        self._storage = storage

    def provenance(self, path: Path) -> Provenance:
        """Return the state of a file's manifest; see `pipeline.provenance`."""
        return read_provenance(path, self._trust_list)

    def keeps(self, claim: ItemClaim) -> bool:
        """Tell whether the item's medium is to be kept."""
        if self._storage is None:
            return False
        days = claim.keep_media_days
        if days is None:
            days = self._storage.evidence.keep_media_days
        return days != 0

    def keep(self, claim: ItemClaim, media: MediaFile, report: Callable[[float], None]) -> None:
        """Put a medium into the object store and claim it for its item.

        Raises:
            StaleClaimError: a newer attempt owns the item; nothing was claimed.
            AccessError: the account has no room for it (`quota_used_up`).
            ObjectStoreError, DatabaseError: away; the item is tried again later.
        """
        key = object_key(claim.account_id, media.sha256)
        kept = KeptObject(key, media.sha256, media.size_bytes)
        engine, store = self._services
        for _ in range(TRIES):
            try:
                put_media(
                    engine,
                    store,
                    kept,
                    media.path,
                    lambda n_sent: report(n_sent / max(1, media.size_bytes)),
                    lambda connection: require_room(connection, claim, key, media.size_bytes),
                )
            except (AccessError, ConfigError) as error:
                if error.code == QUOTA_USED_UP:
                    raise
                raise ObjectStoreError(error.message, OBJECT_STORE_REFUSES) from error
            item_id, job_id = int(claim.item_id), int(claim.job_id)
            with transaction(engine) as connection:
                if not claim_rows.lock_held(connection, item_id, claim.fence):
                    raise StaleClaimError(f"Another attempt owns item {claim.item_id}.")
                if not object_rows.share_objects(connection, [key]):
                    claimed = MediaClaim(
                        item_id, job_id, claim.account_id, key, media.sha256, media.size_bytes
                    )
                    retention_rows.claim_media(connection, claimed)
                    return
        raise ObjectStoreError(f"The object {key} is being swept: try again.", "object_swept")

    def take_kept(
        self, claim: ItemClaim, folder: Path, on_bytes: Callable[[int, int | None], None]
    ) -> Fetched:
        """Return the bytes that the item's account keeps, in place of its source's.

        Args:
            claim: names them by their SHA-256.
            folder: private to the item.
            on_bytes: told how many came so far, and of how many.

        Raises:
            SourceNotFoundError: they are not kept any more (`media_not_kept`).
            ObjectStoreError, DatabaseError: away; the item is tried again later.
        """
        sha256 = claim.facts[KEPT_FACT]
        if self._storage is None:
            raise ConfigError("This worker has no database: it takes no kept media.")
        engine, store = self._services
        first = int(claim.facts.get(CLOSER_FACT, claim.item_id))
        with transaction(engine) as connection:
            key = object_key(claim.account_id, sha256)
            kept = retention_rows.read_kept(connection, claim.account_id, key, first)
            before = read_custody(connection, claim.account_id, first)
        if kept is None:
            raise SourceNotFoundError(
                f"The medium of item {first} is not kept any more.", "media_not_kept"
            )
        path = folder / KEPT_NAME
        digest = hashlib.sha256()
        with path.open("xb") as file:
            for piece in store.read_range(kept.key, 0, kept.size_bytes):
                digest.update(piece)
                file.write(piece)
                on_bytes(file.tell(), kept.size_bytes)
        if digest.hexdigest() != sha256:
            raise ObjectStoreError(f"The object {kept.key} is damaged.", "object_corrupt")
        custody = Custody(datetime.now(UTC), f"the kept copy of item {first}")
        if before:
            custody = _CUSTODY.validate_python(before)
        facts = custody.facts | {"taken_from": f"the kept copy of item {first}"}
        return Fetched(path, sha256, kept.size_bytes, replace(custody, facts=facts))

    def close(self) -> None:
        """Close what was opened; it may be used again."""
        if "_services" in vars(self):
            self._services[0].dispose()

    @cached_property
    def _services(self) -> tuple[Engine, ObjectStore]:
        """Database and object store, opened with the first medium that is kept."""
        assert self._storage is not None, "asked for by `keeps` only"
        assert self._storage.database_url is not None, "the driver names it"
        url = self._storage.database_url.get_secret_value()
        return connect_engine(url), open_object_store(self._storage)
