"""Hearing an item: exact to the second, in ranges, by whose account keeps it and nobody else."""

import hashlib
import io
import wave

import numpy as np
import pytest
from fastapi.testclient import TestClient

from console.api.context import ApiContext
from jobs.retention import delete_item
from storage.objects import object_key
from tests.integration.items.conftest import account_of, hearable
from tests.integration.items.item_maker import finished_item, minute_of_sound
from tests.makers import SAMPLE_RATE, silence, tone, wav_bytes
from tests.unit.reports.report_maker import steady_report

pytestmark = pytest.mark.postgres


def test_a_kept_medium_is_heard_and_read_in_ranges(ada: TestClient, context: ApiContext) -> None:
    medium = minute_of_sound(11)
    claim = finished_item(context, "default", medium=medium)
    at = f"/v1/items/{claim.item_id}"
    said = hearable(ada, claim.item_id)
    assert (said["source"], said["is_ready"], said["duration_s"]) == ("media", True, 60.0)

    whole = ada.get(f"{at}/media")
    assert (whole.status_code, whole.content) == (200, medium)
    assert whole.headers["accept-ranges"] == "bytes"
    part = ada.get(f"{at}/media", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, medium[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(medium)}"
    tail = ada.get(f"{at}/media", headers={"range": "bytes=-10"})
    assert tail.content == medium[-10:]
    beyond = ada.get(f"{at}/media", headers={"range": f"bytes={len(medium)}-"})
    assert (beyond.status_code, beyond.content) == (416, b"")
    odd = ada.get(f"{at}/media", headers={"range": "bytes=0-1,5-6"})
    assert (odd.status_code, len(odd.content)) == (200, len(medium))

    heard = ada.get(f"{at}/sound.wav", headers={"range": "bytes=0-"})
    assert heard.status_code == 206
    with wave.open(io.BytesIO(heard.content)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getnframes()) == (
            SAMPLE_RATE,
            1,
            60 * SAMPLE_RATE,
        )
    deeds = [(one["what"], one["target"]) for one in ada.get("/v1/access").json()["deeds"]]
    # one a hearing, not one a range
    assert deeds.count(("media.hear", f"item:{claim.item_id}")) == 1


def test_a_second_that_is_heard_is_the_second_of_the_report(
    ada: TestClient, context: ApiContext
) -> None:
    samples = np.concatenate([silence(20), tone(440, 1.0, 0.5), silence(39)])
    claim = finished_item(context, "default", medium=wav_bytes(samples, SAMPLE_RATE))
    hearable(ada, claim.item_id)
    wav = ada.get(f"/v1/items/{claim.item_id}/sound.wav").content
    heard = np.frombuffer(wav[44:], "<i2")
    loud = np.flatnonzero(np.abs(heard) > 1_000) / SAMPLE_RATE
    assert loud[0] == pytest.approx(20.0, abs=0.01)
    assert loud[-1] == pytest.approx(21.0, abs=0.01)
    peaks = ada.get(f"/v1/items/{claim.item_id}/waveform?from_s=19&to_s=22&points=30").json()
    assert peaks["is_fine"]
    high = np.array(peaks["high"])
    assert (high[10:20] > 50).all()
    assert (high[:9] == 0).all()
    assert (np.array(peaks["low"])[10:20] < -50).all()


def test_pictures_are_finer_where_the_medium_is_kept(ada: TestClient, context: ApiContext) -> None:
    kept = finished_item(context, "default", medium=minute_of_sound(12))
    bare = finished_item(context, "default")
    hearable(ada, kept.item_id)
    for claim, shows in ((kept, "10.000"), (bare, "0.000")):
        picture = ada.get(f"/v1/items/{claim.item_id}/spectrogram.png?from_s=10&to_s=12")
        assert picture.content.startswith(b"\x89PNG")
        assert picture.headers["x-from-s"] == shows
    coarse = ada.get(f"/v1/items/{bare.item_id}/waveform?from_s=10&to_s=12").json()
    assert not coarse["is_fine"]
    assert 16 <= len(coarse["high"]) <= 18
    assert max(coarse["high"]) > 0


def test_clips_are_heard_where_the_medium_is_gone(ada: TestClient, context: ApiContext) -> None:
    claim = finished_item(context, "default", steady_report(-3.0))
    said = ada.get(f"/v1/items/{claim.item_id}/sound").json()
    assert said["source"] == "clips"
    assert not said["is_ready"]
    clip = said["clips"][0]
    sound = ada.get(f"/v1/items/{claim.item_id}/report.{clip['kind']}")
    assert sound.content.startswith(b"RIFF")
    assert ada.get(f"/v1/items/{claim.item_id}/sound.wav").json()["code"] == "media_not_kept"


def test_where_no_sound_is_there_the_reason_is_said(ada: TestClient, context: ApiContext) -> None:
    claim = finished_item(context, "default", medium=minute_of_sound(13))
    delete_item(context.engine, claim.item_id, "archivist", only_media=True)
    said = ada.get(f"/v1/items/{claim.item_id}/sound").json()
    assert (said["source"], said["why"]) == ("none", "deleted")
    bare = finished_item(context, "default")
    assert ada.get(f"/v1/items/{bare.item_id}/sound").json()["why"] == "not_kept"


def test_another_accounts_copy_of_the_same_bytes_is_never_heard(
    ada: TestClient, bo: TestClient, context: ApiContext
) -> None:
    medium = minute_of_sound(14)
    owner, other, account = ada, bo, account_of(bo)
    kept = finished_item(context, "default", medium=medium)
    same = finished_item(context, account, medium=medium)
    delete_item(context.engine, same.item_id, "archivist", only_media=True)
    assert owner.get(f"/v1/items/{kept.item_id}/media").status_code == 200
    assert other.get(f"/v1/items/{kept.item_id}/media").json()["code"] == "item_not_found"
    for path in ("media", "sound.wav"):
        answer = other.get(f"/v1/items/{same.item_id}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "media_not_kept")


def test_the_same_bytes_in_the_account_are_heard_by_any_of_its_items(
    ada: TestClient, context: ApiContext
) -> None:
    medium = minute_of_sound(15)
    first = finished_item(context, "default", medium=medium)
    second = finished_item(context, "default", medium=medium)
    delete_item(context.engine, first.item_id, "archivist", only_media=True)
    assert ada.get(f"/v1/items/{first.item_id}/media").content == medium
    delete_item(context.engine, second.item_id, "archivist", only_media=True)
    assert ada.get(f"/v1/items/{first.item_id}/media").status_code == 404


def test_a_medium_that_cannot_be_decoded_is_said_and_the_page_keeps_its_picture(
    ada: TestClient, context: ApiContext
) -> None:
    claim = finished_item(context, "default", medium=b"RIFF but no sound" * 100)
    answer = ada.get(f"/v1/items/{claim.item_id}/sound.wav")
    assert answer.status_code == 422
    assert ada.get(f"/v1/items/{claim.item_id}/waveform").json()["is_fine"] is False
    assert ada.get(f"/v1/items/{claim.item_id}/media").status_code == 200


def test_a_changed_object_is_not_played(ada: TestClient, context: ApiContext) -> None:
    medium = minute_of_sound(6)
    claim = finished_item(context, "default", medium=medium)
    key = object_key("default", hashlib.sha256(medium).hexdigest())
    context.objects.put(key, minute_of_sound(7), "x/y")
    assert ada.get(f"/v1/items/{claim.item_id}/sound.wav").json()["code"] == "object_corrupt"


def test_channels_that_the_report_does_not_know_are_not_heard(
    ada: TestClient, context: ApiContext
) -> None:
    claim = finished_item(context, "default", medium=minute_of_sound(16))
    for asked in ("track=1", "channel=2"):
        assert ada.get(f"/v1/items/{claim.item_id}/sound.wav?{asked}").status_code == 404
