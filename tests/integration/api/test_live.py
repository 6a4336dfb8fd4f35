"""A recording that goes on is heard piece by piece; what it shows so far is provisional, and nothing is kept."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.integration.api.conftest import Browse
from tests.makers import SAMPLE_RATE, silence, synthetic_sample, wav_bytes

pytestmark = pytest.mark.postgres
PIECE_S, CONTEXT_S = 2, 2


@pytest.fixture
def analyst(browse: Browse) -> TestClient:
    return browse("ada@example.org")


def send(
    client: TestClient, sound: bytes, at: dict[str, float] | None = None, heard: str = "[]"
) -> Any:  # noqa: ANN401 (an httpx response)
    return client.post(
        "/v1/predict/live", params=at or {}, files={"file": ("p.wav", sound)}, data={"heard": heard}
    )


def test_a_recording_heard_in_pieces_shows_what_the_whole_of_it_does(analyst: TestClient) -> None:
    samples = synthetic_sample()[: 8 * SAMPLE_RATE]
    heard, n_cells = "[]", []
    for from_s in range(0, 8, PIECE_S):
        start_s = max(0, from_s - CONTEXT_S)
        piece = samples[start_s * SAMPLE_RATE : (from_s + PIECE_S) * SAMPLE_RATE]
        sound = wav_bytes(piece, SAMPLE_RATE)
        answer = send(analyst, sound, {"start_s": start_s, "from_s": from_s}, heard)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["provisional"] is True
        heard = json.dumps(found["heard"])
        n_cells.append(len(found["cells"]))
    whole = analyst.post("/v1/predict", content=wav_bytes(samples, SAMPLE_RATE)).json()
    assert n_cells == [2, 4, 6, 8]
    assert found["kind"] == whole["verdict"]["kind"]
    assert found["llr"] == pytest.approx(whole["verdict"]["llr"], abs=1.0)


def test_silence_so_far_has_no_number(analyst: TestClient) -> None:
    found = send(analyst, wav_bytes(silence(2.0), SAMPLE_RATE)).json()
    assert (found["kind"], found["llr"]) == ("not_applicable", None)


@pytest.mark.parametrize(
    ("sound", "heard"),
    [
        (b"no recording", "[]"),
        (wav_bytes(silence(30.0), SAMPLE_RATE), "[]"),  # longer than a piece may be
        (wav_bytes(silence(2.0), SAMPLE_RATE), "no json"),
        (wav_bytes(silence(2.0), SAMPLE_RATE), '[{"start_s": 1e99}]'),
    ],
)
def test_what_is_no_piece_is_refused_in_words(
    analyst: TestClient, sound: bytes, heard: str
) -> None:
    answer = send(analyst, sound, heard=heard)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]


def test_a_recording_is_written_down_once_and_its_sound_counted(
    analyst: TestClient,
) -> None:
    sound = wav_bytes(synthetic_sample()[: 2 * SAMPLE_RATE], SAMPLE_RATE)
    first = send(analyst, sound).json()
    send(analyst, sound, {"start_s": 2, "from_s": 2}, json.dumps(first["heard"]))
    seen = analyst.get("/v1/access").json()
    assert json.dumps(seen).count("predict.live") == 1
    days = analyst.get("/v1/usage").json()["days"]  # two, where one has just ended
    assert sum(day["n_items"] for day in days) == 0
    assert sum(day["audio_s"] for day in days) == pytest.approx(4.0, abs=0.1)
