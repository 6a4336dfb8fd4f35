"""An upload as an item of a job: fetched in its account, kept while a job needs it, then gone."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from console.api.receiving import PART_BYTES, PartWriter, Receiving, Sender, UploadLimits
from jobs.closer import CloserLook, look_closer
from jobs.retention import delete_item
from jobs.settings import JobsSettings
from jobs.source_options import SourceOptions
from jobs.sources import fetch, list_from, list_items
from jobs.sources.access import SourceAccess
from jobs.spec import ItemClaim, ItemKind, JobSpec
from jobs.upload_shelf import UploadShelf
from jobs.uploads import UPLOAD_KEEP_S, expire_uploads, upload_source
from jobs.work_queue import WorkQueue
from pipeline.errors import (
    InputError,
    MediaCorruptError,
    MediaUnsupportedError,
    SourceNotFoundError,
)
from storage.kept_objects import sweep_orphans
from storage.objects import FolderStore
from storage.settings import StorageSettings
from tests.integration.jobs.queue_makers import make_result
from workers.course import Course
from workers.evidence_taker import EvidenceTaker
from workers.preparer import fetch_item

pytestmark = pytest.mark.postgres
SOUND = bytes(range(256)) * (PART_BYTES // 256) + b"and a little more"


class Desk:
    """What sends, submits and fetches, over one database and one folder of objects."""

    def __init__(self, engine: Engine, url: str, folder: Path) -> None:
        self.engine = engine
        self.queue = WorkQueue(engine)
        self.store = FolderStore(folder / "objects")
        self.folder = folder
        self.receiving = Receiving(engine, self.store, UploadLimits(1 << 30, 1 << 40))
        self.storage = StorageSettings(
            var_folder=folder,
            server_folder=folder / "postgres",
            objects=str(folder / "objects"),
            database_url=SecretStr(url),
        )
        self.shelf = UploadShelf(self.storage)

    def send(self, data: bytes, name: str = "talk.wav", account_id: str = "default") -> str:
        """Send a file whole; return how a job names it."""
        upload = self.receiving.begin(Sender(account_id), name, len(data))
        if data:
            writer = PartWriter(self.receiving, upload, is_checked=False)
            writer.write(data)
            writer.close()
        return upload_source(upload.upload_id)

    def claim(self, *sources: str, account_id: str = "default") -> ItemClaim:
        """Submit a job of uploads; return the claim of its first item."""
        self.queue.desk.submit(JobSpec(sources=sources), account_id)
        (claim,) = self.queue.claim("worker", 1, ItemKind.MEDIA)
        return claim

    def age(self, seconds: float) -> None:
        """Let time go by."""
        with self.engine.begin() as connection:
            for table, column in (
                ("upload", "expires_at"),
                ("job", "closed_at"),
                ("object", "touched_at"),
            ):
                statement = f"UPDATE {table} SET {column} = {column} - make_interval(secs => :s)"  # noqa: S608
                connection.execute(text(statement), {"s": seconds})

    def n_objects(self) -> int:
        """Return how many objects are left once the sweep was there."""
        sweep_orphans(self.engine, self.store)
        return len(list(self.store.list_keys()))


@pytest.fixture
def desk(engine: Engine, database_url: str, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(engine, database_url, tmp_path)
    yield desk
    desk.shelf.close()
    desk.queue.close()


def access_of(desk: Desk, claim: ItemClaim) -> SourceAccess:
    """Return what a preparer fetches an item with."""
    jobs = JobsSettings()
    access = jobs.source_access(jobs.open_guard(), allow_local=False)
    return replace(access, uploads=desk.shelf, account_id=claim.account_id)


def test_an_upload_is_fetched_whole_with_its_custody(desk: Desk, tmp_path: Path) -> None:
    claim = desk.claim(desk.send(SOUND, "Interview 3.wav"))
    fetched = fetch(claim, tmp_path / "item", access_of(desk, claim))
    assert fetched.path.read_bytes() == SOUND
    assert fetched.sha256 == hashlib.sha256(SOUND).hexdigest()
    assert fetched.custody.original_name == claim.title == "Interview 3.wav"
    assert fetched.custody.facts["uploaded_at"]


def test_a_preparer_fetches_in_the_account_of_its_claim(desk: Desk, tmp_path: Path) -> None:
    claim = desk.claim(desk.send(SOUND))
    access = replace(access_of(desk, claim), account_id="")  # as a preparer has it for all claims
    course = Course()
    fetched = fetch_item(claim, tmp_path / "item", access, EvidenceTaker(tmp_path), course)
    head = course.news()
    assert head is not None
    assert head.stage == "probe"
    assert fetched.media.sha256 == hashlib.sha256(SOUND).hexdigest()


def test_a_claim_of_another_account_fetches_nothing(desk: Desk, tmp_path: Path) -> None:
    claim = desk.claim(desk.send(SOUND))
    access = replace(access_of(desk, claim), account_id="other")
    with pytest.raises(SourceNotFoundError) as foreign:
        fetch(claim, tmp_path / "item", access)
    assert foreign.value.code == "upload_not_found"
    assert not list((tmp_path / "item").iterdir())


def test_a_part_that_was_changed_in_the_store_is_noticed(desk: Desk, tmp_path: Path) -> None:
    claim = desk.claim(desk.send(SOUND))
    with desk.engine.begin() as connection:  # the parts of the last upload change places
        connection.execute(text("UPDATE upload_part SET start = 1 - sign(start)::bigint"))
    with pytest.raises(MediaCorruptError) as damaged:
        fetch(claim, tmp_path / "item", access_of(desk, claim))
    assert damaged.value.code == "hash_differs"


def test_an_empty_file_fails_alone_and_says_so(desk: Desk, tmp_path: Path) -> None:
    claim = desk.claim(desk.send(b""))
    with pytest.raises(MediaCorruptError) as empty:
        fetch(claim, tmp_path / "item", access_of(desk, claim))
    assert empty.value.code == "media_empty"


def test_a_job_of_uploads_and_links_counts_both(desk: Desk) -> None:
    sources = (desk.send(b"one"), "https://media.example/feed", desk.send(b"two"))
    job = desk.queue.desk.submit(JobSpec(sources=sources))
    assert (job.counts.total, job.counts.listing) == (2, 1)


def test_a_job_names_no_upload_of_another_account(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))
    source = desk.send(b"secret", account_id="other")
    with pytest.raises(SourceNotFoundError) as foreign:
        desk.queue.desk.submit(JobSpec(sources=(source,)))
    assert foreign.value.code == "upload_not_found"
    assert desk.queue.desk.list_jobs() == []


def test_a_list_or_a_scan_names_no_upload(desk: Desk) -> None:
    jobs = JobsSettings()
    access = jobs.source_access(jobs.open_guard(), allow_local=False)
    with pytest.raises(InputError) as misplaced:
        next(list_items(desk.send(b"one"), access))
    assert misplaced.value.code == "upload_misplaced"


def test_an_upload_that_nobody_went_on_with_goes_with_its_bytes(desk: Desk) -> None:
    desk.send(SOUND)
    assert expire_uploads(desk.engine) == 0
    desk.age(2 * UPLOAD_KEEP_S)
    assert expire_uploads(desk.engine) == 1
    assert desk.n_objects() == 0


def test_an_upload_stays_while_a_job_needs_it_and_a_while_for_another_try(desk: Desk) -> None:
    claim = desk.claim(desk.send(SOUND))
    desk.age(2 * UPLOAD_KEEP_S)
    assert expire_uploads(desk.engine) == 0
    desk.queue.finish(claim, make_result(claim))
    desk.queue.tend()
    assert expire_uploads(desk.engine) == 0
    desk.age(2 * UPLOAD_KEEP_S)
    assert expire_uploads(desk.engine) == 1
    assert desk.n_objects() == 0


def test_a_job_that_keeps_no_media_lets_its_uploads_go_at_its_end(desk: Desk) -> None:
    spec = JobSpec(sources=(desk.send(SOUND),), keep_media_days=0)
    desk.queue.desk.submit(spec)
    (claim,) = desk.queue.claim("worker", 1, ItemKind.MEDIA)
    assert expire_uploads(desk.engine) == 0
    desk.queue.finish(claim, make_result(claim))
    desk.queue.tend()
    assert expire_uploads(desk.engine) == 1


def test_deleting_an_item_deletes_what_was_sent_for_it(desk: Desk) -> None:
    claim = desk.claim(desk.send(SOUND))
    desk.queue.finish(claim, make_result(claim))
    desk.queue.tend()
    delete_item(desk.engine, claim.item_id, "ada")
    desk.age(2 * UPLOAD_KEEP_S)
    assert desk.n_objects() == 0


def zip_of(**members: bytes) -> bytes:
    """Return a zip file with these members; `_` stands for a dot."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return packed.getvalue()


def test_an_archive_that_was_sent_fails_by_name_unless_it_is_to_be_opened(
    desk: Desk, tmp_path: Path
) -> None:
    claim = desk.claim(desk.send(zip_of(a_wav=b"one"), "talks.zip"), desk.send(SOUND))
    with pytest.raises(MediaUnsupportedError, match="ask for archives to be opened") as closed:
        fetch(claim, tmp_path / "item", access_of(desk, claim))
    assert closed.value.code == "media_is_archive"
    assert claim.title == "talks.zip"


def test_the_members_of_an_archive_that_was_sent_are_items_with_its_custody(
    desk: Desk, tmp_path: Path
) -> None:
    packed = zip_of(a_wav=b"one", b_wav=b"two", inner_zip=b"closed")
    source = desk.send(packed, "talks.zip")
    options = SourceOptions(open_archives=True)
    job = desk.queue.desk.submit(JobSpec(sources=(source,), source_options=options))
    assert (job.counts.total, job.counts.listing) == (0, 1)
    (listing,) = desk.queue.claim("lister", 1, ItemKind.LIST)
    skipped: list[tuple[str, str]] = []
    access = access_of(desk, listing)
    wanted = SourceOptions.from_facts(listing.facts)
    found = list_from(listing.source_uri, access, "", lambda *it: skipped.append(it), wanted)
    desk.queue.add_items(listing, [one.item for one in found])
    desk.queue.finish(listing)
    assert [why for _, why in skipped] == ["archive_in_archive"]
    claims = desk.queue.claim("worker", 5, ItemKind.MEDIA)
    assert [claim.title for claim in claims] == ["talks.zip: a.wav", "talks.zip: b.wav"]
    fetched = fetch(claims[1], tmp_path / "item", access)
    assert fetched.path.read_bytes() == b"two"
    told = fetched.custody.facts
    assert told["archive_sha256"] == hashlib.sha256(packed).hexdigest()
    assert (told["archive"], told["member"]) == ("talks.zip", "b.wav")
    with pytest.raises(SourceNotFoundError):
        next(list_from(source, replace(access, account_id="other"), options=wanted))
    desk.queue.finish(claims[1], make_result(claims[1]))
    again = look_closer(desk.engine, "default", claims[1].item_id, CloserLook(0.5))
    (closer,) = [one for one in desk.queue.claim("worker", 5) if one.job_id == again.job_id]
    assert fetch(closer, tmp_path / "closer", access).path.read_bytes() == b"two"


def test_a_list_names_no_archive_that_was_sent(desk: Desk, tmp_path: Path) -> None:
    source = desk.send(zip_of(a_wav=b"one"), "talks.zip")
    (tmp_path / "list.txt").write_text(source)
    jobs = JobsSettings()
    access = jobs.source_access(jobs.open_guard(), allow_local=True)
    access = replace(access, uploads=desk.shelf, account_id="default")
    options = SourceOptions(open_archives=True)
    (entry,) = list_items(str(tmp_path / "list.txt"), access, options)
    assert entry.facts["error_code"] == "upload_misplaced"
