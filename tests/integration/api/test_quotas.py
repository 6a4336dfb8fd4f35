"""Quotas by the API: seen before they bite, a problem when they do, set by whom it behoves."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine, text

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.receiving import Receiving, Sender, UploadLimits
from console.pages.app import create_pages
from pipeline.errors import AccessError
from storage.database import transaction
from storage.quota_rows import Quota
from tests.integration.api.conftest import PASSWORD, Browse
from tests.makers import SAMPLE_RATE, silence, wav_bytes

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("noon")]
JOB = {"sources": ["https://example.org/podcast.xml"]}


@pytest.fixture
def ada(browse: Browse) -> TestClient:
    return browse("ada@example.org")


def limit(ada: TestClient, **limits: float) -> None:
    assert ada.put("/v1/accounts/default/quota", json=limits).status_code == 204


def of(
    client: TestClient, resource: str, period: str, subject: str = "account"
) -> dict[str, object]:
    (one,) = (
        it
        for it in client.get("/v1/usage").json()["quotas"]
        if (it["subject"], it["resource"], it["period"]) == (subject, resource, period)
    )
    return dict(one)


def test_a_file_is_charged_by_its_length_told_before_and_refused_as_a_problem(
    ada: TestClient,
) -> None:
    sound = wav_bytes(silence(duration_s=4.0), SAMPLE_RATE)
    limit(ada, items_a_day=5, audio_s_a_month=9.0)
    first = ada.post("/v1/predict", content=sound)
    assert first.status_code == 200
    assert '"account-items-day";r=5' in first.headers["ratelimit"], "as it stood before"
    assert '"account-audio_s-month";q=9;w=2678400' in first.headers["ratelimit-policy"]
    assert of(ada, "audio_s", "month")["level"] == "ok"
    ada.post("/v1/predict", content=sound)
    left = of(ada, "audio_s", "month")
    assert (left["used"], left["left"], left["level"]) == (8.0, 1.0, "warning")
    third = ada.post("/v1/predict", content=sound)
    assert (third.status_code, third.json()["code"]) == (429, "quota_used_up")
    assert third.headers["content-type"] == "application/problem+json"
    assert int(third.headers["retry-after"]) > 0
    assert third.headers["verity-quota-level"] == "warning"
    assert of(ada, "items", "day")["used"] == 2, "what is refused is not counted"


def test_nothing_left_is_said_before_a_file_is_read(ada: TestClient) -> None:
    limit(ada, items_a_day=0)
    for answer in (
        ada.post("/v1/predict", content=b"no recording"),
        ada.post("/v1/predict/link", json={"url": "https://example.org/a.mp3"}),
        ada.post("/v1/jobs", json=JOB),
    ):
        assert (answer.status_code, answer.json()["code"]) == (429, "quota_used_up")
        assert answer.headers["verity-quota-level"] == "used_up"
    assert ada.get("/v1/jobs").json()["jobs"] == []


def test_an_admin_limits_a_key_and_the_key_sees_it(browse: Browse, visitor: TestClient) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    made = ada.post("/v1/keys", json={"name": "script"}).json()
    path = f"/v1/keys/{made['key_id']}/quota"
    assert bo.put(path, json={"requests_a_day": 1}).json()["code"] == "key_not_found"
    assert bo.get(path).json()["code"] == "key_not_found"
    assert ada.put(path, json={"requests_a_day": 2, "requests_a_minute": 50}).status_code == 204
    visitor.headers["authorization"] = f"Bearer {made['key']}"
    assert of(visitor, "requests", "day", "key")["left"] == 1
    assert visitor.get("/v1/me").headers["ratelimit-limit"] == "50"
    third = visitor.get("/v1/me")
    assert (third.status_code, third.json()["code"]) == (429, "quota_used_up")
    assert "This key may use 2 requests a day" in third.json()["detail"]
    shown = ada.get(path).json()
    assert (shown["requests_a_day"], shown["requests_a_minute"]) == (2, 50)
    assert {one["subject"] for one in shown["quotas"]} == {"key"}


def test_an_operator_sees_and_sets_all_limits_of_an_account(ada: TestClient) -> None:
    limit(ada, items_a_day=5, requests_a_minute=500)
    shown = ada.get("/v1/accounts/default/quota").json()
    assert (shown["items_a_day"], shown["items_a_month"]) == (5, None)
    assert shown["requests_a_minute"] == 500
    limit(ada, stored_bytes=10**12)
    shown = ada.get("/v1/accounts/default/quota").json()
    assert (shown["items_a_day"], shown["stored_bytes"]) == (None, 10**12)
    assert ada.get("/v1/accounts/nobody/quota").json()["code"] == "account_not_found"


def test_yesterdays_use_counts_for_the_month_and_last_months_for_nothing(
    noon: datetime, ada: TestClient, engine: Engine
) -> None:
    with transaction(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO usage (account_id, day, n_items)"
                " SELECT 'default', d::date, 7 FROM generate_series("
                " date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') - interval '3 days',"
                " clock_timestamp() AT TIME ZONE 'UTC', interval '1 day') d"
            )
        )
    assert of(ada, "items", "day")["used"] == 7
    assert of(ada, "items", "month")["used"] == 7 * noon.day


def test_bytes_of_an_upload_count_once_while_they_are_put_away(
    ada: TestClient, context: ApiContext
) -> None:
    limit(ada, stored_bytes=100)
    receiving = Receiving(context.engine, context.objects, UploadLimits(1 << 30, 1 << 30))
    upload = receiving.begin(Sender("default"), "a.wav", 40)
    for start, content in ((0, b"a" * 30), (30, b"b" * 10)):
        part = receiving.put_part(upload, start, content)
        assert of(ada, "stored_bytes", "now")["used"] == 40, "an object, and not named yet"
        assert receiving.name_parts(upload, [part])
        assert of(ada, "stored_bytes", "now")["used"] == 40


def test_of_twenty_who_ask_for_the_last_of_something_as_many_get_it_as_there_is(
    ada: TestClient, context: ApiContext
) -> None:
    tus = {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream"}

    def begin(number: int) -> str:
        sent = number.to_bytes(2, "big") * 5  # ten bytes that nobody else sends
        headers = tus | {"upload-length": str(len(sent))}
        answer = ada.post("/v1/uploads", headers=headers, content=sent)
        return answer.headers.get("location", "").rpartition("/")[2]

    limit(ada, stored_bytes=200)
    with ThreadPoolExecutor(20) as pool:
        uploads = [one for one in pool.map(begin, range(30)) if one]
        assert len(uploads) == 20, "of thirty that would each be the last"
        assert of(ada, "stored_bytes", "now")["used"] == 200
        limit(ada, items_a_day=7)
        jobs = [{"sources": [f"upload:{one}"]} for one in uploads]
        answers = list(pool.map(lambda job: ada.post("/v1/jobs", json=job), jobs))
        assert Counter(one.status_code for one in answers) == {201: 7, 429: 13}
        assert all("verity-quota-level" in one.headers for one in answers), "told either way"
        assert of(ada, "items", "day")["left"] == 0
        limit(ada, audio_s_a_day=10.0)

        def charge(_: int) -> str:
            try:
                context.quota.charge_file("default", None, 3.0)
            except AccessError as error:
                return error.code
            return ""

        assert Counter(pool.map(charge, range(20))) == {"": 3, "quota_used_up": 17}
    assert of(ada, "audio_s", "day")["used"] == 9.0


def test_a_key_s_last_requests_are_given_to_as_many_as_there_are(
    ada: TestClient, visitor: TestClient
) -> None:
    made = ada.post("/v1/keys", json={"name": "script"}).json()
    assert ada.put(f"/v1/keys/{made['key_id']}/quota", json={"requests_a_day": 5}).is_success
    visitor.headers["authorization"] = f"Bearer {made['key']}"
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: visitor.get("/v1/me"), range(20)))
    assert Counter(one.status_code for one in answers) == {200: 5, 429: 15}


def test_a_sweep_that_a_key_made_counts_for_the_key(
    ada: TestClient, visitor: TestClient, engine: Engine
) -> None:
    made = ada.post("/v1/keys", json={"name": "script"}).json()
    visitor.headers["authorization"] = f"Bearer {made['key']}"
    sweep = visitor.post("/v1/sweeps", json={**JOB, "cron": "@daily"}).json()
    assert ada.post(f"/v1/sweeps/{sweep['sweep_id']}/run").status_code == 201
    with transaction(engine) as connection:
        assert connection.scalar(text("SELECT key_id FROM job")) == made["key_id"]


def test_an_upload_reserves_its_room_and_counts_as_an_item_when_its_job_begins(
    ada: TestClient,
) -> None:
    limit(ada, stored_bytes=1000, items_a_day=1)
    tus = {"tus-resumable": "1.0.0"}

    def upload(n_bytes: int, content: bytes = b"") -> Response:
        headers = tus | {"upload-length": str(n_bytes)}
        if content:
            headers["content-type"] = "application/offset+octet-stream"
        return ada.post("/v1/uploads", headers=headers, content=content)

    whole = [upload(300, bytes(300)).headers["location"].rpartition("/")[2] for _ in range(2)]
    assert of(ada, "stored_bytes", "now")["used"] == 300, "the same bytes lie there once"
    assert upload(400).status_code == 201
    refused = upload(301)
    assert (refused.status_code, refused.json()["code"]) == (429, "quota_used_up")
    limit(ada, items_a_day=1)
    sources = [f"upload:{one}" for one in whole]
    both = ada.post("/v1/jobs", json={"sources": sources})
    assert (both.status_code, both.json()["code"]) == (429, "quota_used_up")
    assert ada.post("/v1/jobs", json={"sources": sources[:1]}).status_code == 201
    assert of(ada, "items", "day")["level"] == "used_up"


def test_the_page_of_oneself_shows_limits_before_they_bite(context: ApiContext) -> None:
    context.people.sign_up("ada@example.org", PASSWORD)
    with TestClient(create_app(context, create_pages(context))) as client:
        client.post("/v1/sessions", json={"email": "ada@example.org", "password": PASSWORD})
        assert "No limits are set." in client.get("/account").text
        context.quota.set_quota(Quota(items_a_day=5, audio_s_a_month=7200.0), "default")
        context.quota.charge_file("default", None, 6300.0)
        page = client.get("/account").text
    assert "hours of sound a month <strong>nearly used up</strong>" in page
    assert "<td>1.8</td><td>2.0</td><td>0.2</td>" in page
