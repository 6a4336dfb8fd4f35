"""The access log: who saw and did what; without secrets, for the account's admins alone."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from console.api.app import create_app
from console.api.context import ApiContext
from console.pages.app import create_pages
from console.pages.words import languages, page_words
from console.people.deeds import Deed
from console.people.roles import Role
from storage.database import transaction
from tests.integration.api.conftest import PASSWORD, Browse

pytestmark = pytest.mark.postgres
JOB = {"sources": ["https://example.org/podcast.xml"]}


def deeds(client: TestClient) -> list[str]:
    return [one["what"] for one in client.get("/v1/access").json()["deeds"]]


def test_what_somebody_did_is_listed_newest_first_with_who_and_which(browse: Browse) -> None:
    ada = browse("ada@example.org")
    job_id = ada.post("/v1/jobs", json=JOB).json()["job_id"]
    key = ada.post("/v1/keys", json={"name": "newsroom"}).json()
    ada.post(f"/v1/jobs/{job_id}/cancel", headers={"authorization": f"Bearer {key['key']}"})
    shown = ada.get("/v1/access").json()["deeds"]
    assert [(one["what"], one["target"]) for one in shown] == [
        ("job.cancel", f"job:{job_id}"),
        ("key.make", f"key:{key['key_id']}"),
        ("job.submit", f"job:{job_id}"),
        ("session.start", ""),
        ("person.sign_up", ""),
    ]
    assert shown[0]["key_id"] == key["key_id"]
    assert {one["email"] for one in shown} == {"ada@example.org"}
    assert {one["address"] for one in shown} == {"testclient"}


def test_no_secret_is_ever_written_down(
    browse: Browse, visitor: TestClient, engine: Engine
) -> None:
    ada = browse("ada@example.org")
    key = ada.post("/v1/keys", json={"name": "newsroom"}).json()["key"]
    for email, password in (("ada@example.org", "wrong words here"), ("typed in haste", PASSWORD)):
        visitor.post("/v1/sessions", json={"email": email, "password": password})
    with transaction(engine) as connection:
        kept = str(connection.execute(text("SELECT * FROM access")).all())
    secrets = [
        PASSWORD,
        "wrong words",
        "typed in haste",
        key,
        key.split("_", 2)[2],
        ada.headers["x-csrf-token"],
    ]
    assert not [secret for secret in secrets if secret in kept]


def test_refused_sign_ins_are_told_to_the_account_and_unknown_ones_to_the_operator(
    browse: Browse, visitor: TestClient
) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    for email in ("bo@example.org", "nobody@example.org"):
        visitor.post("/v1/sessions", json={"email": email, "password": "wrong words here"})
    assert deeds(bo).count("session.refused") == 1
    refused = [
        one for one in ada.get("/v1/access").json()["deeds"] if one["what"] == "session.refused"
    ]
    assert [one["email"] for one in refused] == [None]


def test_another_accounts_deeds_are_not_there_and_readers_see_none(
    context: ApiContext, browse: Browse, visitor: TestClient
) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    ada.post("/v1/jobs", json=JOB)
    assert "job.submit" not in deeds(bo)
    assert "ada@" not in bo.get("/v1/access").text
    key = context.keys.make_key("default", "k", Role.EXAMINER).key
    answer = visitor.get("/v1/access", headers={"authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "right_missing")


def test_the_log_is_read_in_pages(browse: Browse) -> None:
    ada = browse("ada@example.org")
    for _ in range(3):
        ada.post("/v1/jobs", json=JOB)
    read, before = [], ""
    while True:
        page = ada.get(f"/v1/access?most=2{before}").json()
        read += [one["access_id"] for one in page["deeds"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert len(read) == len(set(read)) == 5
    assert read == sorted(read, key=int, reverse=True)


def test_items_are_read_in_pages_too(browse: Browse) -> None:
    ada = browse("ada@example.org")
    sources = [f"https://example.org/{n}.xml" for n in range(3)]
    job_id = ada.post("/v1/jobs", json={"sources": sources}).json()["job_id"]
    first = ada.get(f"/v1/jobs/{job_id}/items?most=2").json()
    second = ada.get(f"/v1/jobs/{job_id}/items?most=2&after={first['next']}").json()
    shown = [one["source_uri"] for one in first["items"] + second["items"]]
    assert shown == sources
    assert second["next"] is None


def test_the_page_says_each_deed_in_words(context: ApiContext) -> None:
    app: FastAPI = create_app(context, create_pages(context))
    with TestClient(app) as client:
        form = {"email": "ada@example.org", "password": PASSWORD}
        client.post("/sign-up", data=form)
        page = client.get("/access")
    assert page.status_code == 200
    assert "signed in" in page.text
    assert "testclient" in page.text


@pytest.mark.parametrize("language", languages())
def test_every_deed_has_words(language: str) -> None:
    words = page_words(language)
    assert {key for key in words if key.startswith("deed.")} == {f"deed.{one}" for one in Deed}
