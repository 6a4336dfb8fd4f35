"""Pages of an account: who is told, what may be used, how one is called, how a job or sweep is done."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.job_shelf import MOST_OF_ACCOUNT
from console.pages.app import create_pages
from console.pages.words import page_words
from jobs.notice_spec import NoticeState
from jobs.quota import QuotaDesk
from jobs.work_queue import WorkQueue
from reports.languages import words_of
from storage import notice_rows, worker_rows
from storage.database import transaction
from storage.model_store import known_detectors
from tests.integration.api.conftest import PASSWORD
from tests.integration.api.test_admin_pages import csrf
from tests.integration.jobs.queue_makers import make_job
from tests.worker_words import WORKER

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
WORDS = page_words("en")
HOOK = "https://desk.example/hook"
COOKIES = "# Netscape HTTP Cookie File\n.media.example\tTRUE\t/\tTRUE\t0\tsession\tsecret-word\n"


@pytest.fixture
def ada(context: ApiContext) -> Iterator[TestClient]:
    """Give a browser of the operator, on the pages."""
    with TestClient(create_app(context, create_pages(context))) as client:
        client.post("/sign-up", data={"email": "ada@example.org", "password": PASSWORD})
        client.headers["x-csrf-token"] = csrf(client)
        yield client


def shown(client: TestClient, path: str, language: str = "en") -> str:
    return html.unescape(client.get(path, headers={"accept-language": language}).text)


def dead_notice(engine: Engine) -> int:
    """Return a notice that was given up."""
    with transaction(engine) as connection:
        notice_rows.insert_notices(connection, "default", "item.synthetic", "item:7", {})
        (due,) = notice_rows.claim_notices(connection, 1, 60.0)
        notice_rows.end_try(connection, due, NoticeState.DEAD, "The receiver said 410.")
    return due.notice_id


def test_a_webhook_s_secret_is_shown_once_and_the_subscription_can_be_removed(
    ada: TestClient,
) -> None:
    assert WORDS["notices.none"] in shown(ada, "/notices")
    made = ada.post("/notices", data={"target": HOOK, "events": ["item.synthetic"]})
    assert "whsec_" in made.text
    listed = shown(ada, "/notices")
    assert HOOK in listed
    assert "whsec_" not in listed
    ada.post("/notices/subscriptions/1/remove")
    assert HOOK not in shown(ada, "/notices")


def test_a_form_that_cannot_be_used_says_why_and_keeps_what_was_typed(ada: TestClient) -> None:
    wrong = ada.post("/notices", data={"target": "nowhere", "events": ["job.done"]})
    assert 'value="nowhere"' in wrong.text
    assert 'role="alert"' in wrong.text
    none = ada.post("/notices", data={"target": HOOK})
    assert f'value="{HOOK}"' in none.text
    assert 'role="alert"' in none.text


def test_letters_without_a_mail_server_are_said_to_wait(ada: TestClient) -> None:
    ada.post("/notices", data={"target": "desk@example.org", "events": ["job.done"]})
    assert shown(ada, "/notices").count(WORDS["notices.no_mail"]) == 2


def test_what_was_given_up_is_seen_with_its_reason_and_sent_again(
    ada: TestClient, engine: Engine
) -> None:
    ada.post("/notices", data={"target": HOOK, "events": ["item.synthetic"]})
    notice_id = dead_notice(engine)
    page = shown(ada, "/notices?state=dead")
    assert "The receiver said 410." in page
    assert 'href="/items/7"' in page
    assert shown(ada, "/notices?state=sent").count("The receiver said 410.") == 0
    again = ada.post(f"/notices/{notice_id}/replay")
    assert WORDS["notices.again"].format(n=1) in html.unescape(again.text)
    assert ada.get("/v1/notices").json()[0]["state"] == "waiting"


def test_all_that_was_given_up_is_sent_again_at_once(ada: TestClient, engine: Engine) -> None:
    ada.post("/notices", data={"target": HOOK, "events": ["item.synthetic"]})
    dead_notice(engine)
    assert WORDS["notices.replay_dead"] in shown(ada, "/notices?state=dead")
    assert ada.post("/v1/notices/replay").json() == {"n_again": 1}
    assert ada.post("/v1/notices/replay").json() == {"n_again": 0}


def test_an_operator_sets_an_account_s_limits_in_hours_and_mebibytes(
    ada: TestClient, engine: Engine
) -> None:
    typed = {"items_a_day": "5000", "audio_s_a_month": "1,5", "stored_bytes": "100"}
    saved = ada.post("/admin/accounts/default", data=typed)
    assert WORDS["quota.saved"] in saved.text
    quota = QuotaDesk(engine).quota("default")
    assert (quota.items_a_day, quota.audio_s_a_month) == (5000, 5400.0)
    assert (quota.stored_bytes, quota.requests_a_day) == (100 << 20, None)
    assert re.search(r'name="audio_s_a_month"[^>]* value="1.5"', saved.text)
    ada.post("/admin/accounts/default", data={})
    assert QuotaDesk(engine).quota("default").items_a_day is None


def test_a_limit_that_is_none_is_named_and_nothing_is_saved(
    ada: TestClient, engine: Engine
) -> None:
    said = WORDS["quota.wrong"].format(what=WORDS["quota.items_a_day"])
    for typed in ("-1", "many", "1.5", "nan", "inf", "1e99"):
        limits = {"items_a_day": typed, "stored_bytes": "9"}
        wrong = ada.post("/admin/accounts/default", data=limits)
        assert wrong.status_code == 422
        assert said in html.unescape(wrong.text)
        assert f'value="{typed}"' in wrong.text
    assert QuotaDesk(engine).quota("default").stored_bytes is None


def test_a_key_s_limits_hold_for_the_key_alone(ada: TestClient, engine: Engine) -> None:
    key = ada.post("/v1/keys", json={"name": "Script", "role": "analyst"}).json()
    assert f'href="/keys/{key["key_id"]}"' in shown(ada, "/keys")
    saved = ada.post(f"/keys/{key['key_id']}", data={"items_a_day": "0"})
    assert WORDS["quota.saved"] in saved.text
    body = {"sources": ["https://media.example/talk.mp3"]}
    assert ada.post("/v1/jobs", json=body).status_code == 201
    with_key = {"authorization": f"Bearer {key['key']}"}
    ada.cookies.clear()
    refused = ada.post("/v1/jobs", json=body, headers=with_key)
    assert (refused.status_code, refused.json()["code"]) == (429, "quota_used_up")


def test_one_s_name_is_changed_by_page_and_api(ada: TestClient, context: ApiContext) -> None:
    saved = ada.post("/account/name", data={"name": "  Ada   Lovelace "})
    assert WORDS["account.renamed"] in saved.text
    assert 'value="Ada Lovelace"' in saved.text
    long = ada.post("/account/name", data={"name": "x" * 101})
    assert 'role="alert"' in long.text
    assert ada.put("/v1/me/name", json={"name": "Ada"}).status_code == 204
    assert [one.name for one in context.members.members("default")] == ["Ada"]


def test_a_sweep_s_form_says_all_that_a_job_s_does(ada: TestClient, engine: Engine) -> None:
    (detector, *_) = (one.sha256 for one in known_detectors(None))
    wishes = {
        "sources": "https://media.example/talk.mp3",
        "hop_s": "0.5",
        "open_archives": "true",
        "clips": "true",
        "explain": "true",
        "keep_media_days": "0",
        "cookies": COOKIES,
        "login": "first",
        "model": detector,
    }
    ada.post("/sweeps", data={**wishes, "cron": "@daily"})
    ada.post("/jobs/new", data=wishes)
    ada.post("/sweeps/1/run")
    sweep = shown(ada, "/sweeps/1")
    for key in ("submit.explain", "submit.clips", "submit.archives", "submit.cookies"):
        assert WORDS[key] in sweep
    told = ada.get("/v1/sweeps/1").json()
    assert (told["hop_s"], told["keep_media_days"], told["model"]) == (0.5, 0, detector)
    assert all(told[name] for name in ("clips", "explain", "open_archives", "has_cookies"))
    with engine.connect() as connection:
        jobs = connection.execute(text("SELECT * FROM job ORDER BY job_id")).all()
        facts = connection.scalars(text("SELECT facts->>'source_options' FROM item")).all()
    assert len(jobs) == 2
    for job, options in zip(jobs, facts, strict=True):
        assert (job.options["hop_s"], job.options["keep_clips"]) == (0.5, True)
        assert (job.options["explain"], job.keep_media_days) == (True, 0)
        assert job.detector == detector
        assert '"open_archives":true' in options
        assert '"login":"first"' in options
        assert "cookies_id" in options
        assert "secret-word" not in options
    body = {"cron": "@daily", "sources": [wishes["sources"]], "model": "nobody's"}
    named = ada.post("/v1/sweeps", json=body)
    assert (named.status_code, named.json()["code"]) == (422, "model_unknown")


def test_a_job_or_sweep_that_cannot_be_keeps_what_was_typed_and_says_why(ada: TestClient) -> None:
    typed = {
        "sources": "ftp://media.example/a",
        "name": "Evening",
        "cron": "0 7 * * *",
        "hop_s": "0.25",
        "clips": "true",
        "keep_media_days": "9",
        "cookies": COOKIES,
    }
    for path in ("/jobs/new", "/sweeps"):
        wrong = ada.post(path, data=typed)
        assert wrong.status_code == 422
        assert re.search(r'class="problem" role="alert"', wrong.text)
        for kept in ("ftp://media.example/a</textarea>", 'value="Evening"', 'value="9"'):
            assert kept in wrong.text
        assert re.search(r'value="0.25" selected', wrong.text)
        assert re.search(r'name="clips"[^>]* checked', wrong.text)
        assert "secret-word" not in wrong.text
        long = ada.post(path, data={**typed, "cookies": "", "keep_media_days": "99999"})
        said = WORDS["error.field"].partition("{why}")[0].format(field="keep_media_days")
        assert said in html.unescape(long.text)


def test_a_sweep_without_a_detector_is_written_as_before(ada: TestClient, engine: Engine) -> None:
    ada.post("/sweeps", data={"sources": "https://media.example/a.mp3", "cron": "@daily"})
    with engine.connect() as connection:
        assert "detector" not in connection.scalar(text("SELECT spec FROM sweep"))


def test_a_job_s_report_that_cannot_be_had_now_is_a_page_in_words(
    ada: TestClient, context: ApiContext, engine: Engine
) -> None:
    queue = WorkQueue(engine, may_listen=False)
    job_id = make_job(queue, 1).job_id
    queue.close()
    for _ in range(MOST_OF_ACCOUNT):
        context.job_shelf.take_turn("default")
    path = f"/jobs/{job_id}/report.pdf?language=ko"
    busy = ada.get(path, headers={"accept-language": "ko", "referer": f"{ada.base_url}/jobs/1"})
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "20")
    said = html.unescape(busy.text)
    assert page_words("ko")["error.again"] in said
    assert f'href="{path}"' in said
    assert 'href="/jobs/1"' in said
    assert page_words("ko")["site.sign_out"] in said
    assert ada.get(f"/v1/jobs/{job_id}/report.pdf").json()["code"] == "busy"


def test_a_job_says_what_it_waits_for_and_who_can_do_what(ada: TestClient, engine: Engine) -> None:
    queue = WorkQueue(engine, may_listen=False)
    job_id = make_job(queue, 1).job_id
    assert WORDS["waits.worker"] in shown(ada, f"/jobs/{job_id}")
    assert ada.get(f"/v1/jobs/{job_id}").json()["waiting"]["what"] == "worker"
    with transaction(engine) as connection:
        worker_rows.say_here(connection, WORKER)
    assert ada.get(f"/v1/jobs/{job_id}").json()["waiting"] is None
    with transaction(engine) as connection:
        connection.execute(text("UPDATE job SET detector = repeat('ab', 32)"))
    found = ada.get(f"/v1/jobs/{job_id}").json()["waiting"]
    assert (found["what"], found["detector"]) == ("detector", "ab" * 32)
    assert "VERITY_MODELS" in found["words"]
    assert WORDS["waits.detector"].format(name="abababababab") in shown(ada, f"/jobs/{job_id}")
    with transaction(engine) as connection:
        worker_rows.say_here(connection, replace(WORKER, lack="The cluster has no room."))
    assert ada.get(f"/v1/jobs/{job_id}").json()["waiting"]["what"] == "ready"
    with transaction(engine) as connection:
        worker_rows.say_here(connection, replace(WORKER, detectors=("ab" * 32,)))
    assert ada.get(f"/v1/jobs/{job_id}").json()["waiting"] is None
    with transaction(engine) as connection:
        connection.execute(text("UPDATE fleet_worker SET seen_at = seen_at - interval '1 minute'"))
    assert ada.get(f"/v1/jobs/{job_id}").json()["waiting"]["what"] == "worker"
    ada.post(f"/v1/jobs/{job_id}/pause")
    assert ada.get(f"/v1/jobs/{job_id}").json()["waiting"] is None
    queue.close()


def test_what_is_wrong_with_a_source_is_said_in_the_reader_s_language(ada: TestClient) -> None:
    body = {"sources": ["http://169.254.169.254/latest"], "language": "ko"}
    (problem,) = ada.post("/v1/jobs/estimate", json=body).json()["problems"]
    assert problem["meaning"] == words_of("ko").errors[problem["code"]]
