"""Buckets of accounts: read by API only where an operator bound them, and with their own keys."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from jobs.connections import ConnectionDesk
from jobs.source_options import SourceOptions
from jobs.sources import S3Access, SourceAccess, fetch, list_from
from jobs.sources.s3_session import open_client
from jobs.spec import ItemKind, JobSpec
from jobs.work_queue import WorkQueue
from pipeline.errors import VerityError
from storage.database import transaction
from storage.egress import EgressGuard
from storage.sealing import Sealer
from tests.conftest import S3Server

pytestmark = [pytest.mark.postgres, pytest.mark.s3]

SEALER = Sealer(SecretStr("a" * 64))
ROLE = SourceOptions(s3_role="arn:aws:iam::1:role/r")


@pytest.fixture
def desk(engine: Engine) -> ConnectionDesk:
    with transaction(engine) as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))
    return ConnectionDesk(engine)


def code_of(desk: ConnectionDesk, account_id: str, *sources: str) -> str:
    with pytest.raises(VerityError) as caught:
        desk.require_sources(account_id, sources)
    return caught.value.code


def test_a_bound_bucket_is_read_with_its_own_keys(
    desk: ConnectionDesk, engine: Engine, s3_server: S3Server, tmp_path: Path
) -> None:
    keys = json.dumps({"access_key": s3_server.access_key, "secret_key": s3_server.secret_key})
    options = SourceOptions(s3_endpoint=s3_server.endpoint_url, s3_region="us-east-1")
    place = f"s3://{s3_server.bucket}/in"
    desk.bind("default", "press", place, options, (SecretStr(keys), SEALER))
    own = S3Access(
        s3_server.endpoint_url,
        "us-east-1",
        access_key=SecretStr(s3_server.access_key),
        secret_key=SecretStr(s3_server.secret_key),
    )
    with closing(open_client(own)) as client:
        client.put_object(Bucket=s3_server.bucket, Key="in/a.wav", Body=b"sound")
    source = f"{place}/"
    wanted = desk.require_sources("default", [source], SourceOptions(only_new=True))
    assert wanted.only_new
    queue = WorkQueue(engine, may_listen=False)
    queue.desk.submit(JobSpec(sources=(source,), source_options=wanted))
    fleet = S3Access("http://127.0.0.1:9", access_key=SecretStr("fleet"))  # is never used
    (listing,) = queue.claim("lister", kind=ItemKind.LIST)
    access = SourceAccess(EgressGuard(), fleet, sealer=SEALER, sealed=listing.sealed)
    found = SourceOptions.from_facts(listing.facts)
    queue.add_items(listing, [one.item for one in list_from(source, access, options=found)])
    (claim,) = queue.claim("worker", kind=ItemKind.MEDIA)
    access = SourceAccess(EgressGuard(), fleet, sealer=SEALER, sealed=claim.sealed)
    assert fetch(claim, tmp_path / "item", access).size_bytes == 5
    with transaction(engine) as connection:
        rows = connection.execute(text("SELECT c::text FROM s3_connection c")).all()
    assert s3_server.secret_key not in str(rows)


def test_what_is_not_bound_is_refused(desk: ConnectionDesk) -> None:
    desk.bind("default", "press", "s3://press/in", ROLE)
    for source in ("s3://press/", "s3://press/in", "s3://press/internal/a.wav", "s3://fleet/in/"):
        assert code_of(desk, "default", source) == "no_connection"
    assert desk.require_sources("default", ["s3://press/in/x/a.wav"]).s3_role == ROLE.s3_role
    assert code_of(desk, "other", "s3://press/in/") == "no_connection"
    assert code_of(desk, "default", "/etc/passwd") == "local_not_allowed"
    desk.unbind("default", "press")
    assert code_of(desk, "default", "s3://press/in/") == "no_connection"
    with pytest.raises(VerityError):
        desk.unbind("default", "press")


def test_the_web_needs_no_connection_and_options_stay_the_operators(desk: ConnectionDesk) -> None:
    assert desk.require_sources("other", ["https://a.test/feed"]) == SourceOptions()
    with pytest.raises(VerityError) as caught:
        desk.require_sources("other", ["https://a.test/"], SourceOptions(s3_keys_id="x"))
    assert caught.value.code == "operator_only"


def test_the_narrowest_connection_is_used_and_a_job_uses_one(desk: ConnectionDesk) -> None:
    desk.bind("default", "all", "s3://press", ROLE)
    narrow = SourceOptions(s3_profile="radio")
    desk.bind("default", "radio", "s3://press/radio/", narrow)
    assert desk.require_sources("default", ["s3://press/radio/a.wav"]).s3_profile == "radio"
    assert desk.require_sources("default", ["s3://press/tv/"]).s3_profile == ""
    both = ("s3://press/radio/", "s3://press/tv/")
    assert code_of(desk, "default", *both) == "several_connections"
    assert [bound.name for bound in desk.of_account("default")] == ["all", "radio"]


ODD_KEYS = (
    *("", "{}", '{"access_key": "a"}', '{"access_key": 1, "secret_key": "s"}'),
    '{"access_key": "a", "secret_key": "s", "x": "y"}',
)


@pytest.mark.parametrize("keys", ODD_KEYS)
def test_keys_of_another_form_are_named_without_their_words(
    desk: ConnectionDesk, keys: str
) -> None:
    with pytest.raises(VerityError) as caught:
        desk.bind("default", "x", "s3://b", SourceOptions(), (SecretStr(keys), SEALER))
    assert caught.value.code == "keys_malformed"
    with pytest.raises(VerityError) as bare:
        desk.bind("default", "x", "s3://b", SourceOptions())
    assert bare.value.code == "no_credentials"
