"""What a job may say of an S3 source, and what a bucket may do while it is read."""

import hashlib
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from jobs.source_options import SourceOptions
from jobs.sources import (
    Passed,
    S3Access,
    SourceAccess,
    fetch,
    list_from,
    list_items,
    list_with_signs,
)
from jobs.sources.s3_session import open_client
from pipeline.errors import VerityError
from storage.egress import EgressGuard
from tests.conftest import S3Server
from tests.integration.jobs.s3_makers import SOUND, access_to, page_of, query
from tests.local_site import Answer, Asked, breaking_proxy, local_site

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

pytestmark = pytest.mark.s3

ROLE = "arn:aws:iam::123456789012:role/reader"


def titles(source: str, access: SourceAccess, **said: object) -> list[str]:
    options = SourceOptions.model_validate(said)
    return [item.title for item in list_items(source, access, options)]


def test_globs_sizes_and_dates_choose_what_is_listed(
    s3_server: S3Server, s3_access: SourceAccess, s3_client: "S3Client"
) -> None:
    bucket = s3_server.bucket
    for key, n_bytes in {"p/a.wav": 10, "p/b.mp3": 20, "p/x/c.wav": 30, "p/x/d.wav": 0}.items():
        s3_client.put_object(Bucket=bucket, Key=key, Body=b"x" * n_bytes)
    source = f"s3://{bucket}/p/"
    assert titles(source, s3_access, include=["*.wav"]) == ["a.wav", "c.wav", "d.wav"]
    assert titles(source, s3_access, include=["x/*"]) == ["c.wav", "d.wav"]
    assert titles(source, s3_access, exclude=["*.wav"]) == ["b.mp3"]
    assert titles(source, s3_access, min_bytes=15, max_bytes=25) == ["b.mp3", "d.wav"], "0 is named"
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    assert not titles(source, s3_access, changed_after=now + hour)
    assert len(titles(source, s3_access, changed_after=now - hour, changed_before=now + hour)) == 4


def test_a_role_is_assumed_and_its_keys_sign(moto_url: str, tmp_path: Path) -> None:
    access = access_to(moto_url)
    with closing(open_client(access.s3)) as client:
        client.create_bucket(Bucket="lent")
        client.put_object(Bucket="lent", Key="a.wav", Body=b"sound")
    with local_site() as site:
        seen: list[str] = []

        def pass_on(asked: Asked) -> Answer:
            seen.append(asked.headers.get("authorization", ""))
            return page_of(["a.wav"])

        site.answers["/lent"] = pass_on
        assumed = replace(access.s3, role=ROLE)
        # the role comes from moto's STS; whom its keys are shown to is looked at here
        with closing(open_client(assumed)) as client:
            frozen = client._request_signer._credentials.get_frozen_credentials()  # type: ignore[attr-defined]
        shown = S3Access(
            site.url(""), "us-east-1", None, SecretStr(frozen.access_key), SecretStr("x")
        )
        list(list_items("s3://lent/", SourceAccess(EgressGuard(), shown)))
    assert frozen.access_key.startswith("ASIA"), "a temporary key"
    assert frozen.token
    assert frozen.access_key in seen[0]
    options = SourceOptions(s3_role=ROLE, s3_endpoint=moto_url)
    bare = SourceAccess(EgressGuard(), replace(access.s3, endpoint_url=None))
    (item,) = list_items("s3://lent/", bare, options)
    fetched = fetch(item, tmp_path / "item", bare)
    assert fetched.sha256 == hashlib.sha256(b"sound").hexdigest()


def test_the_reader_pays_where_the_job_says_so(tmp_path: Path) -> None:
    with local_site() as site:
        site.answers["/b"] = page_of(["a.wav"])
        site.answers["/b/a.wav"] = Answer(b"x", headers={"ETag": "a.wav"})
        access = access_to(site.url(""))
        options = SourceOptions(s3_requester_pays=True)
        (item,) = list_items("s3://b/", access, options)
        fetch(item, tmp_path / "item", access)
        assert [asked.headers.get("x-amz-request-payer") for asked in site.asked] == [
            "requester",
            "requester",
        ]


def test_a_profile_brings_its_own_keys_and_endpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile desk]\naws_access_key_id=DESKKEY\naws_secret_access_key=word\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with local_site() as site:
        site.answers["/b"] = page_of(["a.wav"])
        access = access_to("http://127.0.0.1:9", key="FLEETKEY")
        options = SourceOptions(
            s3_profile="desk", s3_endpoint=site.url(""), s3_region="eu-central-1"
        )
        assert [item.title for item in list_items("s3://b/", access, options)] == ["a.wav"]
        shown = site.asked[0].headers["authorization"]
    assert "DESKKEY" in shown
    assert "eu-central-1" in shown
    with pytest.raises(VerityError) as caught:
        list(list_items("s3://b/", access, SourceOptions(s3_profile="nobody")))
    assert caught.value.code == "no_credentials"


def test_a_key_that_comes_twice_is_listed_once_and_named() -> None:
    with local_site() as site:
        site.answers["/b"] = lambda asked: (
            page_of(["b.wav", "c.wav"])
            if query(asked, "continuation-token")
            else page_of(["a.wav", "b.wav"], more="next")
        )
        skipped: list[tuple[str, str]] = []
        listing = list_from(
            "s3://b/",
            access_to(site.url("")),
            on_skipped=lambda name, why: skipped.append((name, why)),
        )
        assert [listed.item.title for listed in listing] == ["a.wav", "b.wav", "c.wav"]
    assert skipped == [("b.wav", "duplicate")]


def test_a_prefix_that_changes_while_it_is_listed_loses_nothing_that_stays(
    s3_server: S3Server,
    s3_access: SourceAccess,
    s3_client: "S3Client",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jobs.sources.s3.PAGE_KEYS", 10)
    for number in range(50):
        s3_client.put_object(Bucket=s3_server.bucket, Key=f"p/{number:03}.wav", Body=b"x")
    found: list[str] = []
    for listed in list_from(f"s3://{s3_server.bucket}/p/", s3_access):
        found.append(listed.item.title)
        if len(found) == 15:
            for gone in ("p/005.wav", "p/030.wav"):  # behind us and before us
                s3_client.delete_object(Bucket=s3_server.bucket, Key=gone)
            for new in ("p/000a.wav", "p/040a.wav"):
                s3_client.put_object(Bucket=s3_server.bucket, Key=new, Body=b"x")
    stayed = {f"{number:03}.wav" for number in range(50)} - {"030.wav"}
    assert set(found) == stayed | {"040a.wav"}
    assert len(found) == len(set(found))


def test_many_pages_are_read_one_at_a_time_and_go_on_after_a_crash() -> None:
    """A generator stands in for a bucket of 60 000 keys; `python -m bench.sources` asks for a million."""
    n_keys, n_asked = 60_000, [0]

    def answer(asked: Asked) -> Answer:
        n_asked[0] += 1
        token = query(asked, "continuation-token") or query(asked, "start-after").removesuffix(
            ".wav"
        )
        first = int(token) + 1 if token else 0
        last = min(first + 1000, n_keys)
        keys = [f"{number:07}.wav" for number in range(first, last)]
        return page_of(keys, more=f"{last - 1:07}" if last < n_keys else "")

    with local_site() as site:
        site.answers["/b"] = answer
        access = access_to(site.url(""))
        listing = list_from("s3://b/", access)
        cursor = ""
        for _ in range(2_500):
            cursor = next(listing).cursor
        assert n_asked[0] == 3, "nothing is read ahead"
        listing.close()  # type: ignore[attr-defined]
        rest = list_from("s3://b/", access, cursor=cursor)
        assert sum(1 for _ in rest) == n_keys - 2_500
        assert n_asked[0] == 3 + 58


def test_a_download_that_was_put_together_is_checked_against_the_objects_own_sum(
    s3_server: S3Server, s3_access: SourceAccess, s3_client: "S3Client", tmp_path: Path
) -> None:
    body = SOUND * 2
    s3_client.put_object(Bucket=s3_server.bucket, Key="a.wav", Body=body)
    (item,) = list_items(f"s3://{s3_server.bucket}/a.wav", s3_access)
    target = s3_server.endpoint_url.removeprefix("http://")
    with breaking_proxy(target, [900_000]) as address:
        through = replace(s3_access, s3=replace(s3_access.s3, endpoint_url=f"http://{address}"))
        assert fetch(item, tmp_path / "1", through).sha256 == hashlib.sha256(body).hexdigest()


def test_parts_that_do_not_make_the_object_are_fetched_again(tmp_path: Path) -> None:
    whole = b"0123456789" * 1000
    etag = f'"{hashlib.md5(whole, usedforsecurity=False).hexdigest()}"'
    n_asked: list[str] = []
    lock = threading.Lock()

    def answer(asked: Asked) -> Answer:
        with lock:
            n_asked.append(asked.headers.get("range", asked.method))
        if asked.method == "HEAD":
            return Answer(whole, headers={"ETag": etag})
        if "range" in asked.headers:  # a proxy on the way answers with other bytes
            return Answer(
                b"x" * 6000,
                status=206,
                headers={"ETag": etag, "Content-Range": "bytes 4000-9999/10000"},
            )
        first = sum(1 for it in n_asked if it == "GET") == 1
        return Answer(whole, headers={"ETag": etag}, break_after=4000 if first else None)

    with local_site() as site:
        site.answers["/b"] = page_of(["a.wav"])
        site.answers["/b/a.wav"] = answer
        access = access_to(site.url(""))
        (item,) = list_items("s3://b/", access)
        item = replace(item, facts=item.facts | {"etag": etag})
        fetched = fetch(item, tmp_path / "item", access)
    assert fetched.path.read_bytes() == whole
    assert n_asked == ["GET", "bytes=4000-", "HEAD", "GET"]


def test_people_without_the_command_line_name_no_credentials() -> None:
    SourceOptions(include=("*.wav",), s3_requester_pays=True).require_open()
    for said in ({"s3_role": ROLE}, {"s3_profile": "x"}, {"s3_endpoint": "x"}, {"proxy_id": "x"}):
        with pytest.raises(VerityError) as caught:
            SourceOptions.model_validate(said).require_open()
        assert caught.value.code == "operator_only"


def test_a_listing_that_wants_nothing_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.sources.SIGN_OF_LIFE_S", 0.0)
    with local_site() as site:
        site.answers["/b"] = page_of(["a.wav", "b.wav", "c.mp3"])
        options = SourceOptions(include=("*.mp3",))
        signs = list(list_with_signs("s3://b/", access_to(site.url("")), options=options))
    assert [one.cursor for one in signs] == ["a.wav", "b.wav", "c.mp3"]
    assert [isinstance(one, Passed) for one in signs] == [True, True, False]
