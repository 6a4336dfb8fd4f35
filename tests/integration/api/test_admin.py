"""What admins see: an account's admin their account, an operator the installation; never secrets."""

import dataclasses

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from console.api.app import create_app
from console.api.context import ApiContext
from console.people.roles import Role
from console.settings import ConsoleSettings
from jobs.work_queue import WorkQueue
from storage import worker_rows
from storage.audit_rows import AuditEntry, append_audit
from storage.database import transaction
from tests.integration.api.conftest import PASSWORD, Browse
from tests.worker_words import WORKER
from workers.crew import Crew
from workers.other_detectors import OtherDetectors
from workers.roles import CrewSettings
from workers.roster import Roster
from workers.settings import FleetSettings

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
JOB = {"sources": ["https://example.org/podcast.xml"], "name": "Secret title"}


def fail_items(engine: Engine, code: str) -> None:
    """Let all items that wait fail, as a worker would have written it."""
    with transaction(engine) as connection:
        connection.execute(
            text(
                "UPDATE item SET state = 'failed', error_code = :code,"
                " finished_at = clock_timestamp() WHERE state = 'ready'"
            ),
            {"code": code},
        )
        connection.execute(
            text(
                "INSERT INTO job_delta (job_id, n_listing, n_total, n_failed)"
                " SELECT job_id, -1, 1, 1 FROM job"
            )
        )


def test_the_fleet_shows_what_waits_who_works_and_no_title(browse: Browse, engine: Engine) -> None:
    ada = browse("ada@example.org")
    ada.post("/v1/jobs", json=JOB)
    (claim,) = WorkQueue(engine, 15.0).claim("node-7:12:1", 1)
    with transaction(engine) as connection:
        worker_rows.say_here(connection, WORKER)
    answer = ada.get("/v1/admin/fleet")
    fleet = answer.json()
    assert [one["priority"] for one in fleet["classes"]] == ["batch"]
    assert (fleet["classes"][0]["n_listing"], fleet["n_running"]) == (1, 1)
    assert fleet["running"][0]["item_id"] == claim.item_id
    (worker,) = fleet["workers"]
    assert (worker["n_held"], worker["is_silent"]) == (1, False)
    assert fleet["nodes"] == [
        {"node": "abc", "n_workers": 1, "actors": {"preparer": 1, "scorer": 1}}
    ]
    assert "Secret title" not in answer.text
    assert "podcast.xml" not in answer.text


def test_a_worker_that_says_nothing_is_told_as_silent_and_forgotten_after_a_day(
    browse: Browse, engine: Engine
) -> None:
    ada = browse("ada@example.org")
    with transaction(engine) as connection:
        worker_rows.say_here(connection, WORKER)
        connection.execute(
            text("UPDATE fleet_worker SET seen_at = clock_timestamp() - interval '1 minute'")
        )
    fleet = ada.get("/v1/admin/fleet").json()
    assert [one["is_silent"] for one in fleet["workers"]] == [True]
    assert fleet["nodes"] == []
    with transaction(engine) as connection:
        connection.execute(
            text("UPDATE fleet_worker SET seen_at = clock_timestamp() - interval '2 days'")
        )
        worker_rows.say_here(connection, dataclasses.replace(WORKER, worker_id="node-8:1:1"))
    names = [one["worker_id"] for one in ada.get("/v1/admin/fleet").json()["workers"]]
    assert names == ["node-8:1:1"]


def test_a_worker_is_listed_while_it_runs_and_gone_when_it_ends(
    engine: Engine, context: ApiContext
) -> None:
    fleet = FleetSettings.from_env({})
    crew = Crew(CrewSettings(fleet, n_preparers=1, n_gpus=0))  # not entered: no actor starts
    with Roster(engine, "here:1:1", crew, OtherDetectors(fleet), every_s=0.05):
        until_listed(engine, 1)
    until_listed(engine, 0)


def until_listed(engine: Engine, n_workers: int) -> None:
    """Return once so many workers are listed; the test's own time limit ends it otherwise."""
    while True:
        with transaction(engine) as connection:
            if len(worker_rows.read_workers(connection)) == n_workers:
                return


def test_failures_are_counted_by_code_for_ones_own_account_and_tried_again(
    browse: Browse, engine: Engine
) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    job_id = ada.post("/v1/jobs", json=JOB).json()["job_id"]
    bo.post("/v1/jobs", json=JOB)
    fail_items(engine, "source_not_found")
    (own,) = bo.get("/v1/admin/failures").json()
    (every,) = ada.get("/v1/admin/failures?everywhere=true").json()
    assert (own["n_items"], every["n_items"]) == (1, 2)
    assert own["meaning"].endswith(".")
    assert bo.get("/v1/admin/failures?everywhere=true").status_code == 403
    done = ada.post("/v1/admin/failures/source_not_found/retry").json()
    assert done == {"n_jobs": 1, "n_items": 1}
    assert ada.get(f"/v1/jobs/{job_id}").json()["counts"]["failed"] == 0
    assert [one["n_items"] for one in bo.get("/v1/admin/failures").json()] == [1]
    missing = ada.post("/v1/admin/failures/source_not_found/retry")
    assert (missing.status_code, missing.json()["code"]) == (404, "failure_not_found")


def test_only_items_that_failed_with_the_code_are_tried_again(
    browse: Browse, engine: Engine
) -> None:
    ada = browse("ada@example.org")
    ada.post("/v1/jobs", json=JOB)
    fail_items(engine, "media_corrupt")
    ada.post("/v1/jobs", json=JOB)
    with transaction(engine) as connection:
        connection.execute(
            text(
                "UPDATE item SET state = 'failed', error_code = 'fetch_failed' WHERE state = 'ready'"
            )
        )
    ada.post("/v1/admin/failures/fetch_failed/retry")
    assert [one["code"] for one in ada.get("/v1/admin/failures").json()] == ["media_corrupt"]


def test_people_are_seen_by_their_own_admin_and_all_of_them_by_an_operator(
    browse: Browse,
) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    assert [one["email"] for one in bo.get("/v1/admin/people").json()] == ["bo@example.org"]
    everybody = ada.get("/v1/admin/people?everywhere=true").json()
    assert [one["email"] for one in everybody] == ["ada@example.org", "bo@example.org"]
    assert everybody[1]["n_sessions"] == 1
    (found,) = ada.get("/v1/admin/people?everywhere=true&search=BO@").json()
    assert found["email"] == "bo@example.org"
    foreign = bo.get(f"/v1/admin/people/{everybody[0]['person_id']}/sessions")
    missing = bo.get("/v1/admin/people/999999/sessions")
    assert (foreign.status_code, foreign.json()["code"]) == (404, missing.json()["code"])


def test_an_admin_signs_somebody_out_of_the_account(browse: Browse, context: ApiContext) -> None:
    ada = browse("ada@example.org")
    token = context.members.invite("default", "eve@example.org", Role.READER)
    eve_id = context.people.sign_up("eve@example.org", PASSWORD, "", token)
    eve = browse("eve@example.org")
    assert len(ada.get(f"/v1/admin/people/{eve_id}/sessions").json()) == 1
    assert ada.delete(f"/v1/admin/people/{eve_id}/sessions").json() == {"n_sessions": 1}
    assert eve.get("/v1/me").status_code == 401


def test_an_operator_locks_somebody_out_and_lets_them_in_again_but_not_themselves(
    browse: Browse, visitor: TestClient
) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    people = {one["email"]: one for one in ada.get("/v1/admin/people?everywhere=true").json()}
    path = f"/v1/admin/people/{people['bo@example.org']['person_id']}/disabled"
    assert ada.put(path, json={"disabled": True}).status_code == 204
    assert bo.get("/v1/me").status_code == 401
    known = {"email": "bo@example.org", "password": PASSWORD}
    assert visitor.post("/v1/sessions", json=known).json()["code"] == "sign_in_wrong"
    ada.put(path, json={"disabled": False})
    assert visitor.post("/v1/sessions", json=known).status_code == 201
    own = f"/v1/admin/people/{people['ada@example.org']['person_id']}/disabled"
    assert ada.put(own, json={"disabled": True}).json()["code"] == "own_person"


def test_keys_and_accounts_are_listed_without_secrets(browse: Browse) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    made = bo.post("/v1/keys", json={"name": "newsroom"}).json()
    bo.post("/v1/jobs", json=JOB)
    assert ada.get("/v1/admin/keys").json() == []
    answer = ada.get("/v1/admin/keys?everywhere=true")
    assert [one["key_id"] for one in answer.json()] == [made["key_id"]]
    assert made["key"].split("_", 2)[2] not in answer.text
    accounts = {one["name"]: one for one in ada.get("/v1/admin/accounts").json()}
    assert accounts["bo@example.org"]["n_keys"] == 1
    assert bo.get("/v1/admin/accounts").status_code == 403


def test_the_audit_log_is_searched_within_the_account_and_checked_as_a_whole(
    browse: Browse, engine: Engine
) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    bo_account = bo.get("/v1/me").json()["account_id"]
    with transaction(engine) as connection:
        append_audit(
            connection,
            [
                AuditEntry("attempt_started", "default", 1, 1, {"worker": "a"}),
                AuditEntry("attempt_ended", "default", 1, 1, {"json_sha256": "f" * 64}),
                AuditEntry("attempt_started", bo_account, 2, 2),
            ],
        )
    assert [one["number"] for one in ada.get("/v1/admin/audit").json()["rows"]] == [2, 1]
    assert [one["number"] for one in bo.get("/v1/admin/audit?item_id=1").json()["rows"]] == []
    everywhere = ada.get("/v1/admin/audit?everywhere=true&event=attempt_started&most=1").json()
    assert ([one["number"] for one in everywhere["rows"]], everywhere["next"]) == ([3], 3)
    older = ada.get("/v1/admin/audit?everywhere=true&event=attempt_started&before=3").json()
    assert ([one["number"] for one in older["rows"]], older["next"]) == ([1], None)
    checked = ada.post("/v1/admin/audit/check").json()
    assert (checked["n_rows"], checked["breaks"]) == (3, [])
    with transaction(engine) as connection:
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        connection.execute(text("UPDATE audit SET item_id = 9 WHERE number = 2"))
    (broken,) = ada.post("/v1/admin/audit/check").json()["breaks"]
    assert broken["number"] == 2


def test_feedback_is_counted_by_verdict_and_words_stay_in_their_account(
    browse: Browse, engine: Engine
) -> None:
    ada, bo = browse("ada@example.org"), browse("bo@example.org")
    with transaction(engine) as connection:
        for client, item_id, opinion in ((ada, 1, "agree"), (ada, 2, "disagree"), (bo, 3, "agree")):
            me = client.get("/v1/me").json()
            connection.execute(
                text(
                    "INSERT INTO feedback (item_id, person_id, account_id, opinion, why, verdict)"
                    " VALUES (:item_id, :person_id, :account_id, :opinion, 'because', 'synthetic')"
                ),
                {**me, "item_id": item_id, "opinion": opinion},
            )
    own = ada.get("/v1/admin/feedback").json()
    assert {one["opinion"]: one["count"] for one in own["counts"]} == {"agree": 1, "disagree": 1}
    every = ada.get("/v1/admin/feedback?everywhere=true").json()
    assert {one["opinion"]: one["count"] for one in every["counts"]} == {"agree": 2, "disagree": 1}
    assert {one["email"] for one in every["newest"]} == {"ada@example.org"}


def test_models_show_their_cards_with_measured_errors(browse: Browse) -> None:
    models = browse("ada@example.org").get("/v1/admin/models").json()
    detector = next(one for one in models if one["role"] == "detector" and one["is_default"])
    assert detector["card"]["error_rates"]
    assert detector["card"]["limits"]
    assert len(detector["sha256"]) == 64


def test_settings_say_their_source_and_never_a_secret(context: ApiContext) -> None:
    environ = {
        "VERITY_REQUESTS_A_MINUTE": "77",
        "VERITY_DATABASE_URL": "postgresql://ada:hidden@db/verity",
        "VERITY_SMTP_URL": "smtps://ada:hidden@mail:465",
        "VERITY_MAIL_FROM": "verity@example.org",
        "VERITY_SECRET_KEY": "ab" * 32,
        "VERITY_NOT_KNOWN": "hidden",
    }
    whole = dataclasses.replace(context, environment=ConsoleSettings(environ))
    app: FastAPI = create_app(whole)
    context.people.sign_up("ada@example.org", PASSWORD)
    with TestClient(app) as client:
        known = {"email": "ada@example.org", "password": PASSWORD}
        client.post("/v1/sessions", json=known)
        answer = client.get("/v1/admin/settings")
    shown = {one["key"]: (one["value"], one["source"]) for one in answer.json()}
    assert shown["VERITY_REQUESTS_A_MINUTE"] == ("77", "environment")
    assert shown["VERITY_LEASE_S"] == ("15.0", "default")
    for key in ("VERITY_DATABASE_URL", "VERITY_SMTP_URL", "VERITY_SECRET_KEY", "VERITY_NOT_KNOWN"):
        assert shown[key] == ("set", "environment")
    assert shown["AWS_SECRET_ACCESS_KEY"] == ("unset", "default")
    assert "hidden" not in answer.text
    assert "abab" not in answer.text


def test_a_key_never_sees_the_installation(browse: Browse, visitor: TestClient) -> None:
    ada = browse("ada@example.org")
    key = ada.post("/v1/keys", json={"name": "k", "role": "admin"}).json()["key"]
    headers = {"authorization": f"Bearer {key}"}
    assert visitor.get("/v1/admin/people", headers=headers).status_code == 200
    for path in ("fleet", "settings", "accounts", "people?everywhere=true"):
        assert visitor.get(f"/v1/admin/{path}", headers=headers).status_code == 403
