"""What jobs and sweeps may say of how media are kept, heard and reached, and what of it who may say."""

import pytest
from sqlalchemy import Engine, text

from console.api.context import ApiContext
from tests.integration.api.conftest import Browse

pytestmark = pytest.mark.postgres
LINK = ["https://media.example/talk.mp3"]
COOKIES = "# Netscape HTTP Cookie File\n.media.example\tTRUE\t/\tTRUE\t0\tsession\tsecret-word\n"
WISHES = {
    "sources": LINK,
    "keep_media_days": 7,
    "clips": True,
    "open_archives": True,
    "hop_s": 0.5,
    "cookies": COOKIES,
    "login": "first",
}


def test_a_job_says_how_its_media_are_kept(browse: Browse, engine: Engine) -> None:
    ada = browse("ada@example.org")
    answer = ada.post("/v1/jobs", json=WISHES)
    assert answer.status_code == 201, answer.text
    with engine.connect() as connection:
        row = connection.execute(text("SELECT keep_media_days, options FROM job")).one()
        facts = connection.scalar(text("SELECT facts->>'source_options' FROM item"))
    assert row.keep_media_days == 7
    assert (row.options["keep_clips"], row.options["hop_s"]) == (True, 0.5)
    assert '"open_archives":true' in facts


def test_only_admins_have_media_kept_for_longer_than_the_setting(
    browse: Browse, context: ApiContext
) -> None:
    ada = browse("ada@example.org")
    most = context.settings.keep_media_most_days
    body = {"sources": LINK, "keep_media_days": most + 1}
    assert ada.post("/v1/jobs", json=body).status_code == 201
    key = ada.post("/v1/keys", json={"name": "script", "role": "analyst"}).json()["key"]
    ada.cookies.clear()
    ada.headers["authorization"] = f"Bearer {key}"
    sweep = {**body, "cron": "@daily"}
    for path, sent in (("/v1/jobs", body), ("/v1/sweeps", sweep)):
        refused = ada.post(path, json=sent)
        assert (refused.status_code, refused.json()["code"]) == (403, "right_missing")
        assert str(most) in refused.json()["detail"]
        allowed = ada.post(path, json={**sent, "keep_media_days": most})
        assert allowed.status_code == 201


@pytest.mark.parametrize("days", [-1, 36_501, 1.5, "soon"])
def test_days_that_are_none_are_refused(browse: Browse, days: object) -> None:
    body = {"sources": LINK, "keep_media_days": days}
    assert browse("ada@example.org").post("/v1/jobs", json=body).status_code == 422


def test_a_sweeps_cookies_go_along_with_each_run_and_end_with_it(
    browse: Browse, engine: Engine
) -> None:
    ada = browse("ada@example.org")
    made = [ada.post("/v1/sweeps", json={**WISHES, "cron": "@daily"}).json() for _ in range(2)]
    assert "secret-word" not in str(made)
    run = ada.post(f"/v1/sweeps/{made[0]['sweep_id']}/run").json()
    with engine.connect() as connection:
        (facts,) = connection.scalars(text("SELECT facts->>'source_options' FROM item"))
        kept = {
            row.secret_id: row for row in connection.execute(text("SELECT * FROM source_secret"))
        }
    assert len(kept) == 2
    assert all(b"secret-word" not in row.sealed and row.job_id is None for row in kept.values())
    (named,) = [row for secret_id, row in kept.items() if secret_id in facts]
    for one in made:
        assert ada.delete(f"/v1/sweeps/{one['sweep_id']}").status_code == 204
    with engine.connect() as connection:  # that of the run goes with its job, the other one at once
        (left,) = connection.execute(text("SELECT secret_id, job_id FROM source_secret"))
    assert (left.secret_id, left.job_id) == (named.secret_id, int(run["job_id"]))


def test_a_sweep_that_is_refused_keeps_no_cookies(browse: Browse, engine: Engine) -> None:
    ada = browse("ada@example.org")
    answer = ada.post("/v1/sweeps", json={**WISHES, "cron": "sometimes"})
    assert answer.status_code == 422
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM source_secret")) == 0


@pytest.mark.parametrize("form", [True, False])
def test_one_recording_at_once_is_no_archive(browse: Browse, form: bool) -> None:
    ada = browse("ada@example.org")
    if form:
        sent = {"file": ("talks.zip", b"PK", "application/zip")}
        answer = ada.post("/v1/predict", files=sent)
    else:
        answer = ada.post("/v1/predict?name=talks.zip", content=b"PK")
    assert (answer.status_code, answer.json()["code"]) == (422, "media_is_archive")
    assert "open_archives" in answer.json()["detail"]
