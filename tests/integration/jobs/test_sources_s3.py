"""S3 as a source: against nanio (signatures, streams) and moto (versions, Glacier, If-Match)."""

import hashlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from jobs.sources import FetchLimits, SourceAccess, fetch, list_from, list_items
from jobs.sources.items import NewItem
from jobs.sources.s3_session import open_client
from pipeline.errors import AccessError, InputError, ObjectStoreError, VerityError
from tests.conftest import S3Server
from tests.integration.jobs.s3_makers import SOUND, access_to, code_of
from tests.local_site import Answer, breaking_proxy, local_site

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

pytestmark = pytest.mark.s3


def test_a_prefix_is_listed_and_fetched(
    s3_server: S3Server, s3_access: SourceAccess, s3_client: "S3Client", tmp_path: Path
) -> None:
    bucket = s3_server.bucket
    for key in ("in/b 1.wav", "in/a/ü😀.wav", "in/all.zip", "in/twin.wav", "other.wav"):
        s3_client.put_object(Bucket=bucket, Key=key, Body=SOUND)
    s3_client.put_object(Bucket=bucket, Key="in/empty.wav", Body=b"")
    skipped: dict[str, str] = {}
    listing = list_from(f"s3://{bucket}/in/", s3_access, on_skipped=skipped.__setitem__)
    items = [listed.item for listed in listing]
    assert {item.title for item in items} == {"b 1.wav", "ü😀.wav", "twin.wav", "empty.wav"}
    assert skipped == {"in/all.zip": "archive"}
    assert len({item.source_key for item in items}) == 4
    by_title = {item.title: item for item in items}
    progress: list[tuple[int, int | None]] = []
    fetched = fetch(
        by_title["ü😀.wav"], tmp_path / "1", s3_access, lambda done, of: progress.append((done, of))
    )
    assert fetched.sha256 == hashlib.sha256(SOUND).hexdigest()
    assert progress[-1] == (len(SOUND), len(SOUND))
    assert fetched.custody.original_name == "ü😀.wav"
    assert fetched.custody.source_version == by_title["ü😀.wav"].facts["etag"]
    assert code_of(by_title["empty.wav"], tmp_path, s3_access) == "media_empty"


def test_a_key_names_one_object_and_not_its_longer_neighbours(
    s3_server: S3Server, s3_access: SourceAccess, s3_client: "S3Client"
) -> None:
    for key in ("a.wav", "a.wav.bak", "a.wave"):
        s3_client.put_object(Bucket=s3_server.bucket, Key=key, Body=b"x")
    source = f"s3://{s3_server.bucket}/a.wav"
    assert [item.title for item in list_items(source, s3_access)] == ["a.wav"]
    assert not list(list_from(source, s3_access, cursor="a.wav"))


def test_a_listing_goes_on_behind_its_cursor(
    s3_server: S3Server, s3_access: SourceAccess, s3_client: "S3Client"
) -> None:
    for number in range(5):
        s3_client.put_object(Bucket=s3_server.bucket, Key=f"p/{number}.wav", Body=b"x")
    source = f"s3://{s3_server.bucket}/p/"
    first = list(list_from(source, s3_access))
    again = list(list_from(source, s3_access, cursor=first[2].cursor))
    assert again == first[3:]


def test_what_changed_or_went_after_the_listing_is_named(
    s3_server: S3Server, s3_access: SourceAccess, s3_client: "S3Client", tmp_path: Path
) -> None:
    for key in ("gone.wav", "new.wav"):
        s3_client.put_object(Bucket=s3_server.bucket, Key=key, Body=b"one")
    gone, new = list_items(f"s3://{s3_server.bucket}/", s3_access)
    s3_client.delete_object(Bucket=s3_server.bucket, Key="gone.wav")
    s3_client.put_object(Bucket=s3_server.bucket, Key="new.wav", Body=b"two")
    assert code_of(gone, tmp_path, s3_access) == "object_vanished"
    assert code_of(new, tmp_path, s3_access) == "source_replaced"  # nanio ignores If-Match


def test_a_broken_download_goes_on_where_it_broke(
    s3_server: S3Server, s3_access: SourceAccess, s3_client: "S3Client", tmp_path: Path
) -> None:
    s3_client.put_object(Bucket=s3_server.bucket, Key="a.wav", Body=SOUND * 4)
    (item,) = list_items(f"s3://{s3_server.bucket}/a.wav", s3_access)
    target = s3_server.endpoint_url.removeprefix("http://")
    with breaking_proxy(target, [1_500_000, 900_000]) as address:
        through = replace(s3_access, s3=replace(s3_access.s3, endpoint_url=f"http://{address}"))
        fetched = fetch(item, tmp_path / "item", through)
    assert fetched.sha256 == hashlib.sha256(SOUND * 4).hexdigest()


def test_limits_hold_before_a_byte_is_fetched(
    s3_server: S3Server, s3_access: SourceAccess, s3_client: "S3Client", tmp_path: Path
) -> None:
    s3_client.put_object(Bucket=s3_server.bucket, Key="a.wav", Body=SOUND)
    (item,) = list_items(f"s3://{s3_server.bucket}/", s3_access)
    small = replace(s3_access, limits=FetchLimits(max_bytes=1000))
    assert code_of(item, tmp_path, small) == "too_many_bytes"


def test_wrong_keys_and_missing_buckets_are_named(
    s3_server: S3Server, s3_access: SourceAccess
) -> None:
    wrong = replace(s3_access, s3=replace(s3_access.s3, secret_key=SecretStr("wrong")))
    with pytest.raises(AccessError) as refused:
        list(list_items(f"s3://{s3_server.bucket}/", wrong))
    assert refused.value.code in {"credentials_wrong", "access_denied"}
    with pytest.raises(VerityError) as missing:
        list(list_items("s3://no-such-bucket-here/", s3_access))
    assert missing.value.code == "bucket_not_found"
    with pytest.raises(VerityError) as empty:
        list(list_items(f"s3://{s3_server.bucket}/nothing/", s3_access))
    assert empty.value.code == "source_empty"
    with pytest.raises(InputError):
        list(list_items("s3://", s3_access))


def test_versions_and_archive_classes_are_told(moto_url: str, tmp_path: Path) -> None:
    access = access_to(moto_url)
    with closing(open_client(access.s3)) as client:
        client.create_bucket(Bucket="kept")
        client.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
        first = client.put_object(Bucket="kept", Key="a b.wav", Body=b"one")
        client.put_object(Bucket="kept", Key="cold.wav", Body=b"x", StorageClass="GLACIER")
        client.put_object(Bucket="kept", Key="folder/", Body=b"")
        skipped: dict[str, str] = {}
        listing = list_from("s3://kept/", access, on_skipped=skipped.__setitem__)
        item, cold = (listed.item for listed in listing)
        fetched = fetch(item, tmp_path / "1", access)
        assert item.title == "a b.wav"
        assert fetched.custody.source_version == first["VersionId"]
        assert skipped == {"folder/": "folder_marker"}
        assert code_of(cold, tmp_path, access) == "object_archived"
        client.put_object(Bucket="kept", Key="a b.wav", Body=b"two")
    assert code_of(item, tmp_path, access) == "source_replaced"
    old = replace(item, facts=item.facts | {"version_id": first["VersionId"]})
    assert fetch(old, tmp_path / "2", access).sha256 == hashlib.sha256(b"one").hexdigest()


@pytest.mark.parametrize(
    ("status", "word", "code"),
    [
        (403, "AccessDenied", "access_denied"),
        (403, "ExpiredToken", "credentials_wrong"),
        (400, "KeyTooLongError", "s3_refused"),
    ],
)
def test_other_refusals_are_named(tmp_path: Path, status: int, word: str, code: str) -> None:
    body = f"<Error><Code>{word}</Code><Message>no</Message></Error>".encode()
    with local_site() as site:
        site.answers["/b/a.wav"] = Answer(body, "application/xml", status)
        item = NewItem("s3://b/a.wav", "a.wav", "k")
        assert code_of(item, tmp_path, access_to(site.url(""))) == code


def test_a_server_that_is_down_is_an_outage(tmp_path: Path) -> None:
    with local_site() as site:
        site.answers["/b/a.wav"] = Answer(b"", "application/xml", 503)
        access = access_to(site.url(""))
        with pytest.raises(ObjectStoreError):
            fetch(NewItem("s3://b/a.wav", "a.wav", "k"), tmp_path / "item", access)
