"""What an item was analysed from can be had again where its account keeps it, and nowhere else."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from console.kept_media import media_name, write_media
from console.queue_access import QueueAccess
from jobs.job_desk import JobDesk
from jobs.spec import ItemClaim
from jobs.work_queue import WorkQueue
from pipeline.errors import InputError, ObjectStoreError, SourceNotFoundError
from storage import object_rows, retention_rows
from storage.audit_rows import rows_of_item
from storage.database import transaction
from storage.kept_objects import put_object
from storage.objects import FolderStore
from storage.retention_rows import MediaClaim
from tests.integration.jobs.queue_makers import make_job, make_result

pytestmark = pytest.mark.postgres
SOUND = b"sound"  # as `make_result` says


@pytest.fixture
def access(engine: Engine, tmp_path: Path) -> QueueAccess:
    return QueueAccess(JobDesk(engine), FolderStore(tmp_path / "objects"), engine)


@pytest.fixture
def claims(access: QueueAccess) -> Iterator[list[ItemClaim]]:
    """Two items of the same bytes, and one of another account's."""
    queue = WorkQueue(access.engine)
    with access.engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))
    make_job(queue, 2)
    make_job(queue, 1, "other")
    claims = [claim for _ in range(3) for claim in queue.claim("worker")]
    for claim in claims:
        queue.finish(claim, make_result(claim))
    yield sorted(claims, key=lambda claim: claim.account_id)
    queue.close()


def keep(access: QueueAccess, claim: ItemClaim) -> str:
    kept = put_object(access.engine, access.objects, claim.account_id, SOUND, "x/y")
    wanted = MediaClaim(
        int(claim.item_id), int(claim.job_id), claim.account_id, kept.key, kept.sha256, len(SOUND)
    )
    with transaction(access.engine) as connection:
        assert object_rows.share_objects(connection, [kept.key]) == []
        retention_rows.claim_media(connection, wanted)
    return kept.key


def test_kept_bytes_are_had_again_and_the_log_says_who_took_them(
    access: QueueAccess, claims: list[ItemClaim], tmp_path: Path
) -> None:
    keep(access, claims[0])
    item = access.desk.item_status(claims[0].item_id)
    path = tmp_path / media_name(item)
    write_media(access, item, path, "archivist")
    assert path.read_bytes() == SOUND
    (_, entry) = rows_of_item(access.engine, int(item.item_id))[-1]
    assert entry.event == "media_taken"
    assert entry.facts == {
        "media_sha256": hashlib.sha256(SOUND).hexdigest(),
        "asked_by": "archivist",
    }


def test_another_item_of_the_same_bytes_has_them_but_no_other_account_s(
    access: QueueAccess, claims: list[ItemClaim], tmp_path: Path
) -> None:
    keep(access, claims[0])
    second, other = (access.desk.item_status(claim.item_id) for claim in claims[1:])
    write_media(access, second, tmp_path / "second", "archivist")
    assert (tmp_path / "second").read_bytes() == SOUND
    with pytest.raises(SourceNotFoundError, match="not kept"):
        write_media(access, other, tmp_path / "other", "archivist")
    assert not (tmp_path / "other").exists()


def test_a_file_that_is_there_is_left_alone_and_damaged_bytes_are_not_handed_out(
    access: QueueAccess, claims: list[ItemClaim], tmp_path: Path
) -> None:
    key = keep(access, claims[0])
    item = access.desk.item_status(claims[0].item_id)
    (tmp_path / "mine").write_bytes(b"mine")
    with pytest.raises(InputError, match="already"):
        write_media(access, item, tmp_path / "mine", "archivist")
    assert (tmp_path / "mine").read_bytes() == b"mine"
    access.objects.put(key, b"noise", "x/y")
    with pytest.raises(ObjectStoreError, match="damaged"):
        write_media(access, item, tmp_path / "new", "archivist")
    assert not (tmp_path / "new").exists()
