"""One job through the composed system, by its public faces only: the command `verity`."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from console.demo.local_site import FeedEntry, serve_site
from tests.conftest import S3Server
from tests.hostile import hostile_files as made
from tests.makers import encode, silence, synthetic_sample, wav_bytes, write_wav

VERITY = Path(sys.executable).with_name("verity")
COMMAND_TIMEOUT_S = 240
ODD_NAME = "=1+1 -y %03d\n🎙️.wav"
TITLE = 'Memo 🎙️ "x"\nline two <b>, =1+1'


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said and how it ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:  # noqa: ANN401 (JSON)
        """Return the one JSON document that was printed."""
        return json.loads(self.stdout)


Verity = Callable[..., Answer]


@pytest.fixture
def verity(var_folder: Path, s3_server: S3Server) -> Verity:
    """Return a function that runs `verity` with an installation of its own."""
    passed_on = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    environ = {**passed_on, "VERITY_VAR": str(var_folder), "OMP_NUM_THREADS": "1"}
    environ |= s3_server.environ

    def run(*arguments: str, extra: Mapping[str, str] | None = None) -> Answer:
        done = subprocess.run(
            [str(VERITY), *arguments],
            env={**environ, **(extra or {})},
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)

    return run


@pytest.mark.postgres
@pytest.mark.s3
@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_folder_a_prefix_and_a_playlist_end_in_reports(
    verity: Verity, s3_server: S3Server, tmp_path: Path
) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    write_wav(folder / "said.wav", synthetic_sample())
    write_wav(folder / "again.wav", synthetic_sample())
    made.truncated_m4a(folder)
    write_wav(folder / ODD_NAME, silence(2.0))
    _put(s3_server, "press/said.flac", encode(tmp_path / "a.flac", synthetic_sample()).read_bytes())
    _put(s3_server, "press/silence.wav", wav_bytes(silence(3.0)))
    _put(s3_server, "other/not-asked-for.wav", wav_bytes(silence(3.0)))
    entry = FeedEntry("memo.wav", TITLE, wav_bytes(synthetic_sample()))
    with serve_site("Feed", (entry,)) as site:
        allow = {"VERITY_FETCH_ALLOW": site.address}
        sources = (str(folder), f"s3://{s3_server.bucket}/press/", site.playlist_url)
        job_id = verity("submit", *sources, "--name", "e2e", "--json", extra=allow).json["job_id"]
        worked = verity("work", "--until-idle", extra=allow)
    assert worked.status == 0, worked.stderr  # a failed item is the job's, not the worker's
    shown = verity("show", job_id, "--json").json
    media = [item for item in shown["items"] if item["kind"] == "media"]
    items = {unquote(item["source_uri"]).rsplit("/", 1)[-1]: item for item in media}

    assert set(items) == {
        "said.wav", "again.wav", "cut.m4a", ODD_NAME, "said.flac", "silence.wav", "memo.wav",
    }  # fmt: skip
    assert [name for name, item in items.items() if item["state"] != "done"] == ["cut.m4a"]
    assert items["cut.m4a"]["error_code"] == "media_corrupt"
    assert items["silence.wav"]["verdict"] == "not_applicable"
    assert items["memo.wav"]["title"] == TITLE
    assert items["said.wav"]["llr"] == items["again.wav"]["llr"]
    assert shown["job"]["counts"]["failed"] == 1
    assert shown["job"]["counts"]["done"] == 6

    out = tmp_path / "reports"
    assert verity("reports", job_id, "--to", str(out)).status == 0
    pdfs = list(out.rglob("verity-*-*.pdf"))
    assert (out / f"verity-{job_id}.pdf").read_bytes().startswith(b"%PDF-")  # the job's own
    assert len(pdfs) == 7
    assert all(path.read_bytes().startswith(b"%PDF-") for path in pdfs)
    documents = [json.loads(path.read_text()) for path in out.rglob("verity-*-*.json")]
    assert TITLE in {document["item"]["title"] for document in documents}

    # the same bytes, the same findings: through the fleet, `scan` and `evaluate`
    by_fleet = {
        document["findings_sha256"]
        for document in documents
        if document["item"]["source_uri"].endswith(("said.wav", "again.wav"))
    }
    by_scan = verity("scan", str(folder / "said.wav"), "--json").json["findings_sha256"]
    by_evaluate = _evaluate(verity, folder / "said.wav", tmp_path)
    assert by_fleet == {by_scan} == {by_evaluate}


def _evaluate(verity: Verity, path: Path, folder: Path) -> str:
    manifest = folder / "manifest.csv"
    with manifest.open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label"), (str(path), "spoof")])
    out = folder / "evaluation"
    assert verity("evaluate", "--manifest", str(manifest), "--out", str(out)).status == 0
    with (out / "scores.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    return row["findings_sha256"]


def _put(server: S3Server, key: str, content: bytes) -> None:
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
    )
    client.put_object(Bucket=server.bucket, Key=key, Body=content)
