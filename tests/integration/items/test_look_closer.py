"""Looking closer: a job of one item, from kept bytes or by the ways that the account has today."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import text

from console.api.context import ApiContext
from jobs.closer import KEPT_FACT
from jobs.retention import delete_item
from jobs.sources.access import SourceAccess
from jobs.spec import ItemClaim, ItemKind
from jobs.work_queue import WorkQueue
from pipeline.errors import SourceNotFoundError
from storage.settings import StorageSettings
from tests.integration.items.item_maker import finished_item, minute_of_sound
from tests.integration.jobs.queue_makers import claim_of
from tests.models import make_second_detector
from workers.course import Course
from workers.evidence_taker import EvidenceTaker
from workers.preparer import FetchedItem, fetch_item

pytestmark = pytest.mark.postgres


def submitted(context: ApiContext, client: TestClient, item_id: str) -> ItemClaim:
    """Look closer at an item and return the claim of the new job's one item."""
    answer = client.post(f"/v1/items/{item_id}/closer", json={"hop_s": 0.25})
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert (job["counts"]["total"], job["counts"]["listing"]) == (1, 0)
    queue = WorkQueue(context.engine)
    try:
        claim = claim_of(queue, job["job_id"])
    finally:
        queue.close()
    assert claim.kind is ItemKind.MEDIA
    return claim


def fetched(context: ApiContext, claim: ItemClaim, folder: Path) -> FetchedItem:
    """Fetch an item as a preparer does; what is not kept cannot be had: there is no way out here."""
    url = context.engine.url.render_as_string(hide_password=False)
    settings = StorageSettings(
        var_folder=folder,
        server_folder=folder / "postgres",
        objects=str(context.objects._folder),  # type: ignore[attr-defined]
        database_url=SecretStr(url),
    )
    (folder / "item").mkdir(parents=True)
    guard = context.jobs_settings.open_guard()
    with guard:
        access: SourceAccess = context.jobs_settings.source_access(guard, allow_local=False)
        taker = EvidenceTaker(folder, storage=settings)
        try:
            return fetch_item(claim, folder / "item", access, taker, Course())
        finally:
            taker.close()


def test_kept_bytes_are_analysed_again_with_segments_that_lie_closer(
    ada: TestClient, context: ApiContext, tmp_path: Path
) -> None:
    medium = minute_of_sound(31)
    first = finished_item(context, "default", medium=medium)
    claim = submitted(context, ada, first.item_id)
    assert claim.options.hop_s == 0.25
    assert not claim.may_reuse
    assert set(claim.facts) == {KEPT_FACT, "closer_of"}  # nothing of the way to its source
    found = fetched(context, claim, tmp_path)
    assert found.media.path.read_bytes() == medium
    assert found.custody.acquired_by == "yt-dlp 2026.10.26"  # who had them first
    assert found.custody.facts["taken_from"] == f"the kept copy of item {first.item_id}"


def test_bytes_that_are_deleted_meanwhile_are_not_had_elsewhere(
    ada: TestClient, context: ApiContext, tmp_path: Path
) -> None:
    first = finished_item(context, "default", medium=minute_of_sound(32))
    claim = submitted(context, ada, first.item_id)
    delete_item(context.engine, first.item_id, "archivist", only_media=True)
    with pytest.raises(SourceNotFoundError, match="not kept any more"):
        fetched(context, claim, tmp_path)


def test_kept_bytes_of_another_account_cannot_be_named(
    ada: TestClient, context: ApiContext, tmp_path: Path
) -> None:
    first = finished_item(context, "default", medium=minute_of_sound(33))
    claim = submitted(context, ada, first.item_id)
    with pytest.raises(SourceNotFoundError):
        fetched(context, replace(claim, account_id="other"), tmp_path)


def test_without_kept_bytes_the_source_is_asked_by_todays_rights(
    ada: TestClient, context: ApiContext
) -> None:
    claim = finished_item(context, "default")  # of s3://media, which nobody bound to the account
    answer = ada.post(f"/v1/items/{claim.item_id}/closer", json={"hop_s": 0.5})
    assert (answer.status_code, answer.json()["code"]) == (403, "no_connection")
    for uri, code in (("/etc/passwd", "media_not_kept"), ("https://example.org/a.mp3", "")):
        with context.engine.begin() as connection:
            connection.execute(
                text("UPDATE item SET source_uri = :uri WHERE item_id = :id"),
                {"uri": uri, "id": int(claim.item_id)},
            )
        answer = ada.post(f"/v1/items/{claim.item_id}/closer", json={"hop_s": 0.5})
        assert answer.json().get("code", "") == code
    assert answer.json()["sources"] == ["https://example.org/a.mp3"]


def test_a_closer_look_names_a_detector_that_the_server_has(
    ada: TestClient, context: ApiContext, models_folder: Path
) -> None:
    second = make_second_detector(models_folder / "second.onnx")
    (models_folder / "notes.onnx").write_bytes(b"no model")
    listed = ada.get("/v1/models").json()
    names = {one["name"]: one for one in listed if one["role"] == "detector"}
    assert names["tiny-second"]["sha256"] == second
    assert not names["tiny-second"]["is_shipped"]
    claim = finished_item(context, "default", medium=minute_of_sound(35))
    for named in ("tiny-second", second):
        answer = ada.post(f"/v1/items/{claim.item_id}/closer", json={"model": named})
        assert answer.status_code == 201, answer.text
        with context.engine.connect() as connection:
            row = connection.execute(
                text("SELECT detector, item_version FROM job WHERE job_id = :id"),
                {"id": int(answer.json()["job_id"])},
            ).one()
        assert tuple(row) == (second, 2)  # an older worker would not know what it means
    answer = ada.post(f"/v1/items/{claim.item_id}/closer", json={"model": "vocal_mask_v2"})
    assert (answer.status_code, answer.json()["code"]) == (422, "model_unknown")
    assert "tiny-second" in answer.json()["detail"]
    page = ada.get(f"/items/{claim.item_id}").text
    assert f'<option value="{second}">tiny-second</option>' in page
    token = ada.headers["x-csrf-token"]
    form = {"hop_s": "1.0", "model": second, "csrf": token}
    answer = ada.post(f"/items/{claim.item_id}/closer", data=form, follow_redirects=False)
    assert answer.status_code == 303


def test_analyses_of_the_same_bytes_name_each_other(
    ada: TestClient, bo: TestClient, context: ApiContext
) -> None:
    medium = minute_of_sound(34)
    first = finished_item(context, "default", medium=medium)
    second = finished_item(context, "default", medium=medium)
    found = ada.get(f"/v1/items/{first.item_id}/same-bytes").json()
    assert [(one["item_id"], one["hop_s"]) for one in found] == [(second.item_id, 1.0)]
    assert bo.get(f"/v1/items/{first.item_id}/same-bytes").status_code == 404


@pytest.mark.parametrize("hop_s", [0.1, 0, -1, 2, "nan"])
def test_a_hop_out_of_range_is_refused(
    ada: TestClient, context: ApiContext, hop_s: float | str
) -> None:
    claim = finished_item(context, "default")
    answer = ada.post(f"/v1/items/{claim.item_id}/closer", json={"hop_s": hop_s})
    assert answer.status_code == 422


def test_what_sounds_alike_comes_with_how_far_to_trust_it(
    ada: TestClient, bo: TestClient, context: ApiContext
) -> None:
    first = finished_item(context, "default")
    finished_item(context, "default")
    found = ada.get(f"/v1/items/{first.item_id}/like").json()
    assert found["hits"]
    assert "no evidence" in found["trust"]
    assert bo.get(f"/v1/items/{first.item_id}/like").status_code == 404
    assert "no evidence" in ada.get(f"/items/{first.item_id}/like").text


def test_the_form_of_a_job_says_how_its_media_are_kept(
    ada: TestClient, context: ApiContext
) -> None:
    token = ada.headers["x-csrf-token"]
    form = {"sources": "https://example.org/a.mp3", "csrf": token, "clips": "true"}
    for typed, kept in (("", None), ("0", 0), ("30", 30)):
        sent = {**form, "keep_media_days": typed}
        answer = ada.post("/jobs/new", data=sent, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        job_id = int(answer.headers["location"].rpartition("/")[2])
        with context.engine.connect() as connection:
            row = connection.execute(
                text("SELECT keep_media_days, options FROM job WHERE job_id = :id"), {"id": job_id}
            ).one()
        assert (row.keep_media_days, row.options["keep_clips"]) == (kept, True)
    assert 'name="open_archives"' in ada.get("/jobs/new").text
