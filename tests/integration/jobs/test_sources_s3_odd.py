"""Keys that are no names, archives in a bucket, and prefixes that change under the reader's eyes."""

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import pytest
from sqlalchemy import Engine

from jobs.source_options import SourceOptions
from jobs.sources import SourceAccess, fetch, list_from, list_items
from jobs.spec import ItemKind, JobSpec
from jobs.work_queue import WorkQueue
from tests.conftest import S3Server
from tests.integration.jobs.s3_makers import SOUND, access_to, code_of, page_of, query
from tests.local_site import Answer, Asked, local_site

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

pytestmark = pytest.mark.s3

OPENED = SourceOptions(open_archives=True)
ODD_KEYS = (
    *("\n=cmd()\n", "../../etc/😀", "/etc/passwd", "a//b.wav", "./x.wav", "..", "-y.wav", "CON"),
    *("\u202egpj.exe.wav", "e\u0301.wav", "\u00e9.wav", "<script>.wav", "a\tb\rc.wav", "#?&%.wav"),
    *("s3://other/key.wav", "concat:x|y.wav", "%2e%2e%2fx.wav", "x" * 1020 + ".wav"),
)


def zip_of(members: dict[str, bytes]) -> bytes:
    """Return a zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_keys_that_are_no_names_are_fetched_under_ours_and_kept_apart(tmp_path: Path) -> None:
    """Nanio and moto refuse such keys; S3 itself takes them."""
    with local_site() as site:
        site.answers["/b"] = page_of(list(ODD_KEYS))
        answers = {f"/b/{quote(key, safe='/~')}": key for key in ODD_KEYS}
        for path, key in answers.items():
            site.answers[path] = Answer(key.encode(), headers={"ETag": quote(key)})
        access = access_to(site.url(""))
        items = list(list_items("s3://b/", access))
        fetched = [fetch(item, tmp_path / f"{n}", access) for n, item in enumerate(items)]
    assert [unquote(item.facts["key"]) for item in items] == list(ODD_KEYS)
    assert [one.path.read_bytes().decode() for one in fetched] == list(ODD_KEYS)
    assert len({item.source_key for item in items}) == len(ODD_KEYS)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"media.bin"}
    assert len(list(tmp_path.iterdir())) == len(ODD_KEYS)
    assert items[1].title == "😀"


@pytest.mark.postgres
def test_a_listing_goes_on_behind_a_key_that_is_no_name(engine: Engine) -> None:
    """The queue keeps the key, whatever it is, as the place where the next try begins."""
    keys = sorted(ODD_KEYS, key=str.encode)
    with local_site() as site:

        def answer(asked: Asked) -> Answer:
            after = query(asked, "start-after")
            return page_of([key for key in keys if key.encode() > after.encode()])

        site.answers["/b"] = answer
        access = access_to(site.url(""))
        queue = WorkQueue(engine, may_listen=False)
        queue.desk.submit(JobSpec(sources=("s3://b/",)))
        for n_stored in range(len(keys)):
            (listing,) = queue.claim("lister", kind=ItemKind.LIST)
            one = next(list_from("s3://b/", access, listing.cursor))
            assert unquote(one.item.facts["key"]) == keys[n_stored]
            queue.add_items(listing, [one.item], one.cursor)
            queue.release(listing)
        stored = queue.claim("worker", limit=99, kind=ItemKind.MEDIA)
        queue.close()
    assert {unquote(claim.facts["key"]) for claim in stored} == set(keys)


def test_members_of_an_archive_in_a_bucket_are_items_from_one_download(
    s3_server: S3Server, s3_access: SourceAccess, s3_client: "S3Client", tmp_path: Path
) -> None:
    content = zip_of({"../one.wav": b"one", "two.wav": SOUND, "inner.zip": zip_of({"x.wav": b""})})
    s3_client.put_object(Bucket=s3_server.bucket, Key="in/a#1.zip", Body=content)
    s3_client.put_object(Bucket=s3_server.bucket, Key="in/b.wav", Body=b"plain")
    skipped: dict[str, str] = {}
    listing = list_from(
        f"s3://{s3_server.bucket}/in/", s3_access, on_skipped=skipped.__setitem__, options=OPENED
    )
    one, two, plain = (listed.item for listed in listing)
    assert (one.title, two.title, plain.title) == (
        "a#1.zip: ../one.wav",
        "a#1.zip: two.wav",
        "b.wav",
    )
    assert list(skipped.values()) == ["archive_in_archive"]
    s3_client.delete_object(Bucket=s3_server.bucket, Key="in/a#1.zip")  # it lies on the shelf
    fetched = [fetch(item, tmp_path / str(n), s3_access) for n, item in enumerate((one, two))]
    assert [item.path.read_bytes() for item in fetched] == [b"one", SOUND]
    custody = fetched[1].custody
    assert custody.facts["archive_sha256"] == hashlib.sha256(content).hexdigest()
    assert (custody.facts["archive"], custody.original_name) == ("a#1.zip", "two.wav")


def test_an_archive_that_was_replaced_or_goes_is_named_for_each_member(
    s3_server: S3Server, s3_access: SourceAccess, s3_client: "S3Client", tmp_path: Path
) -> None:
    s3_client.put_object(Bucket=s3_server.bucket, Key="a.zip", Body=zip_of({"x.wav": b"one"}))
    source = f"s3://{s3_server.bucket}/a.zip"
    (item,) = list_items(source, s3_access, OPENED)
    fresh = replace(s3_access, shelf=type(s3_access.shelf)())
    s3_client.put_object(Bucket=s3_server.bucket, Key="a.zip", Body=zip_of({"x.wav": b"two"}))
    assert code_of(item, tmp_path / "1", fresh) == "source_replaced"
    s3_client.delete_object(Bucket=s3_server.bucket, Key="a.zip")
    assert code_of(item, tmp_path / "2", fresh) == "object_vanished"


def test_a_listing_that_ends_between_two_members_loses_none(
    s3_server: S3Server, s3_access: SourceAccess, s3_client: "S3Client"
) -> None:
    names = [f"{number}.wav" for number in range(4)]
    content = zip_of(dict.fromkeys(names, b"x"))
    for key, body in (("p/a.wav", b"x"), ("p/b.zip", content), ("p/c.wav", b"x")):
        s3_client.put_object(Bucket=s3_server.bucket, Key=key, Body=body)
    source = f"s3://{s3_server.bucket}/p/"
    whole = list(list_from(source, s3_access, options=OPENED))
    assert len(whole) == 6
    for n_stored in range(1, 6):
        cursor = whole[n_stored - 1].cursor
        rest = list(list_from(source, s3_access, cursor, options=OPENED))
        stored = {listed.item.source_key for listed in whole[:n_stored] + rest}
        assert stored == {listed.item.source_key for listed in whole}
