"""Large files in many requests (tus 1.0.0): resumed, cut off where they lie, one account's alone."""

import base64
import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine, text

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.examining import open_examining
from console.api.receiving import PART_BYTES
from console.api.settings import ApiSettings
from console.people.desk import SignUp
from console.people.roles import Role
from jobs.settings import JobsSettings
from jobs.sources.access import FetchLimits
from storage.objects import ObjectStore, object_key, open_object_store
from storage.sealing import Sealer
from storage.settings import StorageSettings
from tests.integration.api.conftest import PASSWORD, Browse, serving
from tests.integration.api.upload_makers import BODY, TUS, TusSender

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]
MOST_BYTES = 16 << 20
HELD_BYTES = 40 << 20


def some_bytes(n_bytes: int, seed: int = 1) -> bytes:
    return np.random.default_rng(seed).bytes(n_bytes)


IN_BOTH_STORES = pytest.mark.parametrize(
    "store", ["folder", pytest.param("s3", marks=pytest.mark.s3)], indirect=True
)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if getattr(request, "param", "folder") == "folder":
        return open_object_store(StorageSettings.from_env({"VERITY_OBJECTS": f"{tmp_path}/o"}))
    server = request.getfixturevalue("s3_server")
    place = {"VERITY_OBJECTS": f"s3://{server.bucket}/objects"}
    return open_object_store(StorageSettings.from_env(server.environ | place))


@pytest.fixture
def context(engine: Engine, tmp_path: Path, store: ObjectStore) -> Iterator[ApiContext]:
    jobs = JobsSettings(
        sealer=Sealer(SecretStr("ab" * 32)), limits=FetchLimits(max_bytes=MOST_BYTES)
    )
    settings = ApiSettings(sign_up=SignUp.OPEN, uploads_bytes=HELD_BYTES)
    with open_examining(jobs, tmp_path / "temp") as examining:
        yield ApiContext(settings, engine, store, jobs, examining)


@pytest.fixture
def ada(browse: Browse) -> TusSender:
    return TusSender(browse("ada@example.org"))


def rows(engine: Engine, statement: str) -> list[tuple[object, ...]]:
    with engine.begin() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


@IN_BOTH_STORES
def test_a_file_is_sent_in_pieces_and_hashed_whole(ada: TusSender, context: ApiContext) -> None:
    data = some_bytes(2 * PART_BYTES + 12_345)
    place = ada.begin(len(data), "Interview 3.wav")
    for start, end in ((0, 1000), (1000, PART_BYTES + 5), (PART_BYTES + 5, len(data))):
        assert ada.offset(place) == start
        answer = ada.send(place, start, data[start:end])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end))
        assert "upload-expires" in answer.headers
    shown = ada.client.get(place).json()
    assert shown["is_whole"]
    assert shown["sha256"] == hashlib.sha256(data).hexdigest()
    assert shown["name"] == "Interview 3.wav"
    sizes = [size for (size,) in rows(context.engine, "SELECT size_bytes FROM upload_part")]
    assert max(map(int, map(str, sizes))) <= PART_BYTES


@IN_BOTH_STORES
def test_another_server_goes_on_where_one_stopped(ada: TusSender, context: ApiContext) -> None:
    data = some_bytes(PART_BYTES + 99)
    place = ada.begin(len(data))
    ada.send(place, 0, data[:50_000])
    other = ApiContext(
        context.settings, context.engine, context.objects, context.jobs_settings, context.examining
    )
    with TestClient(create_app(other)) as client:
        client.cookies.update(dict(ada.client.cookies))
        client.headers["x-csrf-token"] = ada.client.headers["x-csrf-token"]
        assert TusSender(client).send(place, 50_000, data[50_000:]).status_code == 204
    assert ada.client.get(place).json()["sha256"] == hashlib.sha256(data).hexdigest()


@IN_BOTH_STORES
def test_what_came_before_the_line_broke_is_kept(
    app: FastAPI, context: ApiContext, ada: TusSender
) -> None:
    data = some_bytes(300_000)
    place = ada.begin(len(data))
    cookie = "; ".join(f"{key}={value}" for key, value in ada.client.cookies.items())
    with serving(app) as url:
        parts = urlsplit(url)
        head = (
            f"PATCH {place} HTTP/1.1\r\nhost: {parts.netloc}\r\ncookie: {cookie}\r\n"
            f"x-csrf-token: {ada.client.headers['x-csrf-token']}\r\ntus-resumable: 1.0.0\r\n"
            "content-type: application/offset+octet-stream\r\nupload-offset: 0\r\n"
            f"content-length: {len(data)}\r\n\r\n"
        )
        with socket.create_connection((str(parts.hostname), int(parts.port or 0))) as line:
            line.sendall(head.encode() + data[:200_000])
            line.shutdown(socket.SHUT_WR)
            line.recv(1)  # the server has seen the end
        headers = {**ada.client.headers, "cookie": cookie}
        with httpx.Client(base_url=url, headers=headers, timeout=60) as again:
            sender = TusSender(again)
            until = time.monotonic() + 30.0
            while (offset := sender.offset(place)) == 0 and time.monotonic() < until:
                time.sleep(0.05)  # what came is put away after the line's end
            assert offset == 200_000
            assert sender.send(place, offset, data[offset:]).status_code == 204
            assert again.get(place).json()["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_body_that_says_more_than_fits_is_refused_unread(ada: TusSender) -> None:
    place = ada.begin(10)
    answer = ada.send(place, 0, b"x" * 11)
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_long")
    assert ada.offset(place) == 0


def test_a_body_that_turns_out_longer_is_cut_off_and_never_whole(
    ada: TusSender, context: ApiContext
) -> None:
    place = ada.begin(PART_BYTES + 1000)

    def chunks() -> Iterator[bytes]:
        for _ in range(6):
            yield some_bytes(1 << 20)

    headers = BODY | {"upload-offset": "0"}
    answer = ada.client.patch(place, headers=headers, content=chunks())  # chunked: says no length
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_long")
    shown = ada.client.get(place).json()
    assert not shown["is_whole"]
    assert shown["n_bytes"] <= PART_BYTES
    (held,) = rows(context.engine, "SELECT coalesce(sum(size_bytes), 0)::bigint FROM upload_part")
    assert held == (shown["n_bytes"],)


def test_a_body_that_is_shorter_than_the_file_leaves_it_unfinished(ada: TusSender) -> None:
    place = ada.begin(1000)
    assert ada.send(place, 0, b"x" * 999).status_code == 204
    upload_id = place.rsplit("/", 1)[-1]
    answer = ada.client.post("/v1/jobs", json={"sources": [f"upload:{upload_id}"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_unfinished")


def test_limits_hold_before_anything_is_sent(ada: TusSender) -> None:
    headers = TUS | {"upload-length": str(MOST_BYTES + 1)}
    answer = ada.client.post("/v1/uploads", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    ada.begin(MOST_BYTES)
    ada.begin(MOST_BYTES)
    headers = TUS | {"upload-length": str(MOST_BYTES)}
    answer = ada.client.post("/v1/uploads", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_room")


def test_bytes_for_another_place_are_refused(ada: TusSender) -> None:
    place = ada.begin(100)
    assert ada.send(place, 0, b"a" * 40).status_code == 204
    for offset in (0, 39, 41):
        answer = ada.send(place, offset, b"b" * 10)
        assert (answer.status_code, answer.json()["code"]) == (409, "upload_moved")
    assert ada.offset(place) == 40


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_a_part_that_was_damaged_on_the_way_is_dropped_whole(ada: TusSender, name: str) -> None:
    data = some_bytes(PART_BYTES + 777)
    place = ada.begin(len(data))
    said = base64.b64encode(hashlib.new(name, data).digest()).decode()
    damaged = data[:-1] + bytes([data[-1] ^ 1])
    answer = ada.send(place, 0, damaged, **{"upload-checksum": f"{name} {said}"})
    assert (answer.status_code, answer.json()["code"]) == (460, "upload_checksum")
    assert ada.offset(place) == 0
    assert ada.send(place, 0, data, **{"upload-checksum": f"{name} {said}"}).status_code == 204
    assert ada.client.get(place).json()["sha256"] == hashlib.sha256(data).hexdigest()


def test_the_protocol_is_said_and_asked_for(ada: TusSender) -> None:
    said = ada.client.options("/v1/uploads").headers
    assert said["tus-version"] == said["tus-resumable"] == "1.0.0"
    assert said["tus-max-size"] == str(MOST_BYTES)
    assert {"creation", "termination", "expiration", "checksum"} <= set(
        said["tus-extension"].split(",")
    )
    place = ada.begin(5)
    wrong = [
        (ada.client.post("/v1/uploads", headers={"upload-length": "5"}), 412),
        (ada.send(place, 0, b"x", **{"tus-resumable": "0.2.2"}), 412),
        (ada.send(place, 0, b"x", **{"content-type": "text/plain"}), 415),
        (ada.send(place, 0, b"x", **{"upload-offset": "-1"}), 400),
        (ada.send(place, 0, b"x", **{"upload-checksum": "crc32 AAAA"}), 400),
        (ada.client.post("/v1/uploads", headers=TUS | {"upload-length": "1e9"}), 400),
        (
            ada.client.post(
                "/v1/uploads",
                headers=TUS | {"upload-length": "1", "upload-metadata": "filename _!"},
            ),
            400,
        ),
    ]
    assert [(answer.status_code, answer.headers["tus-version"]) for answer, _ in wrong] == [
        (status, "1.0.0") for _, status in wrong
    ]


def test_a_method_that_cannot_be_sent_is_named_in_a_header(ada: TusSender) -> None:
    place = ada.begin(4)
    headers = BODY | {"upload-offset": "0", "x-http-method-override": "PATCH"}
    assert ada.client.post(place, headers=headers, content=b"four").status_code == 204
    assert ada.client.get(place).json()["is_whole"]
    headers = TUS | {"x-http-method-override": "DELETE"}
    assert ada.client.post(place, headers=headers).status_code == 204
    assert ada.client.get(place).status_code == 404


def test_an_upload_is_removed_unless_a_job_needs_it(ada: TusSender, context: ApiContext) -> None:
    source = ada.whole(b"some sound")
    place = "/v1/uploads/" + source.removeprefix("upload:")
    job = ada.client.post("/v1/jobs", json={"sources": [source]}).json()
    assert job["counts"] == {
        "total": 1, "done": 0, "failed": 0, "cancelled": 0, "running": 0, "waiting": 1, "listing": 0,
    }  # fmt: skip
    answer = ada.client.delete(place, headers=TUS)
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_in_use")
    ada.client.post(f"/v1/jobs/{job['job_id']}/cancel")
    with context.engine.begin() as connection:  # as the queue's folder does
        connection.execute(text("UPDATE job SET closed_at = clock_timestamp()"))
    assert ada.client.delete(place, headers=TUS).status_code == 204
    assert rows(context.engine, "SELECT * FROM upload_part") == []


@IN_BOTH_STORES
def test_the_same_bytes_lie_there_once(ada: TusSender, context: ApiContext) -> None:
    first, second = (ada.whole(b"the same sound", f"{n}.wav") for n in range(2))
    assert first != second
    key = object_key("default", hashlib.sha256(b"the same sound").hexdigest())
    assert list(context.objects.list_keys()) == [key]


def test_another_accounts_upload_answers_as_a_missing_one(
    ada: TusSender, browse: Browse, visitor: TestClient
) -> None:
    place = ada.begin(10, "secret.wav")
    bo = TusSender(browse("bo@example.org"))
    missing = "/v1/uploads/" + "0" * 32

    def asked(sender: TusSender, at: str) -> list[tuple[int, str]]:
        client = sender.client
        source = "upload:" + at.rsplit("/", 1)[-1]
        answers = (
            client.head(at, headers=TUS),
            client.get(at),
            sender.send(at, 0, b"x"),
            client.delete(at, headers=TUS),
            client.post(at, headers=TUS | {"x-http-method-override": "DELETE"}),
            client.post("/v1/jobs", json={"sources": [source]}),
        )
        return [(answer.status_code, answer.text.replace(at[12:], "")) for answer in answers]

    foreign = asked(bo, place)
    assert [status for status, _ in foreign] == [404] * 6
    assert foreign == asked(bo, missing)
    assert bo.client.get("/v1/uploads").json()["uploads"] == []
    assert ada.offset(place) == 0
    assert visitor.get(place).status_code == 401


def test_an_upload_is_no_source_of_a_sweep(ada: TusSender) -> None:
    body = {"cron": "@daily", "sources": [ada.whole(b"some sound")]}
    answer = ada.client.post("/v1/sweeps", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "upload_misplaced")


def test_a_program_sends_by_its_key_and_pages_through_its_uploads(
    context: ApiContext, app: FastAPI
) -> None:
    context.people.sign_up("ada@example.org", PASSWORD)
    key = context.keys.make_key("default", "script", Role.ANALYST).key
    with TestClient(app, headers={"authorization": f"Bearer {key}"}) as client:
        sender = TusSender(client)
        sources = [sender.whole(f"sound {n}".encode(), f"{n}.wav") for n in range(3)]
        first = client.get("/v1/uploads?most=2").json()
        second = client.get(f"/v1/uploads?most=2&before={first['next']}").json()
    listed = [one["source"] for one in first["uploads"] + second["uploads"]]
    assert listed == sources[::-1]
    (held,) = rows(context.engine, "SELECT count(DISTINCT key_id) FROM upload")
    assert held == (1,)
