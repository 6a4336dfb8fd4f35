"""Limits of requests, by account, key and address; and what was used."""

import asyncio
import dataclasses

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.keeping import forget_old
from console.api.limits import Allowance, Limits
from pipeline.errors import AccessError
from storage.database import transaction
from tests.integration.api.conftest import PASSWORD, Browse

pytestmark = pytest.mark.postgres
JOB = {"sources": ["https://example.org/podcast.xml"]}


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_answers_say_what_is_left_and_who_asks_too_often_waits(
    browse: Browse, visitor: TestClient
) -> None:
    ada = browse("ada@example.org")
    made = ada.post("/v1/keys", json={"name": "slow", "requests_a_minute": 2}).json()
    first, second, third = (visitor.get("/v1/me", headers=bearer(made["key"])) for _ in range(3))
    assert (first.headers["ratelimit-limit"], first.headers["ratelimit-remaining"]) == ("2", "1")
    assert second.headers["ratelimit-remaining"] == "0"
    assert 30 <= int(second.headers["ratelimit-reset"]) <= 60
    assert (third.status_code, third.json()["code"]) == (429, "too_many_requests")
    assert third.headers["content-type"] == "application/problem+json"
    assert 1 <= int(third.headers["retry-after"]) <= 30
    assert ada.get("/v1/me").status_code == 200, "the account has more than its key"


def test_an_operator_sets_an_accounts_limit_and_nobody_else_does(browse: Browse) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    account = bo.get("/v1/me").json()["account_id"]
    body = {"requests_a_minute": 1}
    assert bo.put(f"/v1/accounts/{account}/quota", json=body).status_code == 403
    assert ada.put(f"/v1/accounts/{account}/quota", json=body).status_code == 204
    assert ada.put("/v1/accounts/nobody/quota", json=body).json()["code"] == "account_not_found"
    answers = [bo.get("/v1/me").status_code for _ in range(3)]
    assert answers == [200, 429, 429]
    ada.put(f"/v1/accounts/{account}/quota", json={"requests_a_minute": 0})
    assert bo.get("/v1/usage").json()["requests_a_minute"] is None


def test_visitors_and_wrong_keys_are_limited_by_their_address(context: ApiContext) -> None:
    settings = context.settings.model_copy(update={"requests_a_minute": 3})
    app: FastAPI = create_app(dataclasses.replace(context, settings=settings))
    with TestClient(app) as client:
        sign_in = {"email": "ada@example.org", "password": PASSWORD}
        answers = [
            client.get("/v1/me"),
            client.get("/v1/me", headers=bearer("vv_0_guessed")),
            client.post("/v1/sessions", json=sign_in),
            client.post("/v1/sessions", json=sign_in),
            client.get("/v1/me", headers=bearer("vv_1_guessed")),
        ]
        assert [one.status_code for one in answers] == [401, 401, 401, 429, 429]
        assert client.get("/v1/health/live").status_code == 200


def test_a_network_that_one_sender_has_all_of_is_one_sender(engine: Engine) -> None:
    limits = Limits(engine, 2)

    async def take() -> None:
        for address in ("2001:db8::1", "2001:db8::2", "::ffff:192.0.2.1", "192.0.2.1", "proxy"):
            await limits.take_as_visitor(address)
        for address in ("2001:db8::ffff:3", "192.0.2.1"):
            with pytest.raises(AccessError):
                await limits.take_as_visitor(address)
        await limits.take_as_visitor("2001:db8:0:1::1")

    asyncio.run(take())


def test_usage_tells_requests_and_items_of_the_own_account(browse: Browse) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    ada.post("/v1/jobs", json=JOB)

    def used(client: TestClient, what: str) -> float:  # a day may end meanwhile
        return float(sum(day[what] for day in client.get("/v1/usage").json()["days"]))

    assert used(ada, "n_requests") == 2
    assert used(ada, "audio_s") == 0
    assert used(ada, "n_items") == 0, "the feed is not listed yet"
    assert used(bo, "n_requests") == 1


def test_a_bucket_fills_steadily_up_to_a_minutes_requests(engine: Engine) -> None:
    now = [1000.0]
    limits = Limits(engine, 60, lambda: now[0])

    def take(address: str) -> Allowance | None:
        return asyncio.run(limits.take_as_visitor(address))

    for _ in range(60):
        take("a")
    with pytest.raises(AccessError):
        take("a")
    take("b")
    now[0] += 2.0
    take("a")
    take("a")
    with pytest.raises(AccessError, match="Wait 1 s"):
        take("a")
    now[0] += 3600.0
    left = take("a")
    assert left is not None
    assert left.remaining == 59


def test_servers_that_share_their_limits_let_through_no_more_than_one(engine: Engine) -> None:
    servers = [Limits(engine, 3, is_shared=True) for _ in range(2)]
    left = []
    for n in range(3):
        allowance = asyncio.run(servers[n % 2].take_as_account("default", "k", None))
        left.append(allowance and allowance.remaining)
    assert left == [2, 1, 0]
    for server in servers:
        with pytest.raises(AccessError, match=r"Wait (20|1?\d) s"):
            asyncio.run(server.take_as_account("default", None, None))
    other = asyncio.run(servers[0].take_as_visitor("a"))
    assert other is not None
    assert other.remaining == 2


def test_counts_survive_a_server_that_ends(context: ApiContext, engine: Engine) -> None:
    with TestClient(create_app(context)) as client:
        body = {"email": "ada@example.org", "password": PASSWORD}
        client.post("/v1/people", json=body)
        client.post("/v1/sessions", json=body)
        client.get("/v1/me")
    with transaction(engine) as connection:
        assert connection.scalar(text("SELECT n_requests FROM usage")) == 1


def test_what_is_over_is_removed(browse: Browse, engine: Engine) -> None:
    browse("ada@example.org")
    with transaction(engine) as connection:
        connection.execute(text("UPDATE session SET expires_at = now() - interval '1 s'"))
    forget_old(engine)
    with transaction(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM session")) == 0


def test_an_account_without_limit_has_no_headers(engine: Engine) -> None:
    limits = Limits(engine, 0)
    assert asyncio.run(limits.take_as_account("default", None, None)) is None
