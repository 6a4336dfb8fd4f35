"""One file at once: verdicts, wrong files, lies about length, links inside our network."""

import dataclasses
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.examining import open_examining
from console.people.roles import Role
from tests.integration.api.conftest import PASSWORD, Browse
from tests.makers import SAMPLE_RATE, genuine_speech, silence, synthetic_sample, wav_bytes
from tests.small_disk import small_disk

pytestmark = pytest.mark.postgres


@pytest.fixture
def analyst(browse: Browse) -> TestClient:
    return browse("ada@example.org")


def test_synthetic_and_genuine_speech_get_their_segments_and_words(analyst: TestClient) -> None:
    for samples in (synthetic_sample(), genuine_speech(duration_s=8.0)):
        answer = analyst.post("/v1/predict?name=talk.wav", content=wav_bytes(samples, SAMPLE_RATE))
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["title"] == "talk.wav"
        assert found["failure"] is None
        assert abs(found["verdict"]["llr"]) <= found["verdict"]["llr_limit"]
        assert len(found["segments"]) >= 6
        assert found["headline"]


def test_a_form_is_taken_like_the_file_itself_and_the_same_bytes_give_the_same_findings(
    analyst: TestClient,
) -> None:
    sound = wav_bytes(synthetic_sample(), SAMPLE_RATE)
    body = analyst.post("/v1/predict", content=sound).json()
    form = analyst.post("/v1/predict", files={"file": ("../../etc/x.wav", sound)}).json()
    assert form["findings_sha256"] == body["findings_sha256"]
    assert form["title"] == "../../etc/x.wav"


def test_silence_is_not_applicable_and_says_so_in_korean(analyst: TestClient) -> None:
    sound = wav_bytes(silence(), SAMPLE_RATE)
    found = analyst.post("/v1/predict?language=ko", content=sound).json()
    assert found["verdict"]["kind"] == "not_applicable"
    assert any("\uac00" <= sign <= "\ud7a3" for sign in found["headline"])


def test_what_is_no_recording_is_a_failure_with_words_and_no_error(analyst: TestClient) -> None:
    answer = analyst.post("/v1/predict", content=b"<html>not a recording</html>")
    assert answer.status_code == 200
    assert answer.json()["verdict"] is None
    assert answer.json()["failure"]["message"]


@pytest.mark.parametrize("how", ["body", "form"])
def test_an_empty_upload_is_refused(analyst: TestClient, how: str) -> None:
    answer = (
        analyst.post("/v1/predict", content=b"")
        if how == "body"
        else analyst.post("/v1/predict", files={"other": ("a", b"b")})
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "upload_empty")


def test_too_large_a_file_is_refused_by_what_it_says_and_by_what_it_sends(
    analyst: TestClient,
) -> None:
    most = 4 << 20
    said = analyst.post("/v1/predict", content=bytes(most + 1))
    assert (said.status_code, said.json()["code"]) == (413, "too_large")
    chunks = (bytes(1 << 20) for _ in range(6))  # no length is said
    sent = analyst.post("/v1/predict", content=chunks)
    assert (sent.status_code, sent.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:5432/",
        "http://[::1]/",
        "s3://bucket/key",
        "file:///etc/passwd",
        "/etc/passwd",
    ],
)
def test_a_link_never_leads_inside_our_network_or_to_our_own_store(
    analyst: TestClient, url: str
) -> None:
    answer = analyst.post("/v1/predict/link", json={"url": url})
    assert answer.status_code in {403, 422}, answer.text


def test_nothing_of_an_upload_stays_on_disk(analyst: TestClient, tmp_path: Path) -> None:
    analyst.post("/v1/predict", content=wav_bytes(silence(), SAMPLE_RATE))
    assert not list((tmp_path / "temp").rglob("upload*"))


def test_a_disk_that_is_full_is_a_service_that_is_away(context: ApiContext, tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "small", 64 << 10) as folder,
        open_examining(context.jobs_settings, folder) as examining,
    ):
        own = dataclasses.replace(context, examining=examining)
        own.people.sign_up("ada@example.org", PASSWORD)
        key = own.keys.make_key("default", "script", Role.ANALYST).key
        client = TestClient(create_app(own), raise_server_exceptions=False)
        client.headers["authorization"] = f"Bearer {key}"
        answer = client.post("/v1/predict", content=bytes(1 << 20))
        assert (answer.status_code, answer.json()["code"]) == (503, "disk_full")
        assert client.post("/v1/predict", content=b"small").status_code == 200, "nothing stays"
