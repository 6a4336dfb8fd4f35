"""The audit log and the models by the API."""

import pytest
from sqlalchemy import Engine, text

from jobs.work_queue import WorkQueue
from storage.database import transaction
from tests.integration.api.conftest import Browse
from tests.integration.jobs.queue_makers import make_job, make_result

pytestmark = pytest.mark.postgres


def test_an_admin_reads_the_own_accounts_rows_and_checks_the_chain(
    browse: Browse, engine: Engine
) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    queue = WorkQueue(engine, may_listen=False)
    make_job(queue, 2)
    for claim in queue.claim("worker", limit=2):
        queue.finish(claim, make_result(claim))
    found = ada.get("/v1/audit?most=3").json()
    assert [row["event"] for row in found["rows"]][:2] == ["attempt_ended"] * 2
    older = ada.get(f"/v1/audit?before={found['next']}").json()
    assert {row["number"] for row in older["rows"]}.isdisjoint(r["number"] for r in found["rows"])
    assert bo.get("/v1/audit").json()["rows"] == []
    checked = ada.get("/v1/audit/check").json()
    assert (checked["is_whole"], checked["next"]) == (True, found["rows"][0]["number"])
    assert ada.get(f"/v1/audit/check?after={checked['next']}").json()["next"] is None
    with transaction(engine) as connection:
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        connection.execute(text("UPDATE audit SET event = 'nothing' WHERE number = 2"))
    broken = bo.get("/v1/audit/check").json()
    assert [one["number"] for one in broken["breaks"]] == [2]
    with transaction(engine) as connection:
        connection.execute(text("DELETE FROM audit WHERE number = 3"))
    assert [one["number"] for one in bo.get("/v1/audit/check").json()["breaks"]] == [2, 4]
    assert not bo.get("/v1/audit/check?after=3").json()["is_whole"]


def test_models_show_their_hashes_cards_and_limits(browse: Browse) -> None:
    models = browse("ada@example.org").get("/v1/models").json()
    assert [one["role"] for one in models if one["is_default"]] == [
        "detector",
        "overlap",
        "separator",
    ]
    detector = models[0]
    assert len(detector["sha256"]) == 64
    assert detector["card"]["limits"]
    assert detector["card"]["licence"]
